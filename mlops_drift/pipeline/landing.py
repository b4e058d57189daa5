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
from mlops_drift.pipeline.constraints import CORRECTED, Screened, screen_events, screen_labels
from mlops_drift.pipeline.ledger import Account, Destination
from mlops_drift.pipeline.missing_days import in_short, ranges, recorded, without_events
from mlops_drift.pipeline.received import BEFORE_START, TOO_LATE, Landing
from mlops_drift.sources.base import Batch, Source
from mlops_drift.sql import literal
from mlops_drift.store.lake import Scan

# The value between the column's name and what is wrong with it.
VALUE = re.compile(
    r"^([^:]*: ).*?((?:is not|is below|is above|is a floating-point number|"
    rf"{BEFORE_START}|{TOO_LATE})\b)",
    re.DOTALL,
)

EVENTS = "events"
LABELS = "labels"
UNKNOWN_KEY = "no event has this key so far"


@dataclass(frozen=True)
class Landed:
    """What landed, what was kept aside, and whether that is acceptable.

    Attributes:
        rows: accepted rows.
        rejected: rows in the rejected table, by reason.
        quality: the verdict of each day.
        account: where all rows of the source are.
    """

    rows: int
    rejected: dict[str, int]
    quality: dict[date, QualityVerdict]
    account: Account


def land_events(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the events of the days `first` to `last`, replacing what was there.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and nothing else is changed.
    """
    with recorded(model, source, first, last):
        batch = source.events(first, last)
    table, rejected = model.store.tables.events, model.store.tables.quarantined
    screened = screen_events(
        model.store.lake,
        batch,
        first,
        last,
        model.spec.key,
        model.spec.source_columns,
        table,
        rejected,
    )
    to = Destination(model.spec, model.store, EVENTS, table, model.spec.source_columns)
    landing = Landing(to, batch, first, last)
    quarantined, account = landing.put(screened.accepted, screened.rejected)
    quality = _judge(model, EVENTS, batch, screened, quarantined, {}, first, last)
    return Landed(screened.accepted.num_rows, quarantined_by_reason(quarantined), quality, account)


def land_labels(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the labels that arrived on the days `first` to `last`, replacing what was there.

    A label whose key no event has on that day stays in the table, counts against the quality, and
    is used nowhere. One that was corrected on its own day is kept aside; that is no fault.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and nothing else is changed.
    """
    spec = model.spec
    with recorded(model, source, first, last):
        batch = source.labels(first, last)
    table, rejected = model.store.tables.labels, model.store.tables.quarantined
    screened = screen_labels(model.store.lake, batch, spec.key, spec.target, table, rejected)
    to = Destination(spec, model.store, LABELS, table, {spec.target.column: spec.target.labels})
    landing = Landing(to, batch, first, last)
    quarantined, account = landing.put(screened.accepted, screened.rejected)
    unmatched = model.store.labels.unmatched(first, last) if screened.accepted.num_rows else {}
    quality = _judge(model, LABELS, batch, screened, quarantined, unmatched, first, last)
    return Landed(screened.accepted.num_rows, quarantined_by_reason(quarantined), quality, account)


def _judge(
    model: ModelContext,
    source: str,
    batch: Batch,
    screened: Screened,
    quarantined: pa.Table,
    unmatched: Mapping[date, int],
    first: date,
    last: date,
) -> dict[date, QualityVerdict]:
    """Judges the quality of each day, and stores the verdicts with where the rows came from."""
    arrived = Counter(screened.accepted["day"].to_pylist())
    champions = model.store.versions.champions(first, last)
    verdicts = _verdicts(model, source, champions, arrived, quarantined, unmatched)
    for day, note in screened.notes.items():
        said = verdicts[day]
        # Perhaps nothing of the column was there; perhaps it is called otherwise.
        verdict = "unknown" if said.verdict == "pass" else said.verdict
        verdicts[day] = replace(said, verdict=verdict, reason=f"{said.reason}; {note}")
    rows = [
        {
            "day": day,
            "source": source,
            "version": champion.version if (champion := champions[day]) else 0,
            **asdict(verdict),
            "origin": batch.origins[day].place if day in batch.origins else None,
            "digest": batch.origins[day].digest if day in batch.origins else None,
        }
        for day, verdict in verdicts.items()
    ]
    table = model.store.tables.quality
    model.store.lake.replace_days(
        table,
        first,
        last,
        pa.Table.from_pylist(rows, schema=table.schema),
        where=f"source = '{source}'",
    )
    return verdicts


def _verdicts(
    model: ModelContext,
    source: str,
    days: Collection[date],
    arrived: Mapping[date, int],
    quarantined: pa.Table,
    unmatched: Mapping[date, int],
) -> dict[date, QualityVerdict]:
    # Labels of no event may be those of a day whose events have not come.
    lost = (
        without_events(model.store, model.spec.start_date, max(days))
        if any(unmatched.values())
        else []
    )
    verdicts = {}
    for day in days:
        aside = quarantined_by_reason(quarantined.filter(pc.equal(quarantined["day"], day)))
        aside = {reason: n for reason, n in aside.items() if not _is_no_fault(reason)}
        aside[UNKNOWN_KEY] = unmatched.get(day, 0)
        accepted = arrived.get(day, 0) - aside[UNKNOWN_KEY]
        verdict = judge_quality(accepted, aside, source, model.spec.monitors.quality)
        known = in_short([past for past in lost if past <= day and aside[UNKNOWN_KEY]])
        verdicts[day] = replace(verdict, reason=verdict.reason + known)
    return verdicts


def judge_labels_again(model: ModelContext, first: date) -> dict[date, QualityVerdict]:
    """Judges labels that landed before events did that came on a day from `first` on.

    They are judged by what is stored: labels of no event may be those of an event by now.

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
    quality = store.tables.quality
    for since, until in ranges(changed):
        rows = [{**stored[day], **asdict(changed[day])} for day in changed if since <= day <= until]
        data = pa.Table.from_pylist(rows, schema=quality.schema)
        store.lake.replace_days(quality, since, until, data, where=f"source = '{LABELS}'")
    return {**changed, last: verdicts[last]} if changed else {}


def _can_tell(spec: ModelSpec, stored: Mapping[str, Any], verdict: QualityVerdict) -> bool:
    """Whether a day can be judged again: its labels, and their events, may be gone by now."""
    if spec.retention.landing_days is None:
        return True
    return bool(verdict.n == stored["n"] and verdict.value < stored["value"])


def _is_no_fault(reason: str) -> bool:
    return reason == CORRECTED or f": {BEFORE_START}" in reason


def quarantined_by_reason(rejected: pa.Table) -> dict[str, int]:
    """Rejected rows by the first thing that was wrong with them, the value itself left out."""
    counts = Counter(
        VALUE.sub(r"\1\2", reasons.split("; ", 1)[0]) for reasons in rejected["reason"].to_pylist()
    )
    return dict(sorted(counts.items()))
