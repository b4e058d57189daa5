"""Champion and challenger on the same events, while the challenger waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.differences import difference_within
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.intervals import RESAMPLES
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.monitors.measured import CONFIDENCE
from mlops_drift.schema.columns import Target
from mlops_drift.store.records import WindowComparison

# The window that begins with the wait.
SINCE_WAIT = 0


@dataclass(frozen=True)
class DayComparison:
    """The metric of both versions on one production day, over its labelled events."""

    day: date
    champion: float
    challenger: float
    n: int


def window_name(window: int, production_day: date) -> str:
    """The name of a window in tables.

    >>> window_name(SINCE_WAIT, date(2024, 10, 9)), window_name(7, date(2024, 10, 9))
    ('since the wait began', '7 days to 2024-10-09')
    """
    if window == SINCE_WAIT:
        return "since the wait began"
    return f"{window} {'day' if window == 1 else 'days'} to {production_day}"


def compare_windows(
    metric: MetricName, target: Target, paired: pd.DataFrame, windows: Sequence[int], seed: int
) -> list[WindowComparison]:
    """Compares two versions since the wait began, and over trailing windows.

    The windows end on the last production day that has a label; while there is none, on the last
    that was scored. Longer windows that hold no more days than a shorter one are left out.

    The events that both scored since the wait began have day, label (missing where it is not
    known), champion_prediction, champion_score, challenger_prediction and challenger_score; the
    windows are lengths in production days, ascending. Without an event, there is no comparison.

    >>> target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
    >>> paired = pd.DataFrame({
    ...     "day": pd.to_datetime(["2024-10-01", "2024-10-01", "2024-10-02"]),
    ...     "label": ["yes", "no", None],
    ...     "champion_prediction": ["yes", "yes", "no"], "champion_score": [0.9, 0.8, 0.3],
    ...     "challenger_prediction": ["yes", "no", "yes"], "challenger_score": [0.9, 0.2, 0.7],
    ... })
    >>> whole, last = compare_windows("accuracy", target, paired, [1], seed=7)
    >>> (whole.scored, whole.n, whole.difference, round(whole.disagreement, 2))
    (3, 2, 0.5, 0.67)
    >>> (last.scored, last.n, last.disagreement)
    (2, 2, 0.5)
    """
    if paired.empty:
        return []
    found = [_compare(metric, target, paired, SINCE_WAIT, paired["day"].max(), seed)]
    known = paired[paired["label"].notna()]
    end = (paired if known.empty else known)["day"].max()
    available = 0
    for length in windows:
        part = paired[paired["day"].between(end - timedelta(days=length - 1), end)]
        distinct = part["day"].nunique()
        if distinct > available:
            available = distinct
            found.append(_compare(metric, target, part, length, end, seed))
    return found


def compare_days(metric: MetricName, target: Target, paired: pd.DataFrame) -> list[DayComparison]:
    """The metric of both versions on each production day that has labels, in their order."""
    known = paired[paired["label"].notna()]
    return [
        DayComparison(rows["day"].iloc[0].date(), *_values(metric, target, rows), len(rows))
        for _, rows in known.groupby("day")
    ]


def _compare(
    metric: MetricName,
    target: Target,
    paired: pd.DataFrame,
    window: int,
    end: pd.Timestamp,
    seed: int,
) -> WindowComparison:
    known = paired[paired["label"].notna()]
    champion, challenger = _values(metric, target, known)
    models = _answers(known)[::-1]
    difference = difference_within(
        metric, target, known["label"].to_numpy(), models, resamples=RESAMPLES, seed=seed
    )
    lower, upper = difference.interval(CONFIDENCE)
    (prediction, score), (other_prediction, other_score) = _answers(paired)
    return WindowComparison(
        window=window,
        production_day=end.date(),
        scored=len(paired),
        n=len(known),
        metric=metric,
        champion_value=champion,
        challenger_value=challenger,
        difference=difference.value,
        lower=lower,
        upper=upper,
        disagreement=float(np.mean(prediction != other_prediction)),
        champion_score=float(np.mean(score)),
        challenger_score=float(np.mean(other_score)),
    )


def _answers(paired: pd.DataFrame) -> list[tuple[Array, Array]]:
    """Predictions and scores of the champion, then of the challenger."""
    return [
        (paired[f"{name}_prediction"].to_numpy(), paired[f"{name}_score"].to_numpy())
        for name in ("champion", "challenger")
    ]


def _values(metric: MetricName, target: Target, known: pd.DataFrame) -> tuple[float, float]:
    truth = known["label"].to_numpy()
    champion, challenger = (evaluate(metric, target, truth, *one) for one in _answers(known))
    return champion, challenger
