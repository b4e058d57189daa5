"""The checks by name, the section of the YAML that sets them, and the checks of one model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, create_model

from mlops_drift.drift.metrics.registry import SHIPPED
from mlops_drift.monitors.base import Asset, Monitor
from mlops_drift.monitors.business_value import BusinessValueDrop
from mlops_drift.monitors.config import ExtraCheck, MonitorSections
from mlops_drift.monitors.data_quality import DataQuality
from mlops_drift.monitors.error_drift import ErrorDrift
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.feature_drift import FeatureDrift
from mlops_drift.monitors.freshness import Freshness
from mlops_drift.monitors.label_drift import LabelDrift
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.null_spike import NullSpike
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.prediction_drift import PredictionDrift
from mlops_drift.monitors.rules_share import RulesShare
from mlops_drift.monitors.serving_skew import ServingSkew
from mlops_drift.monitors.slice_performance import SlicePerformance
from mlops_drift.monitors.volume import Volume
from mlops_drift.plugins import load, own_paths

# In the order in which pages show them.
MONITORS: dict[str, type[Monitor[Any]]] = {
    "data_quality": DataQuality,
    "volume": Volume,
    "freshness": Freshness,
    "feature_drift": FeatureDrift,
    "prediction_drift": PredictionDrift,
    "null_spike": NullSpike,
    "performance_drop": PerformanceDrop,
    "slice_performance": SlicePerformance,
    "business_value": BusinessValueDrop,
    "estimated_performance": EstimatedPerformance,
    "error_drift": ErrorDrift,
    "label_drift": LabelDrift,
    "model_age": ModelAge,
    "serving_skew": ServingSkew,
    "rules_share": RulesShare,
}

if TYPE_CHECKING:
    Monitors = MonitorSections
else:
    # A check with a section of its own brings it along; null switches it off.
    Monitors = create_model(
        "Monitors",
        __base__=MonitorSections,
        __doc__=MonitorSections.__doc__,
        **{
            one.section: (
                one.settings_type | None,
                Field(
                    default_factory=one.settings_type,
                    description=f"{one.settings_type.__doc__} null switches {one.name} off.",
                ),
            )
            for one in MONITORS.values()
            if one.settings_type is not None
        },
    )


def monitors_of(sections: MonitorSections, asset: Asset | None = None) -> list[Monitor[Any]]:
    """The checks that a model has, as its YAML sets them; of one asset, or all."""
    shipped = (one(getattr(sections, one.section, None)) for one in MONITORS.values())
    found = [*shipped, *map(_extra, sections.extra)]
    return [one for one in found if one.is_on() and (asset is None or asset in one.assets)]


def own_checks(sections: MonitorSections) -> tuple[str, ...]:
    """The import paths of the checks and the drift metrics that are not shipped."""
    drift = sections.drift
    metrics = [drift.metric, *(one.metric for one in drift.columns.values() if one.metric)]
    checks = own_paths("checks", [one.check for one in sections.extra], _shipped())
    return checks + own_paths("drift_metrics", metrics, SHIPPED)


def _shipped() -> dict[str, str]:
    return {name: f"{one.__module__}:{one.__name__}" for name, one in MONITORS.items()}


def _extra(written: ExtraCheck) -> Monitor[Any]:
    """A check of another package."""
    kind = load("checks", written.check, _shipped(), Monitor)  # type: ignore[type-abstract]
    if kind.settings_type is not None:
        try:
            return kind(kind.settings_type.model_validate(written.settings))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise ValueError(f"monitors.extra: {written.check}: {field}: {first['msg']}") from error
    if written.settings:
        raise ValueError(f"check {written.check} has no settings, found {list(written.settings)}")
    return kind(None)


def require_checks(sections: MonitorSections, wanted: Sequence[str]) -> None:
    """Requires that the checks that may retrain a model exist.

    Raises:
        ValueError: if one is unknown, two have one name, or the model lacks the field that one
            needs.
    """
    names = [one.name for one in monitors_of(sections)]
    on = set(names)
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"monitors.extra: there is more than one check {twice[0]!r}; rename one")
    for name in wanted:
        if name in on:
            continue
        shipped = MONITORS.get(name)
        if shipped is None:
            there = ", ".join(sorted({*MONITORS, *on}))
            raise ValueError(
                f"policy.retrain_on names {name!r}, which is no check; there are {there}"
            )
        if shipped.needs:
            needed = f"monitors.{shipped.section}.{shipped.needs}"
            raise ValueError(f"policy.retrain_on names {name}, a check that needs {needed}")
