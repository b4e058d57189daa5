"""The assets `events`, `labels` and `features`: what arrived, screened and kept by day."""

from collections.abc import Callable, Iterator
from datetime import date

import dagster as dg

from mlops_drift.assets import column_lineage
from mlops_drift.assets.common import (
    EVENTS,
    FEATURES,
    LABELS,
    SERVED,
    Metadata,
    asset_key,
    days_of,
    model_asset,
    row_count,
)
from mlops_drift.assets.failures import Failures
from mlops_drift.assets.judged import judged
from mlops_drift.checks import keys
from mlops_drift.checks.latest import report_apart, report_last_day
from mlops_drift.checks.monitors import monitor_check, monitor_specs
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.late_days import make_late_features
from mlops_drift.monitors.base import Asset
from mlops_drift.monitors.data_quality import DataQuality
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import Landed, judge_labels_again, land_events, land_labels
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.resources import LakeResource
from mlops_drift.schema.days import span
from mlops_drift.sources.base import Source
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.tables import Table

# Metadata of `events`: the days of labels that were judged again when they landed.
JUDGED_AGAIN = "labels judged again"

CODE = ("sources", "schema", "monitors", "checks")


def landing_assets(spec: ModelSpec, source: Source) -> list[dg.AssetsDefinition]:
    """Builds the three assets."""
    lineage = column_lineage.of_features(spec)

    @model_asset(
        spec,
        EVENTS,
        "The events of each day, as they came from the source, checked against the declared "
        f"constraints. Rows that break one are in `{spec.tables.quarantined.name}` with the "
        "reason.",
        code=CODE,
        lands=True,
        table=spec.tables.events,
        upstream=[SERVED] if isinstance(spec.source, ServiceSource) else [],
        check_specs=monitor_specs(spec, EVENTS, asset_key(spec, EVENTS)),
    )
    def events(
        context: dg.AssetExecutionContext, mlops_drift_lake: LakeResource
    ) -> Iterator[dg.MaterializeResult]:
        model, (first, last) = mlops_drift_lake.of(spec), days_of(context)
        landed = land_events(model, source, first, last)
        further: Metadata = {}
        if again := judge_labels_again(model, min([first, *landed.late])):
            _report_again(context.instance, model, again, span(first, last))
            further[JUDGED_AGAIN] = ", ".join(str(item.day) for item in again.evaluations)
        yield from judged(context, model, landed.checks, {**about_landed(landed), **further})

    labels = arriving_asset(
        spec,
        LABELS,
        "The labels that arrived on each day, whichever day their event was. Those without an "
        "event are kept, counted, and used nowhere.",
        spec.tables.labels,
        lambda model, first, last: land_labels(model, source, first, last),
    )

    @model_asset(
        spec,
        FEATURES,
        "The features of each day's events: what the model sees. What features.sql derives rests "
        "on nothing later than the day.",
        code=("schema",),
        table=spec.tables.features,
        # Derived features may look at the labels of earlier days, which a range run lands too.
        upstream=[EVENTS, LABELS] if spec.derived_columns else [EVENTS],
    )
    def features(
        context: dg.AssetExecutionContext, mlops_drift_lake: LakeResource
    ) -> dg.MaterializeResult:
        model, days = mlops_drift_lake.of(spec), days_of(context)
        rows = make_features(model, *days)
        late = ", ".join(map(str, make_late_features(model, *days)))
        again: Metadata = {"made again for late rows": late} if late else {}
        return dg.MaterializeResult(metadata={**row_count(rows), **again, **lineage})

    return [events, features, labels]


def arriving_asset(
    spec: ModelSpec,
    asset: Asset,
    description: str,
    table: Table,
    land: Callable[[ModelContext, date, date], Landed],
) -> dg.AssetsDefinition:
    """Builds the asset of what arrives about events, on days that may be later than theirs."""

    @model_asset(
        spec,
        asset,
        description,
        code=CODE,
        lands=True,
        table=table,
        # It is matched with the events known so far.
        upstream=[EVENTS],
        check_specs=monitor_specs(spec, asset, asset_key(spec, asset)),
    )
    def arrived(
        context: dg.AssetExecutionContext, mlops_drift_lake: LakeResource
    ) -> Iterator[dg.MaterializeResult]:
        model = mlops_drift_lake.of(spec)
        landed = land(model, *days_of(context))
        yield from judged(context, model, landed.checks, about_landed(landed))

    return arrived


def _report_again(
    instance: dg.DagsterInstance, model: ModelContext, again: Monitored, landed: str
) -> None:
    """Reports how days of labels are judged now that earlier events have landed."""
    quality = DataQuality(model.spec.monitors.quality)
    why = f"; judged again, because events of {landed} have landed since"
    key, failures = asset_key(model.spec, LABELS), Failures(model)
    about = failures.on(again.context.days[-1])
    report_apart(instance, monitor_check(key, quality, again, why, about_failure=about))
    report_last_day(instance, key, [quality], model, again, failures.on)


def about_landed(landed: Landed) -> Metadata:
    """How many rows landed, and where all rows of the source are."""
    account = landed.account
    late = ", ".join(f"{day}: {n:,}" for day, n in landed.late.items())
    noted: Metadata = {
        "changed since it landed": "; ".join(
            f"{day}: {one.new:,} new, {one.changed:,} changed, {one.gone:,} gone"
            for day, one in landed.again.items()
        ),
        "late rows": sum(landed.late.values()),
        "late rows by day": late,
        "changed or quarantined late rows": sum(account.late.values()),
        "no longer in the source": account.gone,
        "look at": account.note,
    }
    reasons = [{keys.REASON: why, keys.ROWS: n} for why, n in landed.quarantined.items()]
    return {
        **row_count(landed.rows),
        "quarantined rows": sum(landed.quarantined.values()),
        "rows of the source": account.rows,
        "landed or quarantined": account.recorded,
        "waiting for their day": account.waiting,
        **{name: value for name, value in noted.items() if value},
        **({"quarantined": verdict_table(reasons)} if reasons else {}),
    }
