"""Where a model stands: its days, its champion, its checks, its last decisions."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.decisions import decide_now, published
from mlops_drift.lifecycle.promotion import waiting_decision
from mlops_drift.lifecycle.shadow.scoring import shadow_summary
from mlops_drift.monitors.checks import DATA_QUALITY
from mlops_drift.pipeline.landing import EVENTS, LABELS
from mlops_drift.pipeline.ledger import read_account
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore


def read_status(
    model: ModelContext,
) -> dict[str, Any]:
    """Where a model stands at the end of its last day.

    Returns:
        model, last_day, champion (version, as_of, metric, value, training_set), events,
        predictions, labels, labels_without_event, rejected, sources (of events and of labels, where
        all rows are: rows, recorded, waiting, gone, late by day, note), checks (the verdicts of the
        last day),
        shadow (of the challenger that waits: version, since, and windows, how it does beside the
        champion), next (what the policy says now), label_coverage (predictions without label by
        age), missing_days (day, source, file: days that had no file, of which none has come since)
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
        "checks": [_as_of(row, last) for row in _checks(store, last)] if last else [],
        "shadow": _shadow(store),
        "next": f"{decision.action}: {decision.reason}"
        if decision
        else _first(store, counted["rejected"]),
        "label_coverage": _coverage(store, last) if last else [],
        "missing_days": store.landing.missing_files(model.spec.start_date, date.max),
        "decisions": [published(record) for record in store.decisions.records(idle=False)],
    }


def _by_day(rows: Mapping[date, int]) -> list[dict[str, Any]]:
    return [{"day": day, "rows": number} for day, number in rows.items()]


def _first(store: ModelStore, rejected: int) -> str:
    """What to do as long as no day has a row."""
    if not rejected:
        return "materialize a first day"
    [most] = store.lake.rows(
        "SELECT reason FROM r GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 1",
        r=store.tables.quarantined,
    )
    return (
        f"mend the source, of which no row could be used ({most['reason']}); all of them are in "
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


def _as_of(row: dict[str, Any], last: date) -> dict[str, Any]:
    """A verdict of an earlier day says nothing about the last one."""
    if row["day"] == last:
        return row
    reason = f"nothing to judge since {row['day']}, when it was {row['verdict']}: {row['reason']}"
    return {**row, "verdict": "unknown", "reason": reason}


def _coverage(store: ModelStore, last: date) -> list[dict[str, Any]]:
    table = store.tables.label_coverage
    return store.lake.rows(
        "SELECT * FROM c WHERE day = (SELECT max(day) FROM c) ORDER BY age_from",
        c=Scan(table, until=last),
    )


def _checks(store: ModelStore, last: date) -> list[dict[str, Any]]:
    """The worst number of each check on the last day that it had one.

    A day without a file of events is not well because its labels are, nor the other way round.
    """
    return store.lake.rows(
        f"""
        WITH numbers AS (
            SELECT day, "check", version, "column", value, threshold, n, verdict, reason,
                   false AS missing
            FROM drift
            UNION ALL
            SELECT day, "check", version, metric, value, threshold, n, verdict, reason, false
            FROM performance
            UNION ALL
            SELECT day, '{DATA_QUALITY}', version, source, value, threshold, n, verdict, reason,
                   origin IS NOT NULL AND digest IS NULL
            FROM quality
        )
        SELECT * EXCLUDE (missing) FROM numbers
        QUALIFY day = max(day) OVER (PARTITION BY "check")
            AND row_number() OVER (
                PARTITION BY "check", day
                ORDER BY (CASE WHEN verdict = 'fail' THEN 0 WHEN missing THEN 1
                               WHEN verdict = 'pass' THEN 2 ELSE 3 END),
                    abs(value - threshold), "column") = 1
        ORDER BY "check"
        """,
        drift=Scan(store.tables.drift, until=last),
        performance=Scan(store.tables.performance, until=last),
        quality=Scan(store.tables.quality, until=last),
    )
