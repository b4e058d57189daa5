"""Events, labels and features of some days: read, screened, and put into the lake."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from mlops_drift.lake.constraints import screen_events, screen_labels
from mlops_drift.lake.lake import Scan
from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.lake.table import Table
from mlops_drift.monitoring.quality import QualityVerdict, judge_quality
from mlops_drift.sources.base import Batch, Source
from mlops_drift.spec import ModelSpec

# The value between the column's name and what is wrong with it.
VALUE = re.compile(r"^([^:]*: ).*?((?:is not|is below|is above) )", re.DOTALL)

EVENTS = "events"
LABELS = "labels"
UNKNOWN_KEY = "no event has this key"
BEFORE_EVENT = "the label arrived before its event"


@dataclass(frozen=True)
class Landed:
    """What landed, what was kept aside, and whether that is acceptable.

    Attributes:
        rows: accepted rows.
        rejected: rows in the rejected table, by reason.
        quality: the verdict over all of it.
    """

    rows: int
    rejected: dict[str, int]
    quality: QualityVerdict


def land_events(
    spec: ModelSpec, model: ModelLake, source: Source, first: date, last: date
) -> Landed:
    """Lands the events of the days `first` to `last`, replacing what was there."""
    batch = source.events(first, last)
    tables = model.tables
    screened = screen_events(
        model.lake, batch, spec.key, spec.columns, tables.events, tables.rejected
    )
    kept_aside = _with_strays(spec, screened.rejected, batch, EVENTS, first, last)
    _land(model, tables.events, EVENTS, screened.accepted, kept_aside, first, last)
    rejected = _by_reason(kept_aside)
    quality = judge_quality(screened.accepted.num_rows, rejected, EVENTS, spec.monitors.quality)
    return Landed(screened.accepted.num_rows, rejected, quality)


def land_labels(
    spec: ModelSpec, model: ModelLake, source: Source, first: date, last: date
) -> Landed:
    """Lands the labels that arrived on the days `first` to `last`, replacing what was there.

    A label whose key no event has, or that arrived before its event, stays in the table, counts
    against the quality, and is used nowhere.
    """
    batch = source.labels(first, last)
    tables = model.tables
    screened = screen_labels(
        model.lake, batch, spec.key, spec.target, tables.labels, tables.rejected
    )
    kept_aside = _with_strays(spec, screened.rejected, batch, LABELS, first, last)
    _land(model, tables.labels, LABELS, screened.accepted, kept_aside, first, last)
    rejected = _by_reason(kept_aside)
    unmatched = model.unmatched_labels(first, last) if screened.accepted.num_rows else {}
    aside = {
        **rejected,
        UNKNOWN_KEY: unmatched.get("unknown_key", 0),
        BEFORE_EVENT: unmatched.get("before_event", 0),
    }
    usable = screened.accepted.num_rows - aside[UNKNOWN_KEY] - aside[BEFORE_EVENT]
    quality = judge_quality(usable, aside, LABELS, spec.monitors.quality)
    return Landed(screened.accepted.num_rows, rejected, quality)


def make_features(model: ModelLake, first: date, last: date) -> pa.Table:
    """Puts the features of the days `first` to `last` into their table.

    Returns:
        The rows written.
    """
    columns = ", ".join(f'"{name}"' for name in model.tables.features.schema.names)
    features = model.lake.query(
        f"SELECT {columns} FROM events ORDER BY day, event_time",
        events=Scan(model.tables.events, first, last),
    )
    model.lake.replace_days(model.tables.features, first, last, features)
    return features


def _with_strays(
    spec: ModelSpec, rejected: pa.Table, batch: Batch, source: str, first: date, last: date
) -> pa.Table:
    """Adds the rows that no day can hold, each once.

    A stray in the file of one day is rejected on that day, one in a file for all days on the
    model's first.
    """
    strays = [
        {
            "day": stray.day or spec.start_date,
            "source": source,
            "key": None,
            "reason": stray.reason,
            "row": stray.row,
        }
        for stray in batch.strays
        if stray.day or first <= spec.start_date <= last
    ]
    return pa.concat_tables([rejected, pa.Table.from_pylist(strays, schema=rejected.schema)])


def _land(
    model: ModelLake,
    table: Table,
    source: str,
    accepted: pa.Table,
    rejected: pa.Table,
    first: date,
    last: date,
) -> None:
    model.lake.replace_days(table, first, last, accepted)
    model.lake.replace_days(
        model.tables.rejected, first, last, rejected, where=f"source = '{source}'"
    )


def _by_reason(rejected: pa.Table) -> dict[str, int]:
    """Rejected rows by the first thing that was wrong with them, the value itself left out."""
    counts = Counter(
        VALUE.sub(r"\1\2", reasons.split("; ", 1)[0]) for reasons in rejected["reason"].to_pylist()
    )
    return dict(sorted(counts.items()))
