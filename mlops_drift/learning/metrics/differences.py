"""How much the metrics of two models differ on the same rows, and what of that is chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import NormalDist
from typing import Literal

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.encoding import encode
from mlops_drift.learning.metrics.intervals import RESAMPLED_ROWS, standard_error
from mlops_drift.learning.metrics.registry import metric_for
from mlops_drift.learning.metrics.resamples import resampled_values
from mlops_drift.schema.columns import Target

# Differences of a picture, where none are resampled.
_SHOWN = 1000

# Prediction and score of a model, each of shape (n,).
Answers = tuple[Array, Array]


@dataclass(frozen=True)
class Difference:
    """The difference of two metrics as chance spreads it: by resamples, or normally.

    Attributes:
        value: of all rows; nan where one of the metrics is undefined.
        drawn: of each resample in which both are defined; empty where none are made.
        error: the standard error, where no resamples are made, else nan.
    """

    value: float
    drawn: Array
    error: float = nan

    def quantile(self, share: float, method: Literal["linear", "lower"] = "linear") -> float:
        """What the difference is below with that probability; nan where that is not known.

        The method is how numpy finds it among the resamples. An infinite difference leaves no
        doubt.

        >>> round(Difference(0.5, np.array([]), error=0.1).quantile(0.975), 3)
        0.696
        """
        if not isfinite(self.value):
            return self.value
        if isfinite(self.error):
            return self.value + NormalDist().inv_cdf(share) * self.error
        return float(np.quantile(self.drawn, share, method=method)) if len(self.drawn) else nan

    def interval(self, confidence: float) -> tuple[float, float]:
        """The differences between which chance leaves so much."""
        return self.quantile((1 - confidence) / 2), self.quantile((1 + confidence) / 2)

    def shown(self) -> list[float]:
        """Differences that spread as chance does: the resamples, or evenly spaced quantiles."""
        if not isfinite(self.error):
            return list(map(float, self.drawn))
        return [self.quantile((place + 0.5) / _SHOWN) for place in range(_SHOWN)]


def difference_within(
    metric: str,
    target: Target,
    truth: Array,
    models: Sequence[Answers],
    *,
    resamples: int = 1000,
    seed: int,
) -> Difference:
    """The metric of the first of two models less that of the second, on the same rows.

    Of up to 2,000 rows, and for a metric that does not know the influence of a row, the rows are
    resampled, the same ones for both models. Of more rows the influence of a row on the difference
    is the difference of its influences, and what the rows have in common cancels out (for auc: E.
    R. DeLong et al., "Comparing the areas under two or more correlated ROC curves", 1988).

    >>> target = Target(column="y", kind="regression")
    >>> truth, right = np.zeros(2500), np.linspace(-1, 1, 2500)
    >>> found = difference_within("mae", target, truth, [(right + 3,) * 2, (right,) * 2], seed=1)
    >>> round(found.value, 3), [round(end, 2) for end in found.interval(0.95)]
    (2.5, [2.47, 2.53])
    """
    chosen = metric_for(metric, target.kind)
    encoded = [encode(target, truth, *one) for one in models]
    first, second = (chosen.compute(*one) if len(truth) else nan for one in encoded)
    value = first - second
    if not isfinite(value):
        return Difference(value, np.array([]))
    if len(truth) > RESAMPLED_ROWS:
        ours, theirs = (chosen.influence(*one) for one in encoded)
        if ours is not None and theirs is not None:
            return Difference(value, np.array([]), standard_error(ours - theirs))
    drawn, others = resampled_values(metric, target, truth, models, resamples=resamples, seed=seed)
    differences = drawn - others
    return Difference(value, differences[~np.isnan(differences)])


def worsening_within(
    metric: str, target: Target, truth: Array, before: Answers, after: Answers, *, seed: int
) -> Difference:
    """``difference_within`` as how much worse the metric is after than before."""
    greater = metric_for(metric, target.kind).greater_is_better
    models = [before, after] if greater else [after, before]
    return difference_within(metric, target, truth, models, seed=seed)
