"""The gate that predictions must be worth more than the best answer without a model."""

import numpy as np

from mlops_drift.learning.business_value import business_value
from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Bars

_ADVICE = {
    "binary": "Look at the worth of each outcome and at the decision threshold; search by a metric "
    "that follows the costs.",
    "multiclass": "Look at the worth of each outcome; search by a metric that follows the costs.",
    "regression": "Search by mae, which the worth follows, or give the model better features.",
}


class BusinessValueGate(Gate):
    """Passes where the mean worth of a prediction exceeds that of every constant answer.

    Constant answers are each class, or for a regression the median of the train labels. The value
    is the mean worth on the test split, the limit that of the best constant answer, or the floor of
    ``monitors.performance.business`` where that is higher: the floor must be reached, the constant
    answer exceeded.

    Unknown without a test row.

    Args:
        business: what outcomes are worth.
    """

    name = "business_value"
    description = (
        "A prediction is worth more than the best constant answer, and as much as the floor asks."
    )

    def __init__(self, business: BusinessValue) -> None:
        self.business = business

    def judge(self, candidate: Candidate) -> GateResult:
        """Judges the mean worth of the test predictions."""
        n, unit = len(candidate.test), f" {self.business.unit}".rstrip()
        if n == 0:
            return self.unknown(
                0, "The test split has no row whose worth could be counted.", "Wait for labels."
            )
        value = self._mean(candidate, candidate.prediction)
        constants = {
            f"always {answer:.4g}" if isinstance(answer, float) else f"always {answer}": self._mean(
                candidate, np.full(n, answer, dtype=candidate.prediction.dtype)
            )
            for answer in _constants(candidate)
        }
        best = max(constants, key=lambda name: constants[name])
        floor = self.business.floor
        wrong = []
        if value <= constants[best]:
            wrong.append(
                f"to answer {best!r} is worth {constants[best]:.4g}{unit}, and the model must be "
                "worth more"
            )
        if floor is not None and value < floor:
            wrong.append(f"the floor is {floor:.4g}{unit}")
        limit = max(constants[best], floor) if floor is not None else constants[best]
        told = f"A prediction is worth {value:.4g}{unit} on average over {n} test rows"
        return GateResult(
            self.name,
            "fail" if wrong else "pass",
            value,
            limit,
            n,
            f"{told}, but {' and '.join(wrong)}: it would not pay to serve the challenger."
            if wrong
            else f"{told}; to answer {best!r} is worth {constants[best]:.4g}{unit}.",
            _ADVICE[candidate.target.kind] if wrong else "",
            numbers={"best constant answer": constants[best]},
            tables={
                "worth": [
                    {"answer": name, "mean worth": mean}
                    for name, mean in {"the challenger": value, **constants}.items()
                ]
            },
            picture=Bars(
                f"mean worth of an answer{unit and ','}{unit}",
                ["the challenger", *constants],
                [value, *constants.values()],
                limit,
            ),
        )

    def _mean(self, candidate: Candidate, answers: np.ndarray) -> float:
        return float(
            business_value(self.business, candidate.target, candidate.truth, answers).mean()
        )


def _constants(candidate: Candidate) -> list[str] | list[float]:
    if candidate.target.is_classification:
        return candidate.target.classes or []
    return [float(np.median(candidate.train[candidate.target.column].to_numpy(dtype=float)))]
