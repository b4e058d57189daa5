"""The assets `events`, `labels` and `features`: what arrived, screened and kept by day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg

from mlops_drift.assets.common import (
    EVENTS,
    FEATURES,
    LABELS,
    asset_key,
    asset_options,
    counts_table,
    days_of,
    row_count,
)
from mlops_drift.checks.monitors import monitor_check, monitor_checks, monitor_specs
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.data_quality import DataQuality
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import Landed, judge_labels_again, land_events, land_labels
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.resources import LakeResource
from mlops_drift.sources.base import Source

# Metadata of `events`: the days of labels that were judged again when they landed.
JUDGED_AGAIN = "labels judged again"

CODE = ("sources", "schema", "monitors", "checks")


def landing_assets(spec: ModelSpec, source: Source) -> list[dg.AssetsDefinition]:
    """Builds the three assets.

    Args:
        spec: the model.
        source: where its events and labels come from.
    """
    return [_events(spec, source), _features(spec), _labels(spec, source)]


def _events(spec: ModelSpec, source: Source) -> dg.AssetsDefinition:
    key = asset_key(spec, EVENTS)

    @dg.asset(
        **asset_options(
            spec,
            EVENTS,
            description=f"The events of each day, as they came from the source, checked against "
            f"the declared constraints. Rows that break one are in "
            f"`{spec.tables.quarantined.name}` with the reason.",
            kinds={"deltalake", "duckdb"},
            code=CODE,
            table=spec.tables.events,
            daily=True,
        ),
        check_specs=monitor_specs(spec, EVENTS, key),
    )
    def events(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        model, (first, last) = lake.of(spec), days_of(context)
        landed = land_events(model, source, first, last)
        again = judge_labels_again(model, first)
        further = _show_labels(context.instance, spec, again, first, last) if again else {}
        return _result(spec, key, landed, further)

    return events


def _labels(spec: ModelSpec, source: Source) -> dg.AssetsDefinition:
    key = asset_key(spec, LABELS)

    @dg.asset(
        **asset_options(
            spec,
            LABELS,
            description="The labels that arrived on each day, whichever day their event was. "
            "Those without an event are kept, counted, and used nowhere.",
            kinds={"deltalake", "duckdb"},
            code=CODE,
            table=spec.tables.labels,
            daily=True,
            # Labels are matched with the events known so far.
            upstream=[EVENTS],
        ),
        check_specs=monitor_specs(spec, LABELS, key),
    )
    def labels(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        landed = land_labels(lake.of(spec), source, *days_of(context))
        return _result(spec, key, landed)

    return labels


def _features(spec: ModelSpec) -> dg.AssetsDefinition:
    @dg.asset(
        **asset_options(
            spec,
            FEATURES,
            description="The features of each day's events: what the model sees. What features.sql "
            "derives rests on nothing later than the day.",
            kinds={"deltalake", "duckdb"},
            code=("schema",),
            table=spec.tables.features,
            daily=True,
            # Derived features may look at the labels of earlier days, which a range run lands too.
            upstream=[EVENTS, *([LABELS] if spec.derived_columns else [])],
        )
    )
    def features(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        rows = make_features(lake.of(spec), *days_of(context))
        return dg.MaterializeResult(metadata=row_count(rows.num_rows))

    return features


def _show_labels(
    instance: dg.DagsterInstance, spec: ModelSpec, again: Monitored, first: date, last: date
) -> dict[str, str]:
    """Shows on the page of `labels` how days are judged now that earlier events have landed."""
    of = str(first) if first == last else f"{first} to {last}"
    why = f"; judged again, because events of {of} have landed since"
    key = asset_key(spec, LABELS)
    found = monitor_check(key, DataQuality(spec.monitors.quality), again, why)
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            key,
            DataQuality.name,
            found.passed,
            found.metadata,
            severity=found.severity,
            description=found.description,
        )
    )
    return {JUDGED_AGAIN: ", ".join(str(item.day) for item in again.evaluations)}


def _result(
    spec: ModelSpec, key: dg.AssetKey, landed: Landed, further: Mapping[str, Any] | None = None
) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={
            **row_count(landed.rows),
            "quarantined rows": sum(landed.quarantined.values()),
            "quarantined": counts_table(landed.quarantined, "reason"),
            "rows of the source": landed.account.rows,
            "landed or quarantined": landed.account.recorded,
            "waiting for their day": landed.account.waiting,
            **({"no longer in the source": landed.account.gone} if landed.account.gone else {}),
            **({"look at": landed.account.note} if landed.account.note else {}),
            **(further or {}),
        },
        check_results=monitor_checks(spec, key, landed.checks),
    )
