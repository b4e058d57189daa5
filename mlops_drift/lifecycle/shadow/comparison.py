"""Champion and challenger on the same events, while the challenger waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from math import isfinite, nan, sqrt

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import RESAMPLES, evaluate, resampled_values
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.monitors.measured import CONFIDENCE
from mlops_drift.schema.columns import Target

# The window that begins with the wait.
SINCE_WAIT = 0

# Resampling more rows than these costs time, and narrows the interval no further.
MOST_ROWS = 2_000


@dataclass(frozen=True)
class Paired:
    """Events that both versions scored, in the order of their days; arrays of shape (n,).

    Attributes:
        day: day of the event, as an ordinal.
        labelled: whether its label is known.
        truth: the label; arbitrary where it is not known.
        champion: predicted classes or values of the champion.
        champion_score: scores of the champion.
        challenger: predicted classes or values of the challenger.
        challenger_score: scores of the challenger.
    """

    day: Array
    labelled: Array
    truth: Array
    champion: Array
    champion_score: Array
    challenger: Array
    challenger_score: Array

    def pick(self, rows: Array | slice) -> "Paired":
        """Some of the events."""
        return Paired(*(getattr(self, field.name)[rows] for field in fields(self)))

    def within(self, first: int, last: int) -> "Paired":
        """The events of some days."""
        start, end = np.searchsorted(self.day, [first, last + 1])
        return self.pick(slice(int(start), int(end)))

    @property
    def known(self) -> "Paired":
        """The events whose label is known."""
        return self.pick(self.labelled)

    @property
    def answers(self) -> list[tuple[Array, Array]]:
        """Predictions and scores of the champion, then of the challenger."""
        return [(self.champion, self.champion_score), (self.challenger, self.challenger_score)]


@dataclass(frozen=True, kw_only=True)
class WindowComparison:
    """Two versions over one window of events that both scored; nan where a number is undefined.

    Attributes:
        window: length in production days; 0 for all since the wait began.
        production_day: last day of the window.
        scored: events that both scored.
        n: those of them whose label is known; what the metric is of.
        metric: the metric that the model is trained for.
        champion_value: the metric of the champion.
        challenger_value: the metric of the challenger.
        difference: the challenger's less the champion's.
        lower: lower end of its 95 % interval, over resamples that are the same for both.
        upper: upper end.
        disagreement: share of the scored events whose predictions differ.
        champion_score: mean score of the champion over the scored events.
        challenger_score: mean score of the challenger over them.
    """

    window: int
    production_day: date
    scored: int
    n: int
    metric: MetricName
    champion_value: float
    challenger_value: float
    difference: float
    lower: float
    upper: float
    disagreement: float
    champion_score: float
    challenger_score: float


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
    metric: MetricName, target: Target, paired: Paired, windows: Sequence[int], seed: int
) -> list[WindowComparison]:
    """Compares two versions since the wait began, and over trailing windows.

    The windows end on the last production day that has a label; while there is none, on the last
    that was scored. Longer windows that hold no more days than a shorter one are left out.

    Args:
        metric: The metric that the model is trained for.
        target: What is predicted.
        paired: The events that both scored since the wait began.
        windows: Lengths in production days, ascending.
        seed: Of the resamples.

    Returns:
        The window since the wait began first; nothing without an event.

    >>> target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
    >>> truth, score = np.array(["yes", "no", ""]), np.array([0.9, 0.8, 0.7])
    >>> champion, challenger = np.array(["yes", "yes", "no"]), np.array(["yes", "no", "yes"])
    >>> labelled = np.array([True, True, False])
    >>> paired = Paired(np.array([1, 1, 2]), labelled, truth, champion, score, challenger, score)
    >>> whole, last = compare_windows("accuracy", target, paired, [1], seed=7)
    >>> (whole.scored, whole.n, whole.difference, round(whole.disagreement, 2))
    (3, 2, 0.5, 0.67)
    >>> (last.scored, last.n, last.disagreement)
    (2, 2, 0.5)
    """
    if not len(paired.day):
        return []
    found = [_compare(metric, target, paired, SINCE_WAIT, int(paired.day[-1]), seed)]
    known = paired.known.day
    end = int(known[-1] if len(known) else paired.day[-1])
    available = 0
    for length in windows:
        part = paired.within(end - length + 1, end)
        distinct = len(np.unique(part.day))
        if distinct > available:
            available = distinct
            found.append(_compare(metric, target, part, length, end, seed))
    return found


def compare_days(metric: MetricName, target: Target, paired: Paired) -> list[DayComparison]:
    """The metric of both versions on each production day that has labels, in their order."""
    known = paired.known
    return [
        DayComparison(date.fromordinal(day), *_values(metric, target, part), len(part.day))
        for day in np.unique(known.day).tolist()
        for part in [known.within(day, day)]
    ]


def _compare(
    metric: MetricName, target: Target, paired: Paired, window: int, end: int, seed: int
) -> WindowComparison:
    known = paired.known
    champion, challenger = _values(metric, target, known)
    lower, upper = _interval(metric, target, known, challenger - champion, seed)
    return WindowComparison(
        window=window,
        production_day=date.fromordinal(end),
        scored=len(paired.day),
        n=len(known.day),
        metric=metric,
        champion_value=champion,
        challenger_value=challenger,
        difference=challenger - champion,
        lower=lower,
        upper=upper,
        disagreement=float(np.mean(paired.champion != paired.challenger)),
        champion_score=float(np.mean(paired.champion_score)),
        challenger_score=float(np.mean(paired.challenger_score)),
    )


def _values(metric: MetricName, target: Target, known: Paired) -> tuple[float, float]:
    champion, challenger = (
        evaluate(metric, target, known.truth, *answers) for answers in known.answers
    )
    return champion, challenger


def _interval(
    metric: MetricName, target: Target, known: Paired, difference: float, seed: int
) -> tuple[float, float]:
    """Percentile bootstrap of the difference.

    Of more than `MOST_ROWS` so many are drawn and resampled; the spread of a mean falls with the
    root of the rows, which makes it that of all.
    """
    if not isfinite(difference):
        return nan, nan
    n, scale = len(known.day), 1.0
    if n > MOST_ROWS:
        drawn = np.random.default_rng(seed).choice(n, MOST_ROWS, replace=False)
        known, scale = known.pick(drawn), sqrt(MOST_ROWS / n)
    champion, challenger = resampled_values(
        metric, target, known.truth, known.answers, resamples=RESAMPLES, seed=seed
    )
    resampled = challenger - champion
    resampled = resampled[np.isfinite(resampled)]
    if not len(resampled):
        return nan, nan
    # Around the difference on the drawn rows, which is not quite that on all rows.
    before, after = _values(metric, target, known)
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(resampled, tails) - (after - before)
    return difference + scale * float(low), difference + scale * float(high)
