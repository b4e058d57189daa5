"""Events and labels of some days: read, screened, and put into the lake."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.quality import QualityVerdict, judge_quality
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.ledger import Account
from mlops_drift.pipeline.missing_days import in_short, recorded, without_events
from mlops_drift.pipeline.received import BEFORE_START, TOO_LATE, Landing
from mlops_drift.pipeline.screening import CORRECTED, Screened, screen_events, screen_labels
from mlops_drift.schema.days import ranges
from mlops_drift.sources.base import Batch, Source, TableName
from mlops_drift.sql import literal
from mlops_drift.store.lake import Scan

# The value between the column's name and what is wrong with it.
VALUE = re.compile(
    r"^([^:]*: ).*?((?:is not|is below|is above|is a floating-point number|"
    rf"{BEFORE_START}|{TOO_LATE})\b)",
    re.DOTALL,
)

EVENTS: TableName = "events"
LABELS: TableName = "labels"
UNKNOWN_KEY = "no event has this key so far"


@dataclass(frozen=True)
class Landed:
    """What landed, what was quarantined, and whether that is acceptable.

    Attributes:
        rows: accepted rows.
        quarantined: quarantined rows, by reason.
        quality: the verdict of each day.
        account: where all rows of the source are.
    """

    rows: int
    quarantined: dict[str, int]
    quality: dict[date, QualityVerdict]
    account: Account


def land_events(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the events of the days `first` to `last`, replacing what was there.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and nothing else is changed.
    """
    with recorded(model, source, first, last):
        batch = source.events(first, last)
    to = Destination.of(model, EVENTS)
    return _land(model, to, batch, screen_events(to, batch, first, last), first, last)


def land_labels(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the labels that arrived on the days `first` to `last`, replacing what was there.

    A label without an event on that day stays in the table, counts against the quality, and is used
    nowhere. One that was corrected on its own day is quarantined; that is no fault.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and nothing else is changed.
    """
    with recorded(model, source, first, last):
        batch = source.labels(first, last)
    to = Destination.of(model, LABELS)
    return _land(model, to, batch, screen_labels(to, batch), first, last)


def _land(
    model: ModelContext, to: Destination, batch: Batch, screened: Screened, first: date, last: date
) -> Landed:
    landing = Landing(to, batch, first, last)
    quarantined, account = landing.put(screened.accepted, screened.quarantined)
    arrived = Counter(screened.accepted["day"].to_pylist())
    has_labels = to.source == LABELS and arrived
    unmatched = model.store.labels.unmatched(first, last) if has_labels else {}
    champions = model.store.versions.champions(first, last)
    quality = _verdicts(model, to.source, champions, arrived, quarantined, unmatched)
    for day, note in screened.notes.items():
        # Perhaps nothing of the column was there; perhaps it has another name.
        found = quality[day]
        verdict = "unknown" if found.verdict == "pass" else found.verdict
        quality[day] = replace(found, verdict=verdict, reason=f"{found.reason}; {note}")
    rows = [
        {
            "day": day,
            "source": to.source,
            "version": champion.version if (champion := champions[day]) else 0,
            **asdict(verdict),
            "origin": batch.origins[day].place if day in batch.origins else None,
            "digest": batch.origins[day].digest if day in batch.origins else None,
        }
        for day, verdict in quality.items()
    ]
    _store_quality(model, to.source, rows, first, last)
    return Landed(screened.accepted.num_rows, quarantined_by_reason(quarantined), quality, account)


def _store_quality(
    model: ModelContext, source: str, rows: list[dict[str, Any]], first: date, last: date
) -> None:
    table = model.store.tables.quality
    data = pa.Table.from_pylist(rows, schema=table.schema)
    where = f"source = {literal(source)}"
    model.store.lake.replace_days(table, first, last, data, where=where)


def _verdicts(
    model: ModelContext,
    source: str,
    days: Collection[date],
    arrived: Mapping[date, int],
    quarantined: pa.Table,
    unmatched: Mapping[date, int],
) -> dict[date, QualityVerdict]:
    # Labels without an event may be those of a day whose events have not come.
    lost = (
        without_events(model.store, model.spec.start_date, max(days))
        if any(unmatched.values())
        else []
    )
    verdicts = {}
    for day in days:
        faults = quarantined_by_reason(quarantined.filter(pc.equal(quarantined["day"], day)))
        faults = {reason: n for reason, n in faults.items() if not _is_no_fault(reason)}
        faults[UNKNOWN_KEY] = unmatched.get(day, 0)
        accepted = arrived.get(day, 0) - faults[UNKNOWN_KEY]
        verdict = judge_quality(accepted, faults, source, model.spec.monitors.quality)
        known = in_short([past for past in lost if past <= day and faults[UNKNOWN_KEY]])
        verdicts[day] = replace(verdict, reason=verdict.reason + known)
    return verdicts


def judge_labels_again(model: ModelContext, first: date) -> dict[date, QualityVerdict]:
    """Judges labels that landed before events did that came on a day from `first` on.

    They are judged by what is stored: labels without an event may have one by now.

    Returns:
        The verdicts that are others now, and that of the last day of labels; nothing where all are
        as they were.
    """
    store = model.store
    stored = {
        row["day"]: row
        for row in store.lake.rows(
            f"SELECT * FROM q WHERE source = '{LABELS}' AND (origin IS NULL OR digest IS NOT NULL)",
            q=Scan(store.tables.quality, first),
        )
    }
    if not stored:
        return {}
    last = max(stored)
    labels = Scan(store.tables.labels, first, last)
    landed = store.lake.rows("SELECT day, count(*) AS n FROM l GROUP BY day", l=labels)
    quarantined = store.lake.query(
        f"SELECT * FROM r WHERE source = {literal(LABELS)}",
        r=Scan(store.tables.quarantined, first, last),
    )
    arrived = {row["day"]: row["n"] for row in landed}
    unmatched = store.labels.unmatched(first, last)
    verdicts = _verdicts(model, LABELS, stored, arrived, quarantined, unmatched)
    changed = {
        day: verdict
        for day, verdict in verdicts.items()
        if verdict.reason != stored[day]["reason"] and _can_tell(model.spec, stored[day], verdict)
    }
    for since, until in ranges(changed):
        rows = [{**stored[day], **asdict(changed[day])} for day in changed if since <= day <= until]
        _store_quality(model, LABELS, rows, since, until)
    return {**changed, last: verdicts[last]} if changed else {}


def _can_tell(spec: ModelSpec, stored: Mapping[str, Any], verdict: QualityVerdict) -> bool:
    """Whether a day can be judged again: its labels, and their events, may be gone by now."""
    if spec.retention.landing_days is None:
        return True
    return bool(verdict.n == stored["n"] and verdict.value < stored["value"])


def _is_no_fault(reason: str) -> bool:
    return reason == CORRECTED or f": {BEFORE_START}" in reason


def quarantined_by_reason(quarantined: pa.Table) -> dict[str, int]:
    """Quarantined rows by the first thing that is wrong with them, the value itself left out."""
    counts = Counter(
        VALUE.sub(r"\1\2", reasons.split("; ", 1)[0])
        for reasons in quarantined["reason"].to_pylist()
    )
    return dict(sorted(counts.items()))
