"""When the reference of an external model is known, and why nothing is compared before."""

from datetime import date, timedelta

from mlops_drift.config.spec import ModelSpec
from mlops_drift.sources.external import ReferencePeriod


def period_of(spec: ModelSpec) -> ReferencePeriod | None:
    """The days that are the reference; None where it is a file, or nothing is external."""
    declared = spec.external.reference if spec.external else None
    return declared if isinstance(declared, ReferencePeriod) else None


def reference_day(spec: ModelSpec) -> date:
    """The day at whose end the reference is known: that on which its last labels are due."""
    period = period_of(spec)
    if period is None:
        return spec.start_date
    return period.last + timedelta(days=spec.target.label_delay_days)


def awaited_reference(spec: ModelSpec, day: date) -> str:
    """Why nothing is compared at the end of a day, in a sentence; empty where something is."""
    period, complete = period_of(spec), reference_day(spec)
    if period is None or day >= complete:
        return ""
    return (
        f"the reference, {period.first} to {period.last}, is complete on {complete}, when its last "
        "labels are due"
    )


def awaited_predictions(spec: ModelSpec, day: date) -> str:
    """Why no version that is made elsewhere serves at the end of a day."""
    return awaited_reference(spec, day) or "no prediction has arrived since the reference is known"
