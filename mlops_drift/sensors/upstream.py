"""The sensor that runs a day once what is upstream of it is there, in place of the clock."""

from datetime import date
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from mlops_drift.assets.common import DAY_TAG, EVENTS, REASON_TAG, asset_key, partitions
from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_job_name
from mlops_drift.sensors.runs import OPEN_STATUSES, days_of_run, materialized_days

# Days that are asked for at once; the next look asks for more.
MOST_DAYS = 10


def upstream_sensor(spec: ModelSpec, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Builds the sensor.

    It asks for each day once. A day whose run has failed before its events landed is asked for
    again when something upstream of it is materialized again.
    """

    @dg.sensor(
        name=f"{spec.name}_upstream_sensor",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Runs {daily_job_name(spec.name)} for each day whose upstream assets are "
        "there: their partitions of the day, or, without partitions, a materialization after its "
        "end.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason | list[dg.RunRequest]:
        instance, definitions = context.instance, context.repository_def
        if definitions is None:
            raise ValueError("the sensor needs the definitions that it was loaded with")
        upstream = Upstream(instance, definitions.asset_graph, spec)
        runs = instance.get_runs(
            dg.RunsFilter(job_name=daily_job_name(spec.name), statuses=OPEN_STATUSES)
        )
        done = {day for run in runs for day in days_of_run(run)}
        done |= materialized_days(instance, spec, EVENTS).keys()
        keys = partitions(spec).get_partition_keys()
        waiting = [day for day in map(date.fromisoformat, keys) if day not in done]
        requests: list[dg.RunRequest] = []
        for day in waiting:
            since = upstream.complete_since(day)
            if since is not None and len(requests) < MOST_DAYS:
                requests.append(_run_of(day, since))
        if requests:
            return requests
        if not waiting:
            return dg.SkipReason("every day has run, or is queued or running")
        names = ", ".join(key.to_user_string() for key in upstream.keys)
        return dg.SkipReason(f"{waiting[0]} waits for {names}")

    return sensor


def _run_of(day: date, since: int) -> dg.RunRequest:
    tags = {DAY_TAG: str(day), REASON_TAG: "upstream"}
    return dg.RunRequest(run_key=f"{day} after {since}", partition_key=str(day), tags=tags)


class Upstream:
    """What is there of the assets upstream of a model; each is asked for once.

    Of an asset with partitions, those that a day of the model is mapped to are needed. Without any,
    the asset is needed as it is after the end of the day. One that is in another code location,
    which says nothing of its partitions here, has them if it ever had one, named like days.
    """

    def __init__(
        self, instance: dg.DagsterInstance, graph: BaseAssetGraph[Any], spec: ModelSpec
    ) -> None:
        self._graph, self._events, self._days = graph, asset_key(spec, EVENTS), partitions(spec)
        self.keys = [dg.AssetKey(key) for key in spec.deps]
        event = dg.DagsterEventType.ASSET_MATERIALIZATION
        self._parts = {
            key: instance.get_latest_storage_id_by_partition(key, event) for key in self.keys
        }
        self._latest = {
            key: list(instance.fetch_materializations(key, limit=1).records) for key in self.keys
        }

    def complete_since(self, day: date) -> int | None:
        """The number of the last event that completed what a day needs; None while it waits."""
        found = self._graph.get_parents_partitions(self._events, str(day))
        needed = {one for one in found.parent_partitions if one.asset_key in self.keys}
        if any(
            one.asset_key in self.keys for one in found.required_but_nonexistent_parents_partitions
        ):
            return None
        numbers = [self._since(one.asset_key, one.partition_key, day) for one in needed]
        known = [number for number in numbers if number is not None]
        return max(known) if len(known) == len(numbers) else None

    def _since(self, key: dg.AssetKey, partition: str | None, day: date) -> int | None:
        parts = self._parts[key]
        if partition is not None or parts:
            return parts.get(partition or str(day))
        end = self._days.time_window_for_partition_key(str(day)).end.timestamp()
        return next((one.storage_id for one in self._latest[key] if one.timestamp >= end), None)
