"""Events and labels of some days: read, screened, and put into the lake."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import NO_FILE, CheckEvaluation
from mlops_drift.monitors.context import EVENTS, LABELS, PREDICTIONS, LandedDay, SourceName
from mlops_drift.monitors.data_quality import DataQuality
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.late_rows import Changes
from mlops_drift.pipeline.ledger import Account
from mlops_drift.pipeline.living import living_columns, note_columns
from mlops_drift.pipeline.missing_days import in_short, without_events
from mlops_drift.pipeline.monitoring import Monitored, evaluate
from mlops_drift.pipeline.parts import parts
from mlops_drift.pipeline.quarantine import BEFORE_START, TOO_LATE
from mlops_drift.pipeline.received import Landing, Put
from mlops_drift.pipeline.screening import (
    CORRECTED,
    Screened,
    screen_events,
    screen_labels,
    screen_predictions,
)
from mlops_drift.pipeline.served_events import source_of
from mlops_drift.pipeline.store_context import StoreContext
from mlops_drift.schema.day_columns import count_days
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.sources.base import Batch, MissingDayError, Source, TableName
from mlops_drift.sql import literal
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import LandedFile

# The value between the column's name and what is wrong with it.
VALUE = re.compile(
    r"^([^:]*: ).*?((?:is not|is below|is above|is a floating-point number|"
    rf"{BEFORE_START}|{TOO_LATE})\b)",
    re.DOTALL,
)

UNKNOWN_KEY = "no event has this key so far"


@dataclass(frozen=True)
class Landed:
    """How many rows landed, how many were quarantined by reason, and what the checks found.

    Attributes:
        account: where all rows of the source are.
        late: rows that landed on days that had run, by day.
        again: how days that have landed again differ from what had landed of them.
    """

    rows: int
    quarantined: dict[str, int]
    checks: Monitored
    account: Account
    late: Mapping[date, int]
    again: Mapping[date, Changes]


def record_missing(model: ModelContext, table: TableName, places: Mapping[date, str]) -> None:
    """Puts on record that days have no file (by day, its name): their data quality is unknown.

    A day that has landed keeps its rows and what was found in them.
    """
    if not places:
        return
    landed = model.store.landing.landed_days(table, min(places), max(places))
    for first, last in ranges(set(places) - landed):
        days = days_between(first, last)
        files = [LandedFile(day, table, places[day], None, 0) for day in days]
        model.store.landing.put_files(table, files)
        missing = {day: LandedDay(table, missing_file=places[day]) for day in days}
        evaluate(StoreContext(model, first, last, missing), table)


def land_events(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the events of the days `first` to `last`, replacing what was there.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and days before it may have
            landed.
    """
    return _land(model, source, EVENTS, first, last)


