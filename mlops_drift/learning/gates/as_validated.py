"""The gate that the test metric must not be too good to be true."""

from math import isnan

import numpy as np

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Limit
from mlops_drift.learning.gates.units import comparable
from mlops_drift.learning.metrics import METRICS, evaluate_within


class AsValidated(Gate):
    """Passes where the test part is predicted not much better than rows in cross-validation.

    The value is how much better the metric is on the test part than over the out-of-fold
    predictions of the search, in the units of ``units.comparable``. The gate fails where that is
    above ``max_surprise`` and the worse end of the test metric's 95 % interval is still better
    than in cross-validation.

    Unknown where either is undefined.
    """

    name = "test_as_validated"
    description = "The test metric is not much better than in cross-validation."

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares the test metric with the cross-validated one."""
        metric, limit, n = candidate.metric, candidate.gates.max_surprise, len(candidate.test)
        value, lower, upper = evaluate_within(
            metric,
            candidate.target,
            candidate.truth,
            candidate.prediction,
            candidate.score,
            seed=candidate.seed,
        )
        expected = candidate.validated
        if expected is None or isnan(expected) or isnan(value):
            return self.unknown(
                n,
                f"{metric} of {n} test rows is {value:.4g} and in cross-validation "
                f"{'not known' if expected is None else f'{expected:.4g}'}: the two cannot be "
                "compared.",
                "Train a new version, or wait for labels of every class.",
                threshold=limit,
            )
        numbers = np.array([value, expected, lower, upper])
        test, validated, *ends = comparable(metric, candidate.target, candidate.truth, numbers)
        better = float(test - validated)
        if isnan(better):
            return self.unknown(
                n,
                f"All {n} test labels are the same: there is no scale to compare {metric} on.",
                "Wait for labels that differ, or raise training.test_share.",
                threshold=limit,
            )
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
            f"{told}: better by {better:.3g}, at most {limit:.3g} is believed. The model has "
            "probably seen the test rows, and will do worse in production."
            if fails
            else f"{told}; better by up to {limit:.3g}, or what chance explains, is believed.",
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
                float(min(ends) - validated),
                float(max(ends) - validated),
            ),
        )
