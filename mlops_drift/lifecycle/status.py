"""Where a model stands: its days, its champion, its checks, its last decisions."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.check_days import (
    LOOKBACK,
    about_served,
    check_days,
    checks_of_data,
    failing_since,
)
from mlops_drift.lifecycle.decisions import decide_now, published, published_evidence
from mlops_drift.lifecycle.health import health_of
from mlops_drift.lifecycle.promotion import waiting_decision
from mlops_drift.lifecycle.shadow.scoring import shadow_summary
from mlops_drift.lifecycle.unserved import most_common_reason, why_unserved
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import on_last_day
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.labels import coverage
from mlops_drift.pipeline.ledger import Account, read_account
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion
from mlops_drift.store.tables import Table

_OF_CHAMPIONS = ("version", "family", "metric", "training_set", "rows")
_OF_CHECKS = ("day", "check", "version", "column", "value", "threshold", "n", "verdict", "reason")


def read_status(model: ModelContext) -> dict[str, Any]:
    """Where a model stands at the end of its last day, as the JSON of the command has it.

    The champion, rows of each table, where all rows of the sources are, the verdicts of the last
    day, the challenger that waits, what the policy says now, the decisions, and the health that
    follows from all that.
    """
    store = model.store
    last = store.landing.last_landed_day()
    promotions = store.versions.promotions()
    tables = store.tables
    counted = {
        "events": tables.events,
        "labels": tables.labels,
        "rejected": tables.quarantined,
        "predictions": tables.predictions,
    }
    rows = {name: _count(store, table) for name, table in counted.items()}
    accounts = {source: read_account(store, source) for source in model.spec.landed}
    unmatched = store.labels.unmatched(model.spec.start_date, last) if last else {}
    status = {
        "model": model.spec.name,
        "last_day": last,
        "champion": _champion(store, promotions[-1]) if promotions else None,
        **rows,
        "labels_without_event": sum(unmatched.values()),
        **(_external(store, rows) if model.spec.external else {}),
        "sources": {source: _source(one) for source, one in accounts.items() if one},
        "checks": _checks(model, last) if last else [],
        "shadow": read_shadow(store),
        "next": _next(model, last),
        "label_coverage": [vars(one) for one in coverage(model, last)] if last else [],
        "missing_days": store.landing.missing_files(model.spec.start_date, date.max),
        "decisions": [published(record) for record in store.decisions.records(idle=False)],
    }
    unserved = None if promotions else why_unserved(model)
    return {**status, "health": asdict(health_of(status, unserved))}


def _count(store: ModelStore, table: Table) -> int:
    [counted] = store.lake.rows("SELECT count(*) AS n FROM t", t=table)
    return int(counted["n"])


def _external(store: ModelStore, rows: Mapping[str, int]) -> dict[str, object]:
    """Which predictions that are made elsewhere have no event, and which events none of them."""
    landed = _count(store, store.tables.landed_predictions)
    return {
        "predictions_without_event": landed - rows["predictions"],
        "events_without_prediction": rows["events"] - rows["predictions"],
    }


def _champion(store: ModelStore, promotion: Promotion) -> dict[str, object]:
    champion = store.versions.get(promotion.version)
    facts = {name: getattr(champion, name) for name in _OF_CHAMPIONS}
    return {
        **facts,
        "as_of": promotion.as_of,
        "trained_as_of": champion.as_of,
        "serves_since": promotion.serves_since,
        "test_value": champion.value,
    }


def _source(account: Account) -> dict[str, object]:
    by_day = {
        "late": account.late,
        "gone_days": account.gone_days,
        "landed_late": account.landed_late,
    }
    return vars(account) | {
        name: [{"day": day, "rows": number} for day, number in rows.items()]
        for name, rows in by_day.items()
    }


def _next(model: ModelContext, last: date | None) -> str:
    """What the policy says now; as long as no day has a row, what to do."""
    if last:
        decision = decide_now(model, last)
        return f"{decision.action}: {decision.reason}"
    reason = most_common_reason(model.store)
    if reason is None:
        return "materialize a first day"
    return (
        f"repair the source, of which no row could be used ({reason}); all of them are in "
        f"{model.store.tables.quarantined.name}"
    )


def read_shadow(store: ModelStore) -> dict[str, Any] | None:
    """The challenger that waits for a person, since when, and how it does; None without one."""
    waiting = waiting_decision(store)
    if waiting is None or waiting.outcome is None or waiting.challenger is None:
        return None
    version = store.versions.get(waiting.challenger)
    return {
        "version": version.version,
        "since": waiting.outcome.day,
        "metric": version.metric,
        "test_value": version.value,
        "windows": shadow_summary(store, version.version),
    }


def _before(
    since: Mapping[str, date], whoever_serves: Mapping[str, date], worst: CheckEvaluation
) -> date | None:
    """Since when a failing check has failed of earlier versions too, without a pass between."""
    first = whoever_serves.get(worst.check) if worst.verdict == "fail" else None
    return first if first and first < since.get(worst.check, first) else None


def _checks(model: ModelContext, last: date) -> list[dict[str, object]]:
    """The worst evaluation of each check, about who serves, on the last day that it had one.

    With the number of subjects judged and failed on the last day, and since when it fails.
    """
    found = about_served(model, model.store.checks.latest(last, last - LOOKBACK))
    days = check_days(model, last - LOOKBACK, last)
    since = failing_since(days, checks_of_data(model))
    whoever_serves = failing_since(days, {one.check for one in days})
    today = {one.check: one for one in days if one.day == last}
    warns = {one.name for one in monitors_of(model.spec.monitors) if one.warns}
    rows = []
    for worst in on_last_day(found, last):
        row = {**published_evidence(worst), "verdict": worst.verdict}
        counted = today.get(worst.check)
        about = {
            "since": since.get(worst.check) if worst.verdict == "fail" else None,
            "since_before": _before(since, whoever_serves, worst),
            "failing": counted.failing if counted else 0,
            "subjects": counted.subjects if counted else 0,
            "warns": worst.check in warns,
        }
        rows.append({name: row[name] for name in _OF_CHECKS} | about)
    return rows
