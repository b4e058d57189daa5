"""Events and labels of some days: read, screened, and put into the lake."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.lake.constraints import CORRECTED, screen_events, screen_labels
from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.monitoring.quality import QualityVerdict, judge_quality
from mlops_drift.sources.base import Batch, Source
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.missing import in_short, recorded, without_events
from mlops_drift.steps.received import BEFORE_START, TOO_LATE, Account, Landing

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


def land_events(
    spec: ModelSpec, model: ModelLake, source: Source, first: date, last: date
) -> Landed:
    """Lands the events of the days `first` to `last`, replacing what was there.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and nothing else is changed.
    """
    with recorded(spec, model, source, first, last):
        batch = source.events(first, last)
    table, rejected = model.tables.events, model.tables.rejected
    screened = screen_events(
        model.lake, batch, first, last, spec.key, spec.source_columns, table, rejected
    )
    batch = replace(batch, note="; ".join(filter(None, (batch.note, screened.note))))
    landing = Landing(spec, model, EVENTS, table, batch, first, last)
    kept_aside, account = landing.put(screened.accepted, screened.rejected)
    quality = _judge(spec, model, EVENTS, batch, screened.accepted, kept_aside, {}, first, last)
    return Landed(screened.accepted.num_rows, rejected_by_reason(kept_aside), quality, account)


def land_labels(
    spec: ModelSpec, model: ModelLake, source: Source, first: date, last: date
) -> Landed:
    """Lands the labels that arrived on the days `first` to `last`, replacing what was there.

    A label whose key no event has on that day stays in the table, counts against the quality, and
    is used nowhere. One that was corrected on its own day is kept aside; that is no fault.

    Raises:
        MissingDayError: if a day has no file; that is on record then, and nothing else is changed.
    """
    with recorded(spec, model, source, first, last):
        batch = source.labels(first, last)
    table, rejected = model.tables.labels, model.tables.rejected
    screened = screen_labels(model.lake, batch, spec.key, spec.target, table, rejected)
    landing = Landing(spec, model, LABELS, table, batch, first, last)
    kept_aside, account = landing.put(screened.accepted, screened.rejected)
    unmatched = model.unmatched_labels(first, last) if screened.accepted.num_rows else {}
    quality = _judge(
        spec, model, LABELS, batch, screened.accepted, kept_aside, unmatched, first, last
    )
    return Landed(screened.accepted.num_rows, rejected_by_reason(kept_aside), quality, account)


def _judge(
    spec: ModelSpec,
    model: ModelLake,
    source: str,
    batch: Batch,
    accepted: pa.Table,
    kept_aside: pa.Table,
    unmatched: Mapping[date, int],
    first: date,
    last: date,
) -> dict[date, QualityVerdict]:
    """Judges the quality of each day, and stores the verdicts with where the rows came from."""
    arrived = Counter(accepted["day"].to_pylist())
    monitor = spec.monitors.quality
    verdicts = {}
    champions = model.champions(first, last)
    # Labels of no event may be those of a day whose events have not come.
    lost = without_events(model, spec.start_date, last) if any(unmatched.values()) else []
    for day in champions:
        aside = rejected_by_reason(kept_aside.filter(pc.equal(kept_aside["day"], day)))
        aside = {reason: n for reason, n in aside.items() if not _is_no_fault(reason)}
        aside[UNKNOWN_KEY] = unmatched.get(day, 0)
        verdict = judge_quality(arrived[day] - aside[UNKNOWN_KEY], aside, source, monitor)
        known = in_short([past for past in lost if past <= day and aside[UNKNOWN_KEY]])
        verdicts[day] = replace(verdict, reason=verdict.reason + known)
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
    table = model.tables.quality
    model.lake.replace_days(
        table,
        first,
        last,
        pa.Table.from_pylist(rows, schema=table.schema),
        where=f"source = '{source}'",
    )
    return verdicts


def _is_no_fault(reason: str) -> bool:
    return reason == CORRECTED or f": {BEFORE_START}" in reason


def rejected_by_reason(rejected: pa.Table) -> dict[str, int]:
    """Rejected rows by the first thing that was wrong with them, the value itself left out."""
    counts = Counter(
        VALUE.sub(r"\1\2", reasons.split("; ", 1)[0]) for reasons in rejected["reason"].to_pylist()
    )
    return dict(sorted(counts.items()))
