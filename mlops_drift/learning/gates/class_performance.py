"""The gate that no class may be predicted too badly."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import TypedDict

from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult, Predictions
from mlops_drift.learning.gates.pictures import Bars

_Row = TypedDict(
    "_Row",
    {"class": str, "precision": float, "recall": float, "f1": float, "n": int, "predicted": int},
)


class ClassPerformance(Gate):
    """Passes where the F1 of each class reaches its limit; the worst one is the value.

    The worst is the one farthest under its limit, or nearest to it. One limit for all is for the
    classes that the test labels have. A class that is named must be there: else unknown, unless
    another one fails.
    """

    name = "class_performance"

    def __init__(self, limits: float | Mapping[str, float]) -> None:
        self.limits = limits
        text = (
            ", ".join(f"{name} {limit:.4g}" for name, limit in limits.items())
            if isinstance(limits, Mapping)
            else f"{limits:.4g}"
        )
        self.description = f"The F1 of every class reaches its limit ({text}) on the test split."

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        limits = model.gates.min_class_f1
        return [] if limits is None else [cls(limits)]

    def judge(self, candidate: Candidate) -> GateResult:
        classes, n = candidate.target.classes or [], len(candidate.test)
        rows = [_row(name, candidate.tested) for name in classes]
        present = {row["class"]: row for row in rows if row["n"]}
        one = self.limits
        limits = one if isinstance(one, Mapping) else dict.fromkeys(present, one)
        judged = {name: present[name]["f1"] for name in limits if name in present}
        absent = ", ".join(repr(name) for name in limits if name not in present)
        if not judged:
            finding = f"None of the judged classes is among the labels of {n} test rows."
            advice = "Wait for labels of these classes, or raise training.test_share."
            return self.unknown(n, finding, advice)
        worst = min(judged, key=lambda name: judged[name] - limits[name])
        value, limit, own = judged[worst], limits[worst], present[worst]["n"]
        finding = (
            f"F1 of class {worst!r} is {value:.4g} on its {own} of {n} test rows; it must be at "
            f"least {limit:.4g}."
        )
        advice = (
            "Add rows or better features of that class, or search by f1_macro or balanced_accuracy."
        )
        result = self.result(
            value < limit,
            (value, limit, own),
            (finding, advice),
            direction=">=",
            tables={"classes": rows},
            picture=Bars("F1 by class", list(judged), list(judged.values()), limit),
        )
        if result.verdict == "fail" or not absent:
            return result
        return replace(
            result,
            verdict="unknown",
            finding=f"No test row is {absent}, so its F1 is unknown.",
            advice="Wait for labels of that class, or take it out of gates.min_class_f1.",
        )


def _row(name: str, tested: Predictions) -> _Row:
    true, positive = tested.truth == name, tested.prediction == name
    hits, n, predicted = int((true & positive).sum()), int(true.sum()), int(positive.sum())
    return {
        "class": name,
        "precision": hits / predicted if predicted else nan,
        "recall": hits / n if n else nan,
        "f1": 2 * hits / (n + predicted) if n + predicted else nan,
        "n": n,
        "predicted": predicted,
    }
