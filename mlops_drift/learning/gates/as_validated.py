"""The gate that the test metric must not be too good to be true."""

from math import isnan, nan

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Limit
from mlops_drift.learning.metrics import METRICS, evaluate_within, worsening


class AsValidated(Gate):
    """Passes where the test part is predicted not much better than rows in cross-validation.

    The value is how much better the metric is on the test part than over the out-of-fold
    predictions of the search, in units of the metric. The gate fails where that is above
    ``max_surprise``, a share of the cross-validated value or points, and the worse end of the test
    metric's 95 % interval is still better than in cross-validation.

    Unknown where either is undefined.
    """

    name = "test_as_validated"
    description = "The test metric is not much better than in cross-validation."

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares the test metric with the cross-validated one."""
        metric, n = candidate.metric, len(candidate.test)
        allowed = candidate.gates.allowance("max_surprise", metric)
        value, lower, upper = evaluate_within(
            metric,
            candidate.target,
            candidate.truth,
            candidate.prediction,
            candidate.score,
            seed=candidate.seed,
        )
        expected = candidate.validated
        limit = allowed.of(nan if expected is None else expected)
        if expected is None or isnan(expected) or isnan(value):
            return self.unknown(
                n,
                f"{metric} of {n} test rows is {value:.4g} and in cross-validation "
                f"{'not known' if expected is None else f'{expected:.4g}'}: the two cannot be "
                "compared.",
                "Train a new version, or wait for labels of every class.",
                threshold=limit,
            )
        better, *ends = (worsening(metric, number, expected) for number in (value, lower, upper))
        greater = METRICS[metric].greater_is_better
        beyond_chance = lower > expected if greater else upper < expected
        fails = better > limit and beyond_chance
        told = (
            f"{metric} is {value:.4g} (95 % interval {lower:.4g} to {upper:.4g}) on {n} test rows "
            f"and {expected:.4g} in cross-validation"
        )
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            better,
            limit,
            n,
            f"{told}: better by {allowed.told(better, expected)}, at most {allowed} is believed. "
            "The model has probably seen the test rows, and will do worse in production."
            if fails
            else f"{told}; better by up to {allowed}, or what chance explains, is believed.",
            "See what trained_on_train_part says, and whether a column knows the future of the "
            "train part; if the world has become easier to predict, raise gates.max_surprise."
            if fails
            else "",
            numbers={"lower": lower, "upper": upper, "cross-validated": expected},
            picture=Limit(
                f"{metric}: how much better on the test part than in cross-validation",
                better,
                limit,
                False,
                min(ends),
                max(ends),
            ),
        )