def land_labels(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the labels that arrived on the days `first` to `last`, replacing what was there.

    A label without an event on that day stays in the table, counts against the quality, and is used
    nowhere. One that was corrected on its own day is quarantined; that is no fault.

    Raises:
        MissingDayError: as in `land_events`.
    """
    return _land(model, source, LABELS, first, last)


def land_predictions(model: ModelContext, source: Source, first: date, last: date) -> Landed:
    """Lands the predictions, made elsewhere, that arrived on the days, replacing what was there.

    The first one of an event counts. One without an event on that day counts against the quality.

    Raises:
        MissingDayError: as in `land_events`.
    """
    return _land(model, source, PREDICTIONS, first, last)


def _land(model: ModelContext, source: Source, name: SourceName, first: date, last: date) -> Landed:
    source = source_of(model, source)
    rows, by_reason, late, landed = 0, Counter[str](), Counter[date](), {}
    again: dict[date, Changes] = {}
    for since, until in parts(model, name, first, last):
        try:
            batch = _read(source, name, since, until)
        except MissingDayError:
            # Of all tables: what is missing of the events of a day keeps its labels from being
            # read.
            for table in source.tables:
                record_missing(model, table, source.missing_days(table, first, last))
            raise
        accepted, put, found = _put(model, name, batch, since, until, last)
        rows += accepted
        late.update(put.late)
        again.update(put.again)
        by_reason.update(quarantined_by_reason(put.quarantined))
        landed.update(found)
    checks = evaluate(StoreContext(model, first, last, landed), name)
    own_days = days_between(first, last)
    # Of several parts of these days, a later one may have found rows of an earlier one.
    late_days = {day: n for day, n in sorted(late.items()) if day not in own_days}
    return Landed(rows, dict(sorted(by_reason.items())), checks, put.account, late_days, again)


def _read(source: Source, name: SourceName, first: date, last: date) -> Batch:
    match name:
        case "events":
            return source.events(first, last)
        case "labels":
            return source.labels(first, last)
        case "predictions":
            return source.predictions(first, last)


def _screened(to: Destination, batch: Batch, first: date, last: date) -> Screened:
    match to.source:
        case "events":
            return screen_events(to, batch, first, last)
        case "labels":
            return screen_labels(to, batch)
        case "predictions":
            return screen_predictions(to, batch, first, last)


def _put(
    model: ModelContext, name: SourceName, batch: Batch, first: date, last: date, until: date
) -> tuple[int, Put, dict[date, LandedDay]]:
    """Puts what arrived on some days into the lake; the days after them, up to one, land next.

    Returns:
        How many rows were accepted, what `Landing.put` says, and what landed.
    """
    living = living_columns(model, first, last) if name == EVENTS else None
    to = Destination.of(model, name, living, first)
    screened = _screened(to, batch, first, last)
    put = Landing(to, batch, first, last, until).put(screened.accepted, screened.quarantined)
    days, arrived = days_between(first, last), count_days(screened.accepted["day"])
    landed = _landed(model, name, days, arrived, put.quarantined, screened.notes)
    if living is not None:
        for day, columns in screened.absent.items():
            reasons = {
                one: why + living.without(one)
                for one, why in columns.items()
                # What only an earlier version knew may go.
                if one in to.columns or living.without(one)
            }
            landed[day] = replace(landed[day], absent=reasons)
        note_columns(model, living, first, last, screened.absent)
    files = []
    for day in days:
        origin = batch.origins.get(day)
        place, digest = (origin.place, origin.digest) if origin else (None, None)
        files.append(LandedFile(day, name, place, digest, landed[day].n))
    model.store.landing.put_files(name, files)
    return screened.accepted.num_rows, put, landed


def _landed(
    model: ModelContext,
    source: SourceName,
    days: Collection[date],
    arrived: Mapping[date, int],
    quarantined: pa.Table,
    notes: Mapping[date, str],
) -> dict[date, LandedDay]:
    store, first, last = model.store, min(days), max(days)
    likely = first - model.spec.target.usual_delay
    unmatched = {}
    if source != EVENTS:
        of = Destination.of(model, source).table
        unmatched = store.labels.unmatched(first, last, likely, of)
    # Labels without an event may be those of a day whose events are missing.
    lost = without_events(store, model.spec.start_date, last) if unmatched else []
    landed = {}
    for day in days:
        reasons = quarantined_by_reason(quarantined.filter(pc.equal(quarantined["day"], day)))
        unusable = {reason: n for reason, n in reasons.items() if not _is_no_fault(reason)}
        unusable[UNKNOWN_KEY] = unmatched.get(day, 0)
        lacking = in_short([past for past in lost if past <= day]) if day in unmatched else ""
        accepted = arrived.get(day, 0) - unusable[UNKNOWN_KEY]
        landed[day] = LandedDay(source, accepted, unusable, notes.get(day, ""), lacking)
    return landed


def judge_labels_again(model: ModelContext, first: date) -> Monitored | None:
    """Judges labels that landed before events did that came on a day from `first` on.

    They are judged by what is stored: labels without an event may have one by now.

    Returns:
        The evaluations that changed, and those of the last day of labels; None where all are as
        they were.
    """
    store = model.store
    if not store.lake.holds(Scan(store.tables.labels, first)):
        return None
    stored = {
        item.day: item
        for item in store.checks.find(first, checks={DataQuality.name})
        if item.subject == LABELS and item.code != NO_FILE
    }
    if not stored:
        return None
    last = max(stored)
    labels = store.lake.read(Scan(store.tables.labels, first, last))
    arrived = count_days(labels["day"])
    quarantined = store.lake.query(
        f"SELECT * FROM r WHERE source = {literal(LABELS)}",
        r=Scan(store.tables.quarantined, first, last),
    )
    landed = _landed(model, LABELS, stored, arrived, quarantined, {})
    context = StoreContext(model, first, last, landed)
    quality = DataQuality(model.spec.monitors.quality)
    found = {day: quality.evaluate(context, day)[0] for day in stored}
    changed = [
        day
        for day, item in found.items()
        if item.reason != stored[day].reason and _can_judge(model.spec, stored[day], item)
    ]
    for since, until in ranges(changed):
        evaluate(StoreContext(model, since, until, landed), LABELS)
    again = [found[day] for day in sorted({*changed, last})]
    return Monitored(context, LABELS, again) if changed else None


def _can_judge(spec: ModelSpec, stored: CheckEvaluation, item: CheckEvaluation) -> bool:
    """Whether a day can be judged again: its labels, and their events, may be gone by now."""
    if spec.retention.landing_days is None:
        return True
    return item.n == stored.n and item.value < stored.value


def _is_no_fault(reason: str) -> bool:
    return reason == CORRECTED or f": {BEFORE_START}" in reason


def quarantined_by_reason(quarantined: pa.Table) -> dict[str, int]:
    """Quarantined rows by the first thing that was wrong with them, the value itself left out."""
    counts = Counter(
        VALUE.sub(r"\1\2", reasons.split("; ", 1)[0])
        for reasons in quarantined["reason"].to_pylist()
    )
    return dict(sorted(counts.items()))
