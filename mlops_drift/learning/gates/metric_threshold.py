"""The gate that a metric of the test split must reach its threshold."""

from math import isnan

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Limit
from mlops_drift.learning.metrics.evaluation import evaluate_within, worsening
from mlops_drift.learning.metrics.registry import MetricName, metric_named


class MetricThreshold(Gate):
    """Passes where the metric of the test split is on the better side of its limit, or on it.

    Unknown where the metric is undefined.

    Args:
        metric: name of the metric; its direction decides which side is better.
        limit: the worst acceptable value.
    """

    def __init__(self, metric: MetricName, limit: float) -> None:
        self.metric, self.limit = metric, limit
        self.greater = metric_named(metric).greater_is_better
        self.bound = f"{'at least' if self.greater else 'at most'} {limit:.4g}"
        self.name = f"test_{metric_named(metric).name}"
        self.description = f"The {metric} of the test split is {self.bound}."

    def judge(self, candidate: Candidate) -> GateResult:
        """Judges the metric with its 95 % interval."""
        n = len(candidate.test)
        value, lower, upper = evaluate_within(
            self.metric,
            candidate.target,
            candidate.truth,
            candidate.prediction,
            candidate.score,
            seed=candidate.seed,
        )
        if isnan(value):
            return self.unknown(
                n,
                f"Test {self.metric} is undefined on {n} rows, so it cannot be shown to be "
                f"{self.bound}.",
                f"Wait for {candidate.labels_wanted}"
                + (
                    ", and see whether the positive one is ever predicted."
                    if candidate.target.kind == "binary"
                    else ", or raise training.test_share."
                ),
                threshold=self.limit,
            )
        fails = worsening(self.metric, self.limit, value) > 0
        within = f"{value:.4g} (95 % interval {lower:.4g} to {upper:.4g}) on {n} rows"
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            value,
            self.limit,
            n,
            f"Test {self.metric} is {within} but must be {self.bound}: the challenger is not good "
            "enough to serve."
            if fails
            else f"Test {self.metric} is {within} and must be {self.bound}.",
            "Give it more or fresher labelled rows, better features or more trials."
            if fails
            else "",
            numbers={"lower": lower, "upper": upper},
            picture=Limit(f"test {self.metric}", value, self.limit, self.greater, lower, upper),
        )
