"""The gates by import path, and those that a model has by its description."""

from collections.abc import Mapping, Sequence

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.base import Described, Gate
from mlops_drift.learning.gates.config import CustomGate, Gates
from mlops_drift.plugins import load
from mlops_drift.schema.columns import Column

_HERE = "mlops_drift.learning.gates"

# In the order in which they are judged.
SHIPPED = (
    f"{_HERE}.metric_threshold:MetricThreshold",
    f"{_HERE}.false_negatives:FalseNegativeRate",
    f"{_HERE}.class_performance:ClassPerformance",
    f"{_HERE}.distribution:PredictionDistribution",
    f"{_HERE}.calibration:Calibration",
    f"{_HERE}.slices:Slices",
    f"{_HERE}.business_value:BusinessValueGate",
    f"{_HERE}.beats_champion:BeatsChampion",
    f"{_HERE}.overlap:NoKeyOverlap",
    f"{_HERE}.overlap:NoRowOverlap",
    f"{_HERE}.target_leakage:TargetLeakage",
    f"{_HERE}.cv_test_gap:CvTestGap",
    f"{_HERE}.refit_consistency:RefitConsistency",
    f"{_HERE}.null_robustness:NullRobustness",
    f"{_HERE}.strange_values:UnseenCategoryRobustness",
    f"{_HERE}.strange_values:ExtremeValueRobustness",
    f"{_HERE}.compiled_equal:CompiledEqual",
    f"{_HERE}.cost:SingleRowLatency",
    f"{_HERE}.cost:BatchLatency",
    f"{_HERE}.cost:ArtifactSize",
    f"{_HERE}.documented:Documented",
)
# Judged last: its new process runs beside all others.
LAST = f"{_HERE}.fresh_process:FreshProcess"


def gates_of(
    gates: Gates, columns: Mapping[str, Column], business: BusinessValue | None
) -> list[Gate]:
    """The gates of a model, in the order in which they are judged."""
    model = Described(gates, columns, business)
    return [
        *(gate for path in SHIPPED for gate in _class(path).for_model(model)),
        *custom_gates(gates.extra),
        *_class(LAST).for_model(model),
    ]


def custom_gates(items: Sequence[str | CustomGate]) -> list[Gate]:
    """The gates of ``gates.extra``.

    Raises:
        ValueError: If there is no such gate, it does not take these arguments, or there is another
            one of its name.
    """
    found = [_custom(CustomGate(gate=item) if isinstance(item, str) else item) for item in items]
    names = [getattr(_class(path), "name", "") for path in (*SHIPPED, LAST) if found]
    names += [gate.name for gate in found]
    if twice := [gate.name for gate in found if names.count(gate.name) > 1]:
        raise ValueError(f"gates.extra: there is more than one gate {twice[0]!r}; rename one")
    return found


def _custom(item: CustomGate) -> Gate:
    arguments = item.model_extra or {}
    try:
        member = _class(item.gate)
    except ValueError as error:
        raise ValueError(f"gates.extra: {error}") from error
    try:
        return member(**arguments)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{name}: {value!r}" for name, value in arguments.items()) or "nothing"
        raise ValueError(f"gates.extra: {item.gate} was given {given}: {error}") from error


def _class(path: str) -> type[Gate]:
    return load("gates", path, {}, Gate)  # type: ignore[type-abstract]
