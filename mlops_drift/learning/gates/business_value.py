"""The gate that predictions must be worth more than the best answer without a model."""

from collections.abc import Sequence

import numpy as np

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult
from mlops_drift.learning.gates.pictures import Bars

_ADVICE = {
    "binary": "Look at the value of each outcome and at the decision threshold; search by a metric "
    "that follows the costs.",
    "multiclass": "Look at the value of each outcome; search by a metric that follows the costs.",
    "regression": "Search by mae, which the value follows, or give the model better features.",
}


class BusinessValueGate(Gate):
    """Passes where the mean business value of a prediction exceeds that of any constant answer.

    Constant answers are each class, or for a regression the median of the train labels. The value
    is the mean on the test split, the limit that of the best constant answer, or the floor of
    ``monitors.performance.business`` where that is higher: the floor must be reached, the constant
    answer exceeded.
    """

    name = "business_value"
    description = "A prediction is worth more than any constant answer, and at least the floor."

    def __init__(self, business: BusinessValue) -> None:
        self.business = business

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        return [] if model.business is None else [cls(model.business)]

    def judge(self, candidate: Candidate) -> GateResult:
        n, floor = len(candidate.test), self.business.floor
        unit = f" {self.business.unit}".rstrip()
        value = self._mean(candidate, candidate.tested.prediction)
        constants = {
            f"always {answer:.4g}" if isinstance(answer, float) else f"always {answer}": self._mean(
                candidate, np.full(n, answer, dtype=candidate.tested.prediction.dtype)
            )
            for answer in _constants(candidate)
        }
        best = max(constants, key=lambda name: constants[name])
        worth = constants[best]
        limit = worth if floor is None else max(worth, floor)
        asked = "" if floor is None or value >= floor else f", and the floor is {floor:.4g}{unit}"
        finding = (
            f"A prediction is worth {value:.4g}{unit} on average over {n} test rows; to answer "
            f"{best!r} is worth {worth:.4g}{unit}{asked}."
        )
        means = {"the challenger": value, **constants}
        title = f"mean worth of an answer{unit and ','}{unit}"
        return self.result(
            value <= worth or bool(asked),
            (value, limit, n),
            (finding, _ADVICE[candidate.target.kind]),
            direction=">",
            numbers={"best constant answer": worth},
            tables={
                "worth": [{"answer": name, "mean worth": mean} for name, mean in means.items()]
            },
            picture=Bars(title, list(means), list(means.values()), limit),
        )

    def _mean(self, candidate: Candidate, answers: np.ndarray) -> float:
        truth = candidate.tested.truth
        return float(self.business.values(candidate.target, truth, answers).mean())


def _constants(candidate: Candidate) -> list[str] | list[float]:
    if candidate.target.is_classification:
        return candidate.target.classes or []
    return [float(np.median(candidate.train[candidate.target.column].to_numpy(dtype=float)))]
