"""The metrics by name."""

from functools import cache
from typing import Annotated

from pydantic import AfterValidator

from mlops_drift.learning.metrics.base import ConfusionMetric, Metric
from mlops_drift.learning.metrics.function import FunctionMetric
from mlops_drift.plugins import load_either
from mlops_drift.schema.columns import TargetKind

_HERE = "mlops_drift.learning.metrics"

SHIPPED = {
    "accuracy": f"{_HERE}.accuracy:Accuracy",
    "balanced_accuracy": f"{_HERE}.balanced_accuracy:BalancedAccuracy",
    "f1": f"{_HERE}.f1:F1",
    "precision": f"{_HERE}.precision:Precision",
    "recall": f"{_HERE}.recall:Recall",
    "f1_macro": f"{_HERE}.f1_macro:F1Macro",
    "auc": f"{_HERE}.auc:Auc",
    "log_loss": f"{_HERE}.log_loss:LogLoss",
    "mae": f"{_HERE}.mae:Mae",
    "rmse": f"{_HERE}.rmse:Rmse",
    "r2": f"{_HERE}.r2:R2",
}


SIGNATURE = "(truth, prediction, score) that returns a number"


@cache
def metric_named(name: str) -> Metric:
    """The metric of a shipped name, an import path or an entry point, else a ValueError.

    An import path or an entry point may be of a function that measures.
    """
    member = load_either("metrics", name, SHIPPED, Metric, SIGNATURE)  # type: ignore[type-abstract]
    return member() if isinstance(member, type) else FunctionMetric(name, member)


def metric_for(name: str, kind: TargetKind) -> Metric:
    """The metric of that name, if it is defined for that kind of target, else a ValueError."""
    metric = metric_named(name)
    if kind not in metric.kinds:
        raise ValueError(
            f"metric {name!r} is not defined for a {kind} target; choose one of "
            f"{', '.join(metrics_of(kind))}"
        )
    return metric


def metrics_of(kind: TargetKind) -> list[str]:
    """Names of the shipped metrics of a kind of target."""
    return [name for name in SHIPPED if kind in metric_named(name).kinds]


def threshold_metrics() -> list[str]:
    """Names of the shipped metrics that a decision threshold can be searched for."""
    return [name for name in SHIPPED if getattr(metric_named(name), "searches_threshold", False)]


def threshold_metric(name: str) -> ConfusionMetric:
    """The metric of that name, if a threshold can be searched for it, else a ValueError."""
    metric = metric_named(name)
    if isinstance(metric, ConfusionMetric) and metric.searches_threshold:
        return metric
    raise ValueError(
        f"decision_threshold search needs the metric {', '.join(threshold_metrics())}, found {name}"
    )


def _known(name: str) -> str:
    metric_named(name)
    return name


MetricName = Annotated[str, AfterValidator(_known)]
