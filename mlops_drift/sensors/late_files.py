"""Missing days in Dagster: what runs without a file, and what is made again when it has come."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from mlops_drift.assets.common import (
    DAILY_ASSETS,
    DAY_TAG,
    DRIFT_METRICS,
    EVENTS,
    FEATURES,
    LABELS,
    PERFORMANCE_METRICS,
    PRODUCTION_PREDICTIONS,
    REASON_TAG,
    asset_key,
)
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_job_name
from mlops_drift.pipeline.missing_days import missing_tables
from mlops_drift.resources import LakeResource
from mlops_drift.schema.days import ranges
from mlops_drift.sensors.runs import OPEN_STATUSES
from mlops_drift.sources.base import Source, TableName

# What a day lacks without its file.
NEEDS: Mapping[TableName, Collection[str]] = {
    "events": {EVENTS, FEATURES, PRODUCTION_PREDICTIONS, DRIFT_METRICS},
    "labels": {LABELS, PERFORMANCE_METRICS},
}


@dataclass(frozen=True)
class Again:
    """Consecutive days whose assets are computed again because their input landed later.

    Attributes:
        first: first day.
        last: last day.
        assets: what is computed again.
        landed: number of the last landing event.
    """

    first: date
    last: date
    assets: tuple[str, ...]
    landed: int


def late_files_sensor_name(model: str) -> str:
    """Name of the sensor of late files."""
    return f"{model}_late_files_sensor"


def late_files_sensor(
    spec: ModelSpec, source: Source, job: UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    """Builds the sensor that does in `dagster dev` what the command `run` does about missing days.

    It computes what is possible for a day without its file. When the file has arrived, it runs the
    day again, and later days that depend on it.
    """

    @dg.sensor(
        name=late_files_sensor_name(spec.name),
        job=job,
        minimum_interval_seconds=120,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs a day again when its file has arrived, and computes later days that "
        "depend on it again. Predictions, decisions, messages and overdue labels do not change. "
        "Labels that arrived before their events are checked again.",
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        open_runs = dg.RunsFilter(job_name=daily_job_name(spec.name), statuses=OPEN_STATUSES)
        if context.instance.get_runs_count(open_runs):
            return dg.SensorResult(skip_reason="a daily run is queued or running")
        requests = [
            *_runs_of_missing_days(context.instance, lake.of(spec), source),
            *(_run_again(spec, again) for again in outdated(context.instance, spec)),
        ]
        if not requests:
            return dg.SensorResult(skip_reason="no late files")
        return dg.SensorResult(run_requests=requests)

    return sensor


def _runs_of_missing_days(
    instance: dg.DagsterInstance, model: ModelContext, source: Source
) -> Iterator[dg.RunRequest]:
    recorded: dict[date, set[TableName]] = {}
    for row in model.store.landing.missing_files(model.spec.start_date, date.max):
        recorded.setdefault(row["day"], set()).add(row["source"])
    if not recorded:
        return
    missing = missing_tables(source, min(recorded), max(recorded))
    settled = settled_days(instance, model, recorded)
    for day, tables in recorded.items():
        now = missing.get(day, frozenset())
        lacking = ", ".join(sorted(now)) or "nothing"
        if now != tables:
            yield _request(f"{day} lacks {lacking} now", day)
        elif day not in settled:
            assets = [asset_key(model.spec, asset) for asset in assets_without(tables)]
            yield _request(f"{day} lacks {lacking}", day, assets)


def _request(run_key: str, day: date, assets: Sequence[dg.AssetKey] | None = None) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=run_key,
        partition_key=day.isoformat(),
        asset_selection=assets,
        tags={DAY_TAG: day.isoformat(), REASON_TAG: "late file"},
    )


def _run_again(spec: ModelSpec, again: Again) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{again.first} to {again.last} after {again.landed}",
        asset_selection=[asset_key(spec, asset) for asset in again.assets],
        tags={
            DAY_TAG: str(again.last),
            REASON_TAG: "late file",
            ASSET_PARTITION_RANGE_START_TAG: str(again.first),
            ASSET_PARTITION_RANGE_END_TAG: str(again.last),
        },
    )


def assets_without(missing: Collection[TableName]) -> tuple[str, ...]:
    """The daily assets that can be made of a day that lacks some of its files.

    >>> assets_without({"events"})
    ('labels', 'performance_metrics')
    """
    lost = {name for table in missing for name in NEEDS[table]}
    return tuple(name for name in DAILY_ASSETS if name not in lost)


def missing_days(
    source: Source, complete: Collection[date], first: date, last: date
) -> dict[date, frozenset[TableName]]:
    """The days that lack a file now, each with what it is a file of, without those that ran."""
    missing = missing_tables(source, first, last)
    return {day: tables for day, tables in missing.items() if day not in complete}


def settled_days(
    instance: dg.DagsterInstance,
    model: ModelContext,
    missing: Mapping[date, Collection[TableName]],
) -> set[date]:
    """The missing days that are on record as such, and of which all that can be made is made."""
    if not missing:
        return set()
    recorded = {
        (row["day"], row["source"])
        for row in model.store.landing.missing_files(min(missing), max(missing))
    }
    made = {name: _materialized(instance, model.spec, name) for name in DAILY_ASSETS}
    return {
        day
        for day, tables in missing.items()
        if all((day, table) in recorded for table in tables)
        and all(day in made[name] for name in assets_without(tables))
    }


def outdated(instance: dg.DagsterInstance, spec: ModelSpec) -> list[Again]:
    """What was computed before a day that it depends on landed, late or again.

    Derived features depend on the `history_days` days before, drift and performance also on their
    longest window and the label delay, a streaming detector on all days before. Predictions do not
    change; nor do days whose windows reach back to days that `retention` has deleted, nor results
    of overdue labels. The quality of labels is checked again when events land.
    """
    arrived = _latest(instance, spec, EVENTS)
    for day, number in _latest(instance, spec, LABELS).items():
        arrived[day] = max(number, arrived.get(day, number))
    again: dict[date, set[str]] = {}
    for asset in (DRIFT_METRICS, PERFORMANCE_METRICS):
        made = _latest(instance, spec, asset)
        for day in _older(made, arrived, _lookback(spec)):
            if day < _kept_since(spec, max(made)):
                continue
            again.setdefault(day, set()).add(asset)
            if spec.derived_columns and asset == DRIFT_METRICS:
                again[day].add(FEATURES)
    return [
        Again(
            first,
            last,
            tuple(name for name in DAILY_ASSETS if name in again[first]),
            max(arrived.values()),
        )
        for first, last in ranges(again, alike=lambda day: frozenset(again[day]))
    ]


def _older(made: Mapping[date, int], arrived: Mapping[date, int], lookback: timedelta) -> set[date]:
    """The days that were made before a day of their lookback arrived."""
    late: list[date] = []
    earliest: int | None = None
    for day in sorted({*made, *arrived}, reverse=True):
        if earliest is not None and arrived.get(day, 0) > earliest:
            late.append(day)
        if day in made:
            earliest = made[day] if earliest is None else min(earliest, made[day])
    return {
        other
        for day in late
        for other, number in made.items()
        if timedelta(0) < other - day <= lookback and number < arrived[day]
    }


def _lookback(spec: ModelSpec) -> timedelta:
    return timedelta.max if spec.monitors.performance.streaming is not None else _windows(spec)


def _windows(spec: ModelSpec) -> timedelta:
    lookback = spec.lookback
    return timedelta(days=lookback.history + max(lookback.predictions, lookback.season))


def _kept_since(spec: ModelSpec, last: date) -> date:
    """The first day that can be made again from what is kept."""
    limits = (spec.retention.landing_days, spec.retention.predictions_days)
    days = [limit for limit in limits if limit is not None]
    return last - timedelta(days=min(days)) + _windows(spec) if days else date.min


def _latest(instance: dg.DagsterInstance, spec: ModelSpec, asset: str) -> dict[date, int]:
    """By day, where its last materialization stands in the order of all events."""
    found = instance.get_latest_storage_id_by_partition(
        asset_key(spec, asset), dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    return {date.fromisoformat(day): number for day, number in found.items()}


def _materialized(instance: dg.DagsterInstance, spec: ModelSpec, asset: str) -> set[date]:
    found = instance.get_materialized_partitions(asset_key(spec, asset))
    return {date.fromisoformat(day) for day in found}
