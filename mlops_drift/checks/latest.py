"""What Dagster shows of a check as its latest result: that of the model's last day.

Dagster takes what was reported last, whatever day it is about. After a run of earlier days, the
last day is therefore reported again: a past failure does not turn a model red that is well, and a
past success does not hide one that is failing.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from mlops_drift.checks.monitors import AboutFailure, monitor_check
from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.base import ROWS, Explanation, Monitor, row_of
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.pipeline.store_context import StoreContext


def report_last_day(
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    monitors: Sequence[Monitor[Any]],
    model: ModelContext,
    ran: Monitored,
    about_failure_on: Callable[[date], AboutFailure],
) -> None:
    """Reports the checks of an asset as of the last day that it has, after a run has reported them.

    A run of the last day alone has done so already; one of several days up to the last has, where
    its worst day is the last one. After a run of earlier days it is without the tables and the
    picture, for which the last day would have to be read again.
    """
    days, store = ran.context.days, model.store
    newest = store.landing.last_landed_day()
    if newest is None or (len(days) == 1 and days[-1] >= newest):
        return
    # The newest day may not have come to this asset yet.
    found = store.checks.on_last_day(ran.asset, newest)
    found = found or store.checks.on_last_day(ran.asset, days[-1])
    if not found:
        return
    last = found[0].day
    was_run = last in days
    context = ran.context if was_run else StoreContext(model, last, last)
    stands = Monitored(context, ran.asset, found)
    for one in monitors:
        said, now = ran.about_served(one.name), stands.about_served(one.name)
        # What was reported is about the worst day of the run.
        if last > days[-1] or (said and worst_first(said)[0].day != last):
            rows = [row_of(item) for item in worst_first(now)[:ROWS]]
            explained = None if was_run else Explanation({"all numbers": rows})
            why, about = f" (as of {last}, the last day)", about_failure_on(last)
            report_apart(instance, monitor_check(key, one, stands, why, explained, about))


def report_apart(instance: dg.DagsterInstance, result: dg.AssetCheckResult) -> None:
    """Reports a check outside of a run, about what its asset is now."""
    key = result.asset_key
    if key is None or result.check_name is None:
        raise ValueError(f"{result} must name its asset and its check")
    made = instance.fetch_materializations(key, limit=1).records
    # Dagster's pages leave out a result that is about an earlier materialization.
    target = [
        AssetCheckEvaluationTargetMaterializationData(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )
        for record in made
    ]
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            key,
            result.check_name,
            result.passed,
            result.metadata,
            next(iter(target), None),
            result.severity,
            result.description,
        )
    )
