"""Events, labels and features of some days: read, screened, and put into the lake."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from mlops_drift.lake.constraints import Screened, screen_events, screen_labels
from mlops_drift.lake.lake import Scan
from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.lake.table import Table
from mlops_drift.monitoring.quality import QualityVerdict, judge_quality
from mlops_drift.sources.base import Source
from mlops_drift.spec import ModelSpec

EVENTS = "events"
LABELS = "labels"
UNDATED = "the day cannot be read"
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
    _land(model, tables.events, EVENTS, screened, first, last)
    rejected = _by_reason(screened.rejected)
    aside = {**rejected, UNDATED: screened.undated}
    quality = judge_quality(screened.accepted.num_rows, aside, EVENTS, spec.monitors.quality)
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
    _land(model, tables.labels, LABELS, screened, first, last)
    rejected = _by_reason(screened.rejected)
    unmatched = model.unmatched_labels(first, last) if screened.accepted.num_rows else {}
    aside = {
        **rejected,
        UNDATED: screened.undated,
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


def _land(
    model: ModelLake, table: Table, source: str, screened: Screened, first: date, last: date
) -> None:
    model.lake.replace_days(table, first, last, screened.accepted)
    model.lake.replace_days(
        model.tables.rejected, first, last, screened.rejected, where=f"source = '{source}'"
    )


def _by_reason(rejected: pa.Table) -> dict[str, int]:
    """Rejected rows by what was wrong with them, the value itself left out."""
    counts: dict[str, int] = {}
    for reasons in rejected["reason"].to_pylist():
        for reason in reasons.split("; "):
            column, _, fault = reason.partition(": ")
            for phrase in ("is not", "is below", "is above"):
                if f" {phrase} " in f" {fault}":
                    fault = f"{phrase} " + fault.split(f"{phrase} ", 1)[1]
            name = f"{column}: {fault}"
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))
