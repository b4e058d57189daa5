"""The gates between a challenger and production: what must hold before it is promoted."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from mlops_drift.learning.config import Gates, MetricName
from mlops_drift.learning.metrics import METRICS, Array, worsening
from mlops_drift.schema import Target, Verdict

MINIMUM_METRIC = "minimum_metric"
NOT_WORSE_THAN_CHAMPION = "not_worse_than_champion"
NO_KEY_OVERLAP = "no_key_overlap"
PREDICTIONS_VARY = "predictions_vary"

# A difference of two metrics that equals the tolerance on paper may exceed it by rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class GateResult:
    """What a gate found: the number, the limit, the rows behind it, and what to do.

    ``value`` is nan where nothing was measured.
    """

    name: str
    verdict: Verdict
    value: float
    threshold: float
    n: int
    summary: str


def minimum_metric(metric: MetricName, value: float, gates: Gates, n: int) -> GateResult:
    """Whether the test metric reaches ``gates.minimum``; for an error metric, stays under it.

    Unknown if the metric is undefined (nan).

    Args:
        metric: Name of the metric; its direction decides what reaching means.
        value: The challenger's value on the test part.
        gates: The limits.
        n: Rows of the test part.

    >>> minimum_metric("accuracy", 0.85, Gates(minimum=0.8), n=300).verdict
    'pass'
    """
    limit = gates.minimum
    bound = "at least" if METRICS[metric].greater_is_better else "at most"
    if isnan(value):
        return GateResult(
            MINIMUM_METRIC,
            "unknown",
            value,
            limit,
            n,
            f"Test {metric} is undefined on {n} rows, so it cannot be shown to be {bound} "
            f"{limit:.4g}. Look whether the test part has rows of every class.",
        )
    if worsening(metric, limit, value) > 0:
        return GateResult(
            MINIMUM_METRIC,
            "fail",
            value,
            limit,
            n,
            f"Test {metric} is {value:.4g} on {n} rows but must be {bound} {limit:.4g}: the "
            "challenger is not good enough to serve. Give it more or fresher labelled rows, better "
            "features or more trials.",
        )
    return GateResult(
        MINIMUM_METRIC,
        "pass",
        value,
        limit,
        n,
        f"Test {metric} is {value:.4g} on {n} rows and must be {bound} {limit:.4g}.",
    )


def not_worse_than_champion(
    metric: MetricName, challenger: float, champion: float | None, gates: Gates, n: int
) -> GateResult:
    """Whether the challenger is at most ``gates.tolerance`` worse than the champion.

    The result's value is how much worse the challenger is, negative if it is better.
    The first deployment passes. Unknown under ``gates.min_rows``, or if either is undefined (nan).

    Args:
        metric: Name of the metric; its direction decides what worse means.
        challenger: The challenger's value.
        champion: The champion's value on the same rows, None if there is no champion yet.
        gates: The limits.
        n: Rows that both were measured on, in the training part of neither.

    >>> not_worse_than_champion("accuracy", 0.85, 0.9, Gates(minimum=0.8), n=300).verdict
    'fail'
    """
    limit = gates.tolerance
    if champion is None:
        return GateResult(
            NOT_WORSE_THAN_CHAMPION,
            "pass",
            nan,
            limit,
            n,
            "This is the first deployment: there is no champion to compare with.",
        )
    worse = worsening(metric, champion, challenger)
    if n < gates.min_rows:
        return GateResult(
            NOT_WORSE_THAN_CHAMPION,
            "unknown",
            worse,
            limit,
            n,
            f"Only {n} rows are comparable, {gates.min_rows} are needed: a difference on so few is "
            "chance. Wait for more labels, or lower gates.min_rows.",
        )
    if isnan(worse):
        return GateResult(
            NOT_WORSE_THAN_CHAMPION,
            "unknown",
            worse,
            limit,
            n,
            f"{metric} is undefined on the {n} comparable rows (challenger {challenger:.4g}, "
            f"champion {champion:.4g}). Wait for labels of every class, or choose another metric.",
        )
    comparison = (
        f"On the same {n} rows the challenger's {metric} is {challenger:.4g} and the champion's "
        f"{champion:.4g}"
    )
    if worse > limit + _ROUNDING:
        return GateResult(
            NOT_WORSE_THAN_CHAMPION,
            "fail",
            worse,
            limit,
            n,
            f"{comparison}: worse by {worse:.4g}, accepted is {limit:.4g}. Promotion would make "
            "production worse; keep the champion and retrain with more or fresher labelled rows.",
        )
    return GateResult(
        NOT_WORSE_THAN_CHAMPION,
        "pass",
        worse,
        limit,
        n,
        f"{comparison}: a challenger worse by up to {limit:.4g} is accepted.",
    )


def no_key_overlap(train_keys: Iterable[Hashable], test_keys: Iterable[Hashable]) -> GateResult:
    """Whether no key is in both parts of the training set.

    The result's value is the number of shared keys, n the number of distinct test keys.
    Unknown if either part has no keys.

    >>> no_key_overlap(["a", "b"], ["b", "c"]).value
    1.0
    """
    train, test = set(train_keys), set(test_keys)
    shared = sorted(str(key) for key in train & test)
    if not train or not test:
        return GateResult(
            NO_KEY_OVERLAP,
            "unknown",
            nan,
            0.0,
            len(test),
            f"The train part has {len(train)} keys and the test part {len(test)}: without both "
            "there is nothing to compare. Look whether labels arrived for the training window.",
        )
    if shared:
        return GateResult(
            NO_KEY_OVERLAP,
            "fail",
            float(len(shared)),
            0.0,
            len(test),
            f"{len(shared)} of {len(test)} test keys are also in the train part (for example "
            f"{', '.join(shared[:3])}), none may be: the test metric would be flattered. Look for "
            "duplicate keys in events, then build the training set again.",
        )
    return GateResult(
        NO_KEY_OVERLAP,
        "pass",
        0.0,
        0.0,
        len(test),
        f"None of {len(test)} test keys is among the {len(train)} train keys.",
    )


def predictions_vary(target: Target, prediction: Array, score: Array) -> GateResult:
    """Whether the test predictions differ from row to row.

    The result's value is the share of the most frequent predicted class or of the most frequent
    score, whichever is larger; it must be below 1. For regression it is that of the most frequent
    predicted value. Unknown under two rows.

    Args:
        target: What is predicted.
        prediction: Predicted class names or numbers, shape (n,).
        score: Their scores, shape (n,).

    >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
    >>> predictions_vary(target, np.array(["no", "no"]), np.array([0.2, 0.3])).verdict
    'fail'
    """
    n = len(prediction)
    if n < 2:
        return GateResult(
            PREDICTIONS_VARY,
            "unknown",
            nan,
            1.0,
            n,
            f"{n} test predictions cannot show whether they vary; at least 2 are needed. Raise "
            "test_share or wait for more labels.",
        )
    value = max(_largest_share(prediction), _largest_share(score))
    noun = "class or score" if target.is_classification else "value"
    if value == 1:
        return GateResult(
            PREDICTIONS_VARY,
            "fail",
            value,
            1.0,
            n,
            f"All {n} test predictions have the same {noun}: the challenger ignores its features. "
            "Look at the classes and the features of the train part, or choose a metric that does "
            "not reward a constant answer.",
        )
    return GateResult(
        PREDICTIONS_VARY,
        "pass",
        value,
        1.0,
        n,
        f"The most frequent {noun} takes {value:.1%} of {n} test predictions and must stay below "
        "100%.",
    )


def _largest_share(values: Array) -> float:
    _, counts = np.unique(values, return_counts=True)
    return float(counts.max() / len(values))
