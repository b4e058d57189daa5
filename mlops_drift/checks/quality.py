"""The check `data_quality`, on events and on labels."""

import dagster as dg

from mlops_drift.checks.report import check_result
from mlops_drift.lake.table import Table
from mlops_drift.steps.landing import Landed

DATA_QUALITY = "data_quality"


def data_quality_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares the check on an asset."""
    return dg.AssetCheckSpec(
        DATA_QUALITY,
        asset=key,
        description="Fails when too large a share of the rows breaks a declared constraint or "
        "cannot be matched. Alerts; it does not retrain.",
    )


def data_quality(key: dg.AssetKey, landed: Landed, rejected: Table) -> dg.AssetCheckResult:
    """Reports how many rows could not be used."""
    quality = landed.quality
    return check_result(
        key,
        DATA_QUALITY,
        quality.verdict,
        quality.reason,
        {"value": quality.value, "threshold": quality.threshold, "n": float(quality.n)},
        f"Look at the rows: SELECT * FROM {rejected.name}. Repair the source and materialize the "
        "day again, or, where the world has changed, correct the constraint in defs.yaml. "
        "Retraining on broken data would only teach the model the fault.",
        {"unusable rows": quality.aside},
    )
