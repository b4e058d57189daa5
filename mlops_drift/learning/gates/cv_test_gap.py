"""The gate that the test metric must not be too good to be true."""

from math import hypot, isnan, nan

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult, RefitError
from mlops_drift.learning.gates.chance import chance_of_smaller, row_losses
from mlops_drift.learning.gates.pictures import Limit
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within, worsening
from mlops_drift.learning.metrics.registry import MetricName

# Chance may explain at most so much.
CHANCE = 0.005

# Stretches of time that the train split is cut into, fewer where one would be shorter than the test
# part.
STRETCHES = 4


class CvTestGap(Gate):
    """Passes where the test split is predicted not much better than rows in cross-validation.

    Cross-validated are the rows of the train split, each predicted by the version's recipe fitted
    without the row's fold. The value is how much better the metric is on the test split, in units
    of the metric. The gate fails where that is above ``max_surprise``, a share of the
    cross-validated value or points, and chance does not explain it: where by a Mann-Whitney test
    the test rows have smaller losses (``chance.row_losses``) than those of each quarter of the
    train split, in the order of time, with a one-sided p-value of at most .005. A test of ranks
    holds for errors of any distribution, and a time that is easier to predict than others is no
    surprise if there was one like it.

    Unknown where either is undefined.
    """

    name = "cv_test_gap"
    description = "The test metric is not much better than in cross-validation."

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares the test split with the cross-validated rows."""
        metric, n = candidate.metric, len(candidate.test)
        allowed = candidate.gates.allowance("max_surprise", metric)
        value, lower, upper = _within(
            candidate, candidate.truth, candidate.prediction, candidate.score
        )
        truth, prediction, score = _cross_validated(candidate)
        expected, low, high = _within(candidate, truth, prediction, score)
        limit = allowed.of(expected)
        if isnan(expected) or isnan(value):
            return self.unknown(
                n,
                f"{metric} of {n} test rows is {value:.4g} and in cross-validation "
                f"{'not known' if isnan(expected) else f'{expected:.4g}'}: the two cannot be "
                "compared.",
                f"Train a new version, or wait for {candidate.labels_wanted}.",
                threshold=limit,
            )
        better = worsening(metric, value, expected)
        chance = _chance(candidate, truth, prediction, score)
        fails = better > limit and chance <= CHANCE
        told = (
            f"{metric} is {value:.4g} (95 % interval {lower:.4g} to {upper:.4g}) on {n} test rows "
            f"and {expected:.4g} ({low:.4g} to {high:.4g}) on {len(truth)} rows in "
            "cross-validation"
        )
        finding = f"{told}; better by up to {allowed}, or what chance explains, is believed."
        advice = ""
        if fails:
            why, advice = _why(candidate, expected, limit)
            finding = (
                f"{told}: better by {allowed.text(better, expected)}, at most {allowed} is "
                f"believed, and chance does not explain it (p = {chance:.2g}). {why}"
            )
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            better,
            limit,
            n,
            finding,
            advice,
            numbers={
                "lower": lower,
                "upper": upper,
                "cross-validated": expected,
                "cross-validated, lower": low,
                "cross-validated, upper": high,
                "by chance": chance,
            },
            picture=Limit(
                f"{metric}: how much better on the test split than in cross-validation",
                better,
                limit,
                False,
                better - hypot(*_reach(metric, (value, lower, upper), (expected, low, high))),
                better + hypot(*_reach(metric, (expected, low, high), (value, lower, upper))),
            ),
        )


def _reach(
    metric: MetricName, one: tuple[float, float, float], other: tuple[float, float, float]
) -> tuple[float, float]:
    """How far the worse end of one interval and the better end of another are from their values."""
    (value, *ends), (reference, *others) = one, other
    return (
        max(worsening(metric, value, end) for end in ends),
        max(worsening(metric, end, reference) for end in others),
    )


def _why(candidate: Candidate, expected: float, limit: float) -> tuple[str, str]:
    """What the surprise means, by what a fit on the train split alone predicts, and what to do.

    Args:
        candidate: the challenger.
        expected: the cross-validated metric.
        limit: by how much better a test split is believed.
    """
    easier = (
        "Its recipe, fitted on the train split alone, is as good: these rows are easier to predict "
        "than any quarter of the train split, or a column knows more about them than it will in "
        "production.",
        "See when each column becomes known, and whether features are made alike for both parts; "
        "if the world has become easier to predict, raise gates.max_surprise.",
    )
    if candidate.refitted is None:
        return easier
    try:
        again = candidate.refitted()
    except RefitError:
        return (
            "The model may have seen the test rows, or these are easier to predict than any "
            "quarter of the train split.",
            "Train a new version.",
        )
    value = _metric(candidate, again)
    if worsening(candidate.metric, value, expected) > limit:
        return easier
    return (
        f"Its recipe, fitted on the train split alone, reaches {value:.4g}: the model has probably "
        "seen the test rows, and will do worse in production.",
        "Look how the pipeline was fitted, and on which rows. Then train a new version.",
    )


def _cross_validated(candidate: Candidate) -> tuple[Array, Array, Array]:
    """Truth, prediction and score of the rows that were predicted without their fold."""
    found = candidate.out_of_fold
    if found is None:
        return np.array([]), np.array([]), np.array([])
    truth = candidate.train[candidate.target.column].to_numpy()[found.index.to_numpy()]
    return truth, found["prediction"].to_numpy(), found["score"].to_numpy(dtype=float)


def _within(
    candidate: Candidate, truth: Array, prediction: Array, score: Array
) -> tuple[float, float, float]:
    if not len(truth):
        return nan, nan, nan
    return evaluate_within(
        candidate.metric, candidate.target, truth, prediction, score, seed=candidate.seed
    )


def _metric(candidate: Candidate, predicted: pd.DataFrame) -> float:
    return evaluate(
        candidate.metric,
        candidate.target,
        candidate.truth,
        predicted["prediction"].to_numpy(),
        predicted["score"].to_numpy(dtype=float),
    )


def _chance(candidate: Candidate, truth: Array, prediction: Array, score: Array) -> float:
    """The largest p-value of the quarters."""
    metric, target = candidate.metric, candidate.target
    ours = row_losses(metric, target, candidate.truth, candidate.prediction, candidate.score)
    theirs = row_losses(metric, target, truth, prediction, score)
    stretches = max(1, min(STRETCHES, len(theirs) // len(ours)))
    return max(chance_of_smaller(ours, part) for part in np.array_split(theirs, stretches))
