"""What a user may choose about the gates between a challenger and production."""

from collections.abc import Collection, Iterable, Mapping
from math import inf
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mlops_drift.learning.config import Share
from mlops_drift.learning.metrics.allowance import Allowance, allowance
from mlops_drift.learning.metrics.registry import SHIPPED, MetricName, metric_for
from mlops_drift.plugins import own_paths
from mlops_drift.schema.columns import Column, Target
from mlops_drift.schema.fields import DEFAULT, Distinct, Limit, LimitOrZero, Name, Strict

LimitName = Literal["tolerance", "max_null_loss", "max_slice_gap", "max_surprise"]

# Defaults for metrics that are limited in points.
_POINTS: Mapping[LimitName, float] = MappingProxyType(
    {"tolerance": 0.02, "max_null_loss": 0.1, "max_slice_gap": 0.15, "max_surprise": 0.1}
)


class CustomGate(BaseModel):
    """A gate that is named in YAML; every further field is an argument of its class."""

    model_config = ConfigDict(extra="allow", frozen=True)

    gate: Name = Field(description="Import path package.module:Name, or name of an entry point.")


class Gates(Strict):
    """What a challenger must show before it may become the champion."""

    metrics: dict[MetricName, float] = Field(
        min_length=1,
        description="The worst acceptable value of each metric on the test split: a lower limit, "
        "or an upper limit for log_loss, mae and rmse, where smaller is better.",
    )
    comparison: Literal["better", "not_worse"] = Field(
        "better",
        description="What a challenger must be beside the champion on the same rows. better: "
        "better by more than chance explains. not_worse: at most `tolerance` worse.",
    )
    tolerance: LimitOrZero = Field(
        DEFAULT,
        description="With comparison not_worse: how much worse than the champion a challenger may "
        "be. In points, default 0.02; for mae, rmse and log_loss as a share of the champion's "
        "value on the same rows, default 10 %.",
    )
    min_rows: int = Field(
        30,
        ge=1,
        description="Fewest rows on which challenger and champion are compared, calibration is "
        "judged, and a slice is looked at; below, they are unknown.",
    )
    max_false_negative_rate: Share | None = Field(
        None, description="Largest share of the positive class that may be missed (binary)."
    )
    min_class_f1: Share | dict[Name, Share] | None = Field(
        None,
        description="Smallest F1 of any class, or of each class that is named (classification).",
    )
    max_share_deviation: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Largest difference between the share of a class among the predictions and "
        "among the labels of the test split.",
    )
    min_class_share: Share | None = Field(
        None, description="Smallest share of the predictions that a class may have."
    )
    # A search by accuracy may end with trees whose scores are too modest by ten points.
    max_calibration_error: float = Field(
        0.15,
        gt=0,
        description="Largest mean difference between what the scores promise and what came true; "
        "for a regression in standard deviations of the truth.",
    )
    max_row_latency_ms: float = Field(
        50, gt=0, description="Longest time in milliseconds to predict one row."
    )
    max_batch_latency_ms: float = Field(
        1000, gt=0, description="Longest time in milliseconds to predict 1,000 rows."
    )
    max_artifact_mb: float = Field(
        100, gt=0, description="Largest size of the stored model in megabytes (10^6 bytes)."
    )
    max_null_loss: Limit = Field(
        DEFAULT,
        description="How much the metric may worsen where a tenth of the cells of nullable "
        "columns is missing. In points, default 0.1; for mae, rmse and log_loss as a share of the "
        "value without gaps, default 10 %.",
    )
    slices: Annotated[list[Name], Distinct] = Field(
        [], description="Columns whose values are judged apart, the worst against the whole."
    )
    max_slice_gap: Limit = Field(
        DEFAULT,
        description="How much worse than on the whole the metric may be on a slice. In points, "
        "default 0.15; for mae, rmse and log_loss as a share of the value of the whole test split, "
        "default 10 %.",
    )
    max_feature_auc: float = Field(
        0.98,
        gt=0.5,
        le=1,
        description="Largest AUC (regression: R2) with which a single column may tell the label.",
    )
    trusted_columns: Annotated[list[Name], Distinct] = Field(
        [], description="Columns that may tell the label alone, as they are known to be no leak."
    )
    max_surprise: Limit = Field(
        DEFAULT,
        description="How much better than in cross-validation the metric may be on the test split. "
        "In points, default 0.1; for mae, rmse and log_loss as a share of the cross-validated "
        "value, default 10 %.",
    )
    extra: list[Name | CustomGate] = Field(
        [],
        description="Further gates: the import path of each (package.module:Name), the name of an "
        "entry point of mlops_drift.gates, or a mapping of gate and the arguments of its class.",
    )

    @property
    def own_paths(self) -> tuple[str, ...]:
        """The import paths of the metrics and the further gates that are not shipped."""
        gates = [one if isinstance(one, str) else one.gate for one in self.extra]
        return own_paths("metrics", self.metrics, SHIPPED) + own_paths("gates", gates, {})

    def allowance(self, name: LimitName, metric: MetricName) -> Allowance:
        """A limit on differences of the metric, with its default if it is not set."""
        return allowance(metric, getattr(self, name), _POINTS[name])


def require_fitting(gates: Gates, target: Target, columns: Mapping[str, Column]) -> None:
    """Requires gates that the kind of target and the columns allow."""
    for name, limit in gates.metrics.items():
        try:
            metric = metric_for(name, target.kind)
        except ValueError as error:
            raise ValueError(f"gates.metrics: {error}") from None
        highest = metric.highest if metric.greater_is_better else inf
        if not metric.lowest <= limit <= highest:
            most = f"up to {highest:g}" if limit > highest else f"from {metric.lowest:g}"
            raise ValueError(
                f"gates.metrics.{metric.name} is {limit:g}, which the metric never reaches; use a "
                f"value {most}"
            )
    if gates.max_false_negative_rate is not None and target.kind != "binary":
        raise ValueError(
            f"gates.max_false_negative_rate needs a binary target, found {target.kind}; use "
            "gates.min_class_f1 for more classes"
        )
    for name in ("min_class_f1", "min_class_share"):
        if getattr(gates, name) is not None and not target.is_classification:
            raise ValueError(
                f"gates.{name} needs classes, and the target is a regression; leave it out"
            )
    if gates.extra:
        # Gates import this module.
        from mlops_drift.learning.gates.registry import custom_gates

        custom_gates(gates.extra)
    classes = target.classes or []
    named = gates.min_class_f1 if isinstance(gates.min_class_f1, dict) else {}
    _require_known("min_class_f1", named, "classes", classes)
    _require_known("trusted_columns", gates.trusted_columns, "columns", columns)
    if gates.min_class_share is not None and gates.min_class_share * len(classes) > 1:
        raise ValueError(
            f"gates.min_class_share is {gates.min_class_share}, which {len(classes)} classes "
            f"cannot all have; use at most {1 / len(classes):.3g}"
        )


def _require_known(field: str, names: Iterable[str], what: str, known: Collection[str]) -> None:
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f"gates.{field} names {', '.join(unknown)}; the {what} are {', '.join(known)}"
        )
