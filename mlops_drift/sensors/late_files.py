"""Missing days in Dagster: what runs without a file, and what is made again when it has come."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from math import inf

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
    PREDICTIONS,
    PRODUCTION_PREDICTIONS,
    REASON_TAG,
    SERVED,
    SERVING_METRICS,
    asset_key,
    daily_assets,
)
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_job_name
from mlops_drift.pipeline.missing_days import missing_tables
from mlops_drift.resources import LakeResource
from mlops_drift.schema.days import ranges
from mlops_drift.sensors.runs import OPEN_STATUSES, materialized_days
from mlops_drift.sources.base import Source, TableName

# The assets that a day lacks without its file.
NEEDS: Mapping[TableName, Collection[str]] = {
    "events": {EVENTS, FEATURES, PRODUCTION_PREDICTIONS, DRIFT_METRICS},
    "labels": {LABELS, PERFORMANCE_METRICS},
    "predictions": {PREDICTIONS},
}


@dataclass(frozen=True)
class Again:
    """Days of which assets are made again; `landed` is the number of the last landing event."""

    first: date
    last: date
    assets: tuple[str, ...]
    landed: int


def late_files_sensor(
    spec: ModelSpec, source: Source, job: UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    """Builds the sensor that does in `dagster dev` what the command `run` does about missing days.

    It makes what a day without its file has, and the day and later ones again once it has come.
    """

    @dg.sensor(
        name=f"{spec.name}_late_files_sensor",
        job=job,
        minimum_interval_seconds=120,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs a day again when its file has arrived, and computes later days that "
        "depend on it again. Predictions, decisions, messages and overdue labels do not change. "
        "Labels that arrived before their events are checked again.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, mlops_drift_lake: LakeResource
    ) -> dg.SkipReason | list[dg.RunRequest]:
        open_runs = dg.RunsFilter(job_name=daily_job_name(spec.name), statuses=OPEN_STATUSES)
        if context.instance.get_runs_count(open_runs):
            return dg.SkipReason("a daily run is queued or running")
        requests = [
            *_runs_of_missing_days(context.instance, mlops_drift_lake.of(spec), source),
            *(_run_again(spec, again) for again in outdated(context.instance, spec)),
        ]
        return requests or dg.SkipReason("no late files")

    return sensor


def _runs_of_missing_days(
    instance: dg.DagsterInstance, model: ModelContext, source: Source
) -> Iterator[dg.RunRequest]:
    recorded: dict[date, set[TableName]] = defaultdict(set)
    for row in model.store.landing.missing_files(model.spec.start_date, date.max):
        recorded[row["day"]].add(row["source"])
    if not recorded:
        return
    missing = missing_tables(source, min(recorded), max(recorded))
    settled = settled_days(instance, model, recorded)
    for day, tables in recorded.items():
        now = missing.get(day, frozenset())
        lacks = f"{day} lacks {', '.join(sorted(now)) or 'nothing'}"
        tags = {DAY_TAG: str(day), REASON_TAG: "late file"}
        if now != tables:
            yield dg.RunRequest(run_key=f"{lacks} now", partition_key=str(day), tags=tags)
        elif day not in settled:
            assets = [asset_key(model.spec, name) for name in assets_without(model.spec, tables)]
            yield dg.RunRequest(
                run_key=lacks, partition_key=str(day), tags=tags, asset_selection=assets
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


def assets_without(spec: ModelSpec, missing: Collection[TableName]) -> tuple[str, ...]:
    """The daily assets that can be made of a day that lacks some of its files."""
    lost = {SERVED, SERVING_METRICS, *(name for table in missing for name in NEEDS[table])}
    return tuple(name for name in daily_assets(spec) if name not in lost)


def missing_days(
    source: Source, complete: Collection[date], first: date, last: date
) -> dict[date, frozenset[TableName]]:
    """The days that lack a file now, each with what it is a file of, without those that ran."""
    missing = missing_tables(source, first, last)
    return {day: tables for day, tables in missing.items() if day not in complete}


def settled_days(
    instance: dg.DagsterInstance, model: ModelContext, missing: Mapping[date, Collection[TableName]]
) -> set[date]:
    """The missing days that are on record as such, and of which all that can be made is made."""
    if not missing:
        return set()
    rows = model.store.landing.missing_files(min(missing), max(missing))
    recorded = {(row["day"], row["source"]) for row in rows}
    made = {
        name: materialized_days(instance, model.spec, name) for name in daily_assets(model.spec)
    }
    return {
        day
        for day, tables in missing.items()
        if all((day, table) in recorded for table in tables)
        and all(day in made[name] for name in assets_without(model.spec, tables))
    }


def outdated(instance: dg.DagsterInstance, spec: ModelSpec) -> list[Again]:
    """What was computed before a day that it depends on landed, late or again.

    Derived features depend on the `history_days` days before, drift and performance also on their
    longest window and the label delay, a streaming detector on all days before. Predictions do not
    change; nor do days whose windows reach back to what `retention` has deleted, nor results of
    overdue labels.
    """
    landed_assets = (EVENTS, LABELS, *([PREDICTIONS] if spec.external else []))
    made_of = [materialized_days(instance, spec, name) for name in landed_assets]
    arrived = {day: max(one.get(day, 0) for one in made_of) for day in {*chain(*made_of)}}
    reach = spec.lookback
    windows = timedelta(days=reach.history + max(reach.predictions, reach.season))
    streams = spec.monitors.performance.streaming is not None
    limits = (spec.retention.landing_days, spec.retention.predictions_days)
    kept = min((timedelta(days=days) for days in limits if days is not None), default=None)
    again: dict[date, set[str]] = defaultdict(set)
    for asset in (DRIFT_METRICS, PERFORMANCE_METRICS):
        made = materialized_days(instance, spec, asset)
        for day in _older(made, arrived, timedelta.max if streams else windows):
            if kept is None or day - windows >= max(made) - kept:
                again[day].add(asset)
                if spec.derived_columns and asset == DRIFT_METRICS:
                    again[day].add(FEATURES)
    landed = max(arrived.values(), default=0)
    return [
        Again(first, last, tuple(name for name in DAILY_ASSETS if name in again[first]), landed)
        for first, last in ranges(again, alike=lambda day: frozenset(again[day]))
    ]


def _older(made: Mapping[date, int], arrived: Mapping[date, int], lookback: timedelta) -> set[date]:
    """The days that were made before a day of their lookback arrived."""
    late: list[date] = []
    earliest: float = inf
    for day in sorted({*made, *arrived}, reverse=True):
        if arrived.get(day, 0) > earliest:
            late.append(day)
        earliest = min(earliest, made.get(day, inf))
    return {
        other
        for day in late
        for other, number in made.items()
        if timedelta(0) < other - day <= lookback and number < arrived[day]
    }
