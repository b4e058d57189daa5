"""The gate that the test metric must not be too good to be true."""

from math import hypot, isnan

import numpy as np

from mlops_drift.learning.gates.base import (
    Candidate,
    Gate,
    GateResult,
    RefitError,
    Sentences,
    answers,
)
from mlops_drift.learning.gates.chance import CHANCE, chance_of_smaller, row_losses
from mlops_drift.learning.gates.pictures import Estimate
from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within, worsening
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.numbers import chance_of

# Stretches of time that the train split is cut into, fewer where one would be shorter than the test
# split.
STRETCHES = 4
# A metric with both ends of its interval.
Interval = tuple[float, float, float]


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
        metric, target, n = candidate.metric, candidate.target, len(candidate.test)
        allowed = candidate.gates.allowance("max_surprise", metric)
        parts = candidate.tested, candidate.validated
        ours, theirs = (
            evaluate_within(metric, target, *rows, seed=candidate.seed) for rows in parts
        )
        limit = allowed.of(theirs[0])
        finding = (
            f"{metric} is {_interval(ours)} on {n} test rows and {_interval(theirs)} on "
            f"{len(candidate.validated.truth)} rows in cross-validation"
        )
        if isnan(ours[0]) or isnan(theirs[0]):
            advice = f"Train a new version, or wait for {candidate.labels_wanted}."
            finding = f"{finding}: the two cannot be compared."
            return self.unknown(n, finding, advice, threshold=limit)
        better = worsening(metric, ours[0], theirs[0])
        losses, others = (row_losses(metric, target, *rows) for rows in parts)
        stretches = np.array_split(others, max(1, min(STRETCHES, len(others) // n)))
        chance = max(chance_of_smaller(losses, stretch) for stretch in stretches)
        fails, advice = better > limit and chance <= CHANCE, ""
        if fails:
            why, advice = _why(candidate, theirs[0], limit)
            finding = (
                f"{finding}: better by {allowed.text(better, theirs[0])}, at most {allowed} is "
                f"accepted, and it is significant ({chance_of('p', chance)}). {why}"
            )
        else:
            finding = f"{finding}; better by up to {allowed}, or not significantly, is accepted."
        return self.result(
            fails,
            (better, limit, n),
            (finding, advice),
            numbers={
                "lower": ours[1],
                "upper": ours[2],
                "cross-validated": theirs[0],
                "cross-validated, lower": theirs[1],
                "cross-validated, upper": theirs[2],
                "by chance": chance,
            },
            picture=Estimate(
                f"{metric}: how much better on the test split than in cross-validation",
                better,
                limit,
                at_least=False,
                lower=better - _reach(metric, ours, theirs),
                upper=better + _reach(metric, theirs, ours),
            ),
        )


def _interval(found: Interval) -> str:
    value, lower, upper = found
    return f"{value:.4g} (95 % interval {lower:.4g} to {upper:.4g})"


def _reach(metric: MetricName, one: Interval, other: Interval) -> float:
    """How far the worse end of one interval and the better end of another are from their values."""
    (value, *ends), (reference, *others) = one, other
    worse = max(worsening(metric, value, end) for end in ends)
    return hypot(worse, max(worsening(metric, end, reference) for end in others))


def _why(candidate: Candidate, expected: float, limit: float) -> Sentences:
    """The likely reason, by what a fit on the train split alone predicts, and what to do.

    Expected is the cross-validated metric; the limit is by how much a test split may be better.
    """
    easier = (
        "Its recipe, fitted on the train split alone, is as good: these rows are easier to predict "
        "than any quarter of the train split, or a column knows more about them than it will in "
        "production.",
        "See when each column becomes known, and whether features are made alike for both splits; "
        "if the world has become easier to predict, raise gates.max_surprise.",
    )
    if candidate.refitted is None:
        return easier
    try:
        again = answers(candidate.refitted())
    except RefitError:
        return (
            "The model may have seen the test rows, or these are easier to predict than any "
            "quarter of the train split.",
            "Train a new version.",
        )
    value = evaluate(candidate.metric, candidate.target, candidate.tested.truth, *again)
    if worsening(candidate.metric, value, expected) > limit:
        return easier
    return (
        f"Its recipe, fitted on the train split alone, reaches {value:.4g}: the model has probably "
        "seen the test rows.",
        "Look on which rows the pipeline was fitted. Then train a new version.",
    )
