"""The gate that not too many of the positive class may be missed."""

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Confusion
from mlops_drift.learning.metrics.wilson import wilson


class FalseNegativeRate(Gate):
    """Passes where the share of positive test rows that are predicted negative is small enough.

    Unknown without a positive row.

    Args:
        limit: largest acceptable share.
    """

    name = "false_negative_rate"

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.description = f"At most {limit:.4g} of the positive test rows are missed."

    def judge(self, candidate: Candidate) -> GateResult:
        """Judges the false-negative rate with its Wilson interval."""
        positive = candidate.target.positive
        truth, prediction = candidate.truth, candidate.prediction
        positives = truth == positive
        n = int(positives.sum())
        if n == 0:
            return self.unknown(
                0,
                f"None of {len(truth)} test rows is {positive!r}, so it is not known how many of "
                "these the challenger misses.",
                "Wait for labels of that class, or raise training.test_share.",
                threshold=self.limit,
            )
        missed = int((positives & (prediction != positive)).sum())
        rate = missed / n
        lower, upper = wilson(rate, n, 0.95)
        classes = candidate.target.classes or []
        counts = [
            [int(((truth == true) & (prediction == said)).sum()) for said in classes]
            for true in classes
        ]
        fails = rate > self.limit
        found = f"{missed} of {n} test rows that are {positive!r} are missed: a rate of {rate:.4g}"
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            rate,
            self.limit,
            n,
            f"{found}, at most {self.limit:.4g} is accepted. What the model is there to find would "
            "go by unseen."
            if fails
            else f"{found}, up to {self.limit:.4g} is accepted.",
            "Search by a metric that counts misses (recall, f1, auc), or give the model more rows "
            "of that class."
            if fails
            else "",
            numbers={"lower": lower, "upper": upper, "missed": float(missed)},
            picture=Confusion(classes, counts),
        )
