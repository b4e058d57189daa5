"""The gates that a model has by its description."""

from collections.abc import Mapping

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.base import Gate
from mlops_drift.learning.gates.beats_champion import BeatsChampion
from mlops_drift.learning.gates.business_value import BusinessValueGate
from mlops_drift.learning.gates.calibration import Calibration
from mlops_drift.learning.gates.class_performance import ClassPerformance
from mlops_drift.learning.gates.config import Gates
from mlops_drift.learning.gates.cost import ArtifactSize, BatchLatency, SingleRowLatency
from mlops_drift.learning.gates.custom import custom_gates
from mlops_drift.learning.gates.cv_test_gap import CvTestGap
from mlops_drift.learning.gates.distribution import PredictionDistribution
from mlops_drift.learning.gates.documented import Documented
from mlops_drift.learning.gates.false_negatives import FalseNegativeRate
from mlops_drift.learning.gates.fresh_process import FreshProcess
from mlops_drift.learning.gates.metric_threshold import MetricThreshold
from mlops_drift.learning.gates.null_robustness import NullRobustness
from mlops_drift.learning.gates.overlap import NoKeyOverlap, NoRowOverlap
from mlops_drift.learning.gates.refit_consistency import RefitConsistency
from mlops_drift.learning.gates.slices import Slices
from mlops_drift.learning.gates.strange_values import (
    ExtremeValueRobustness,
    UnseenCategoryRobustness,
)
from mlops_drift.learning.gates.target_leakage import TargetLeakage
from mlops_drift.schema.columns import Column


def gates_of(
    gates: Gates, columns: Mapping[str, Column], business: BusinessValue | None
) -> list[Gate]:
    """The gates of a model, in the order in which they are judged.

    Args:
        gates: their configuration; what it leaves out has no gate.
        columns: the feature columns.
        business: what outcomes are worth, where that is known.

    >>> found = gates_of(Gates(metrics={"f1": 0.5}), {"x": Column(type="number")}, None)
    >>> [gate.name for gate in found][:3]
    ['test_f1', 'prediction_distribution', 'calibration']
    """
    found: list[Gate] = [MetricThreshold(metric, limit) for metric, limit in gates.metrics.items()]
    if gates.max_false_negative_rate is not None:
        found.append(FalseNegativeRate(gates.max_false_negative_rate))
    if gates.min_class_f1 is not None:
        found.append(ClassPerformance(gates.min_class_f1))
    found += [PredictionDistribution(), Calibration()]
    if gates.slices:
        found.append(Slices(gates.slices))
    if business is not None:
        found.append(BusinessValueGate(business))
    found += [BeatsChampion(), NoKeyOverlap(), NoRowOverlap(), TargetLeakage()]
    found += [CvTestGap(), RefitConsistency()]
    if any(column.nullable for column in columns.values()):
        found.append(NullRobustness())
    if any(column.type == "category" for column in columns.values()):
        found.append(UnseenCategoryRobustness())
    if any(column.is_numeric for column in columns.values()):
        found.append(ExtremeValueRobustness())
    found += custom_gates(gates.extra)
    # The new process of the last gate runs beside all others.
    return [
        *found,
        SingleRowLatency(),
        BatchLatency(),
        ArtifactSize(),
        Documented(),
        FreshProcess(),
    ]
