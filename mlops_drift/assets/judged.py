"""How a daily asset reports its checks: with its run, and then as of the model's last day."""

from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from mlops_drift.assets.common import OUTCOME_TAG, Metadata, asset_key
from mlops_drift.assets.failures import Failures
from mlops_drift.checks.latest import report_last_day
from mlops_drift.checks.monitors import monitor_checks
from mlops_drift.config.context import ModelContext
from mlops_drift.drift.sentences import count
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.monitoring import Monitored


def judged(
    context: dg.AssetExecutionContext, model: ModelContext, found: Monitored, metadata: Metadata
) -> Iterator[dg.MaterializeResult]:
    """The materialization of an asset with its checks, and what can only be said after it."""
    spec, asset = model.spec, found.asset
    key = asset_key(spec, asset)
    failures = Failures(model)
    about = failures.on(found.context.days[-1])
    results = monitor_checks(spec, key, found, about)
    yield dg.MaterializeResult(metadata=metadata, check_results=results)
    if any(_is_alarm(result) for result in results):
        _tag_failed(context.instance, context.run_id)
    monitors = monitors_of(spec.monitors, asset)
    report_last_day(context.instance, key, monitors, model, found, failures.on)


def _tag_failed(instance: dg.DagsterInstance, run_id: str) -> None:
    """Names on a run the checks that have failed in it: it is a success all the same."""
    records = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    events = [record.event_log_entry.dagster_event for record in records]
    said = [event.event_specific_data for event in events if event]
    failed = [
        one.check_name for one in said if isinstance(one, AssetCheckEvaluation) and _is_alarm(one)
    ]
    names = ", ".join(dict.fromkeys(failed))
    outcome = f"{count(len(failed), 'check')} failed: {names}"
    instance.add_run_tags(run_id, {OUTCOME_TAG: outcome})


def _is_alarm(result: dg.AssetCheckResult | AssetCheckEvaluation) -> bool:
    return not result.passed and result.severity is dg.AssetCheckSeverity.ERROR
