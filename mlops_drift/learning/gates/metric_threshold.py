"""The gate that a metric of the test split must reach its threshold."""

from collections.abc import Sequence
from math import isnan

from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult
from mlops_drift.learning.gates.pictures import Estimate
from mlops_drift.learning.metrics.evaluation import evaluate_within, worsening
from mlops_drift.learning.metrics.registry import MetricName, metric_named


class MetricThreshold(Gate):
    """Passes where the metric of the test split is on the better side of its limit, or on it.

    Unknown where the metric is undefined.
    """

    def __init__(self, metric: MetricName, limit: float) -> None:
        self.metric, self.limit = metric, limit
        self.greater = metric_named(metric).greater_is_better
        self.bound = f"{'at least' if self.greater else 'at most'} {limit:.4g}"
        self.name = f"test_{metric_named(metric).name}"
        self.description = f"The {metric} of the test split is {self.bound}."

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        return [cls(metric, limit) for metric, limit in model.gates.metrics.items()]

    def judge(self, candidate: Candidate) -> GateResult:
        n, metric, limit, target = len(candidate.test), self.metric, self.limit, candidate.target
        value, lower, upper = evaluate_within(
            metric, target, *candidate.tested, seed=candidate.seed
        )
        if isnan(value):
            more = (
                "see whether the positive class is ever predicted"
                if target.kind == "binary"
                else "raise training.test_share"
            )
            finding = f"Test {metric} is undefined on {n} rows; it must be {self.bound}."
            advice = f"Wait for {candidate.labels_wanted}, or {more}."
            return self.unknown(n, finding, advice, threshold=limit)
        finding = (
            f"Test {metric} is {value:.4g} (95 % interval {lower:.4g} to {upper:.4g}) on {n} rows; "
            f"it must be {self.bound}."
        )
        advice = "Add more or fresher labelled rows, better features, or more trials."
        return self.result(
            worsening(metric, limit, value) > 0,
            (value, limit, n),
            (finding, advice),
            direction=">=" if self.greater else "<=",
            numbers={"lower": lower, "upper": upper},
            picture=Estimate(f"test {metric}", value, limit, self.greater, lower, upper),
        )
