"""The check `approval_pending` of the champion: whether a challenger waits for a person."""

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from mlops_drift.checks import keys
from mlops_drift.checks.latest import report_apart
from mlops_drift.checks.report import check_result
from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.health import longest_window, waiting_sentence, ways_out
from mlops_drift.lifecycle.status import read_shadow

APPROVAL_PENDING = "approval_pending"
# Of the window: the difference in the metric, challenger less champion, with its interval.
_NUMBERS = {keys.VALUE: "difference", keys.LOWER: "lower", keys.UPPER: "upper", keys.ROWS: "n"}


def approval_spec(champion: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares the check."""
    return dg.AssetCheckSpec(
        APPROVAL_PENDING,
        asset=champion,
        description="Warns while a challenger waits for a person, who approves or rejects it.",
    )


def approval_check(champion: dg.AssetKey, model: ModelContext) -> dg.AssetCheckResult:
    """Which challenger waits, since when, how it does, and the commands that end the wait."""
    shadow = read_shadow(model.store)
    if shadow is None:
        passed = "no challenger waits for approval"
        return check_result(champion, APPROVAL_PENDING, "pass", passed, {}, "", {}, {}, warns=True)
    version = shadow["version"]
    commands = " or ".join(ways_out(model.spec.name, version))
    window = longest_window(shadow)
    return check_result(
        champion,
        APPROVAL_PENDING,
        "fail",
        f"{waiting_sentence(shadow, bool(model.store.versions.promotions()))} {commands}",
        {name: window[of] for name, of in _NUMBERS.items()} if window else {},
        f"{commands}; or materialize champion with a transition, by and reason in the launchpad",
        {keys.VERSION: str(version), "waits since": str(shadow["since"])},
        {},
        warns=True,
    )


def report_approval(
    instance: dg.DagsterInstance, champion: dg.AssetKey, model: ModelContext
) -> None:
    """Reports the check outside of a run of the champion: its page is where one approves.

    Where nobody waits, and the page says so, nothing is reported.
    """
    result = approval_check(champion, model)
    key = dg.AssetCheckKey(champion, APPROVAL_PENDING)
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    is_known = latest is None or latest.status is AssetCheckExecutionRecordStatus.SUCCEEDED
    if not (result.passed and is_known):
        report_apart(instance, result)
