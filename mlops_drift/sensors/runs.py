"""Which runs are open, which days a run is about, and which days an asset has."""

from datetime import date

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from mlops_drift.assets.common import asset_key
from mlops_drift.config.spec import ModelSpec
from mlops_drift.schema.days import days_between

OPEN_STATUSES = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def days_of_run(run: dg.DagsterRun) -> list[date]:
    """The days of a daily run, of a single partition or of a range; else none."""
    single = run.tags.get(PARTITION_NAME_TAG)
    first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG, single)
    last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG, single)
    if first is None or last is None:
        return []
    return days_between(date.fromisoformat(first), date.fromisoformat(last))


def materialized_days(instance: dg.DagsterInstance, spec: ModelSpec, asset: str) -> dict[date, int]:
    """By day, where the last materialization of an asset stands in the order of all events."""
    found = instance.get_latest_storage_id_by_partition(
        asset_key(spec, asset), dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    return {date.fromisoformat(day): number for day, number in found.items()}
