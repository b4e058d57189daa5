"""Days without their file: on record as unknown, passed over by what comes after, taken in late.

A file is missing where the source has one for each day and its YAML has no `missing: empty`. What
the day does have lands and is used: without its file of events a day has labels and performance;
without its file of labels it has events, predictions and drift. Nothing is decided at its end.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.quality import QualityVerdict
from mlops_drift.schema.days import days_between, ranges, span
from mlops_drift.sources.base import MissingDayError, Source, TableName
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore

TABLES: tuple[TableName, ...] = ("events", "labels")

# Days that a sentence mentions in passing, and days that one names with their files.
_LISTED, _NAMED = 3, 10


@contextmanager
def recorded(model: ModelContext, source: Source, first: date, last: date) -> Iterator[None]:
    """Puts on record which days lack a file when a source raises because of one."""
    try:
        yield
    except MissingDayError:
        # Of all tables: missing events of a day keep its labels from being read.
        for table in TABLES:
            record_missing(model, table, source.missing_days(table, first, last))
        raise


def record_missing(model: ModelContext, table: TableName, places: Mapping[date, str]) -> None:
    """Puts on record that days have no file: their data quality is unknown.

    A day that has landed keeps its rows and their verdict.

    Args:
        model: the model.
        table: the one whose file is missing.
        places: by day, the file.
    """
    if not places:
        return
    quality = model.store.tables.quality
    landed = _landed(model.store, table, places)
    champions = model.store.versions.champions(min(places), max(places))
    limit = model.spec.monitors.quality.max_rejected_share
    for first, last in ranges(set(places) - landed):
        rows = [
            {
                "day": day,
                "source": table,
                "version": champion.version if (champion := champions[day]) else 0,
                **asdict(QualityVerdict(0, 0, 0.0, limit, "unknown", f"no file {places[day]}")),
                "origin": places[day],
                "digest": None,
            }
            for day in days_between(first, last)
        ]
        data = pa.Table.from_pylist(rows, schema=quality.schema)
        model.store.lake.replace_days(quality, first, last, data, where=f"source = '{table}'")


def _landed(store: ModelStore, table: TableName, days: Collection[date]) -> set[date]:
    rows = store.lake.rows(
        f"SELECT day FROM q WHERE source = '{table}' AND digest IS NOT NULL",
        q=Scan(store.tables.quality, min(days), max(days)),
    )
    return {row["day"] for row in rows}


def without_events(store: ModelStore, first: date, last: date) -> list[date]:
    """The days on record that had no file of events: windows over them hold fewer days."""
    return [
        row["day"] for row in store.landing.missing_files(first, last) if row["source"] == "events"
    ]


def missing_tables(source: Source, first: date, last: date) -> dict[date, frozenset[TableName]]:
    """The days of a source that lack a file now, each with what it is a file of."""
    missing = {table: source.missing_days(table, first, last) for table in TABLES}
    return {
        day: frozenset(table for table in TABLES if day in missing[table])
        for day in sorted({day for days in missing.values() for day in days})
    }


def no_file_at_all(spec: ModelSpec, source: Source, last: date) -> str:
    """Why not a single day can be read, in a sentence; empty where one has a file.

    Of labels no file is looked for before the first ones are due.
    """
    due = spec.start_date + timedelta(days=spec.target.label_delay_days)
    for table in TABLES:
        first = due if table == "labels" else spec.start_date
        missing = source.missing_days(table, first, last)
        if missing and len(missing) == (last - first).days + 1:
            return (
                f"{spec.name}: no day from {first} to {last} has a file of {table} (the first "
                f"would be {missing[first]}); correct source.{table}.path in the model's defs.yaml"
            )
    return ""


def about_missing(
    missing: Sequence[Mapping[str, Any]], then: str = "run the same command again"
) -> str:
    """Which files are missing, by name, and what a person does about it.

    Args:
        missing: rows with `day` and `file`.
        then: what to do when they are there.

    >>> about_missing([{"day": date(2024, 3, 4), "file": "events/2024-03-04.csv"}])
    '1 day has no file: 2024-03-04 events/2024-03-04.csv; put the file there and \
run the same command again'
    """
    files: dict[date, list[str]] = {}
    for row in missing:
        files.setdefault(row["day"], []).append(row["file"])
    named = [f"{day} {' and '.join(names)}" for day, names in files.items()]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    listed = ", ".join(named[:_NAMED]) + more
    return (
        f"{len(files)} {'day has' if len(files) == 1 else 'days have'} no file: {listed}; put the "
        f"{'file' if len(missing) == 1 else 'files'} there and {then}"
    )


def about_made_again(days: Collection[date]) -> str:
    """What was made again after an earlier day had landed, and what was not.

    >>> about_made_again([date(2024, 3, 5), date(2024, 3, 6)])
    'made again, because an earlier day has landed since: 2024-03-05 to 2024-03-06; predictions, \
decisions and messages stay, and so does what labels that came later than due have measured'
    """
    return (
        f"made again, because an earlier day has landed since: {_listed(days)}; predictions, "
        "decisions and messages stay, and so does what labels that came later than due have "
        "measured"
    )


def about_judged_again(days: Collection[date]) -> str:
    """Which days of labels are judged otherwise after events of an earlier day had landed.

    >>> about_judged_again([date(2024, 3, 5)])
    'data_quality of labels judged again, because events of an earlier day have landed since: \
2024-03-05'
    """
    return (
        "data_quality of labels judged again, because events of an earlier day have landed since: "
        f"{_listed(days)}"
    )


def _listed(days: Collection[date]) -> str:
    return ", ".join(span(first, last) for first, last in ranges(days))


def in_short(days: Collection[date]) -> str:
    """Names days that had no file, for the end of a reason; empty where there are none.

    >>> in_short([date(2024, 3, 4)])
    '; 1 day without its file: 2024-03-04'
    """
    found = sorted(set(days))
    if not found:
        return ""
    listed = ", ".join(map(str, found[:_LISTED]))
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    what = "1 day without its file" if len(found) == 1 else f"{len(found)} days without their files"
    return f"; {what}: {listed}{more}"
