"""The gate that not too many of the positive class may be missed."""

from collections.abc import Sequence

import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult
from mlops_drift.learning.gates.pictures import Confusion
from mlops_drift.learning.metrics.base import wilson


class FalseNegativeRate(Gate):
    """Passes where the share of positive test rows that are predicted negative is small enough.

    Unknown without a positive row.
    """

    name = "false_negative_rate"

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.description = f"At most {limit:.4g} of the positive test rows are missed."

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        limit = model.gates.max_false_negative_rate
        return [] if limit is None else [cls(limit)]

    def judge(self, candidate: Candidate) -> GateResult:
        positive, limit = candidate.target.positive, self.limit
        truth, prediction, _ = candidate.tested
        n = int((truth == positive).sum())
        if n == 0:
            finding = f"None of {len(truth)} test rows is {positive!r}."
            advice = "Wait for labels of that class, or raise training.test_share."
            return self.unknown(0, finding, advice, threshold=limit)
        missed = int(((truth == positive) & (prediction != positive)).sum())
        rate = missed / n
        lower, upper = wilson(rate, n, 0.95)
        finding = (
            f"{missed} of {n} test rows that are {positive!r} are missed: a rate of {rate:.4g}, "
            f"at most {limit:.4g} is accepted."
        )
        advice = (
            "Search by a metric that counts misses (recall, f1, auc), or add rows of that class."
        )
        classes = candidate.target.classes or []
        counts = pd.crosstab(truth, prediction).reindex(classes, columns=classes, fill_value=0)
        return self.result(
            rate > limit,
            (rate, limit, n),
            (finding, advice),
            numbers={"lower": lower, "upper": upper, "missed": float(missed)},
            picture=Confusion(classes, counts.to_numpy().tolist()),
        )
