"""Where a model stands: its days, its champion, its checks, its last decisions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.decisions import decide_now, published
from mlops_drift.lifecycle.promotion import waiting_decision
from mlops_drift.lifecycle.shadow.scoring import shadow_summary
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.pipeline.landing import EVENTS, LABELS
from mlops_drift.pipeline.ledger import read_account
from mlops_drift.store.model_store import ModelStore


def read_status(model: ModelContext) -> dict[str, Any]:
    """Where a model stands at the end of its last day.

    Returns:
        model, last_day, champion (version, as_of, metric, value, training_set), events,
        predictions, labels, labels_without_event, rejected, sources (of events and of labels, where
        all rows are: rows, recorded, waiting, gone, late by day, note), checks (the verdicts of the
        last day),
        shadow (of the challenger that waits: version, since, and windows, how it does beside the
        champion), next (what the policy says now), label_coverage (predictions without label by
        age), missing_days (day, source, file: days that still have no file)
        and decisions.
    """
    store = model.store
    last = store.landing.last_landed_day()
    promotions = store.versions.promotions()
    tables = store.tables
    counted = {
        name: store.lake.query("SELECT count(*) AS n FROM t", t=table)["n"][0].as_py()
        for name, table in (
            ("events", tables.events),
            ("labels", tables.labels),
            ("rejected", tables.quarantined),
            ("predictions", tables.predictions),
        )
    }
    champion = store.versions.get(promotions[-1].version) if promotions else None
    decision = decide_now(model, last) if last else None
    return {
        "model": model.spec.name,
        "last_day": last,
        "champion": {
            "version": champion.version,
            "as_of": promotions[-1].as_of,
            "family": champion.family,
            "metric": champion.metric,
            "test_value": champion.value,
            "training_set": champion.training_set,
            "rows": champion.rows,
        }
        if champion
        else None,
        **counted,
        "labels_without_event": sum(store.labels.unmatched(model.spec.start_date, last).values())
        if last
        else 0,
        "sources": {
            source: {
                **vars(account),
                "late": _by_day(account.late),
                "gone_days": _by_day(account.gone_days),
            }
            for source in (EVENTS, LABELS)
            if (account := read_account(store, source))
        },
        "checks": _checks(store, last) if last else [],
        "shadow": _shadow(store),
        "next": f"{decision.action}: {decision.reason}"
        if decision
        else _first(store, counted["rejected"]),
        "label_coverage": [vars(one) for one in store.labels.coverage(last)] if last else [],
        "missing_days": store.landing.missing_files(model.spec.start_date, date.max),
        "decisions": [published(record) for record in store.decisions.records(idle=False)],
    }


def _by_day(rows: Mapping[date, int]) -> list[dict[str, Any]]:
    return [{"day": day, "rows": number} for day, number in rows.items()]


def _first(store: ModelStore, quarantined: int) -> str:
    """What to do as long as no day has a row."""
    if not quarantined:
        return "materialize a first day"
    [most] = store.lake.rows(
        "SELECT reason FROM r GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 1",
        r=store.tables.quarantined,
    )
    return (
        f"repair the source, of which no row could be used ({most['reason']}); all of them are in "
        f"{store.tables.quarantined.name}"
    )


def _shadow(store: ModelStore) -> dict[str, Any] | None:
    waiting = waiting_decision(store)
    if waiting is None or waiting.outcome is None or waiting.challenger is None:
        return None
    version = waiting.challenger
    return {
        "version": version,
        "since": waiting.outcome.day,
        "windows": shadow_summary(store, version),
    }


def _checks(store: ModelStore, last: date) -> list[dict[str, Any]]:
    """The worst evaluation of each check on the last day that it had one."""
    worst: dict[str, CheckEvaluation] = {}
    for item in worst_first(store.checks.latest(last)):
        worst.setdefault(item.check, item)
    return [_as_of(worst[check], last) for check in sorted(worst)]


def _as_of(item: CheckEvaluation, last: date) -> dict[str, Any]:
    """An evaluation as the command shows it; one of an earlier day says nothing about the last."""
    if item.day != last:
        reason = f"unknown since {item.day}; last result {item.verdict}: {item.reason}"
        item = replace(item, verdict="unknown", reason=reason)
    return {
        "day": item.day,
        "check": item.check,
        "version": item.version,
        "column": item.subject,
        "value": item.value,
        "threshold": item.threshold,
        "n": item.n,
        "verdict": item.verdict,
        "reason": item.reason,
    }
