"""Days without their file: on record as unknown, passed over by what comes after, taken in late.

A file is missing where the source has one for each day and its YAML has no `missing: empty`. What
the day does have lands and is used; nothing is decided at its end.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.schema.days import listed
from mlops_drift.sources.base import Source, TableName
from mlops_drift.store.model_store import ModelStore

# Days that a sentence mentions in passing, and days that one names with their files.
_LISTED, _NAMED = 3, 10


def without_events(store: ModelStore, first: date, last: date) -> list[date]:
    """The days on record that had no file of events: windows over them hold fewer days."""
    missing = store.landing.missing_files(first, last)
    return [row["day"] for row in missing if row["source"] == "events"]


def missing_tables(source: Source, first: date, last: date) -> dict[date, frozenset[TableName]]:
    """The days of a source that lack a file now, each with what it is a file of."""
    missing = {table: source.missing_days(table, first, last) for table in source.tables}
    return {
        day: frozenset(table for table in source.tables if day in missing[table])
        for day in sorted({day for days in missing.values() for day in days})
    }


def no_file_at_all(spec: ModelSpec, source: Source, last: date) -> str:
    """Why not a single day can be read, in a sentence; empty where one has a file.

    Of labels no file is looked for before the first ones are due.
    """
    due = spec.start_date + timedelta(days=spec.target.label_delay_days)
    for table in source.tables:
        first = due if table == "labels" else spec.start_date
        missing = source.missing_days(table, first, last)
        if missing and len(missing) == (last - first).days + 1:
            field = "model.predictions" if table == "predictions" else f"source.{table}"
            return (
                f"{spec.name}: no day from {first} to {last} has a file of {table} (the first "
                f"would be {missing[first]}); correct {field}.path in the model's defs.yaml"
            )
    return ""


def about_missing(
    missing: Sequence[Mapping[str, Any]], then: str = "run the same command again"
) -> str:
    """Which files are missing, and what to do then.

    >>> about_missing([{"day": date(2024, 3, 4), "file": "e/4.csv"}])
    '1 day has no file: 2024-03-04 e/4.csv; put the file there and run the same command again'
    """
    files: dict[date, list[str]] = {}
    for row in missing:
        files.setdefault(row["day"], []).append(row["file"])
    named = [f"{day} {' and '.join(names)}" for day, names in files.items()]
    days = "1 day has" if len(files) == 1 else f"{len(files)} days have"
    file = "file" if len(missing) == 1 else "files"
    return f"{days} no file: {_first_of(named, _NAMED)}; put the {file} there and {then}"


def about_made_again(days: Collection[date]) -> str:
    """What was made again after an earlier day had landed, and what was not."""
    return (
        f"made again, because an earlier day has landed since: {listed(days)}; predictions, "
        "decisions and messages stay, and so does what labels that came later than due have "
        "measured"
    )


def about_judged_again(days: Collection[date]) -> str:
    """Which days of labels are judged otherwise after events of an earlier day had landed."""
    why = "because events of an earlier day have landed since"
    return f"data_quality of labels judged again, {why}: {listed(days)}"


def in_short(days: Collection[date]) -> str:
    """Names days that had no file, for the end of a reason; empty where there are none.

    >>> in_short([date(2024, 3, 4)])
    '; 1 day without its file: 2024-03-04'
    """
    found = sorted(set(days))
    if not found:
        return ""
    what = "1 day without its file" if len(found) == 1 else f"{len(found)} days without their files"
    return f"; {what}: {_first_of(list(map(str, found)), _LISTED)}"


def _first_of(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def with_missing_days(
    context: MonitorContext, monitor: Monitor[object], item: CheckEvaluation
) -> CheckEvaluation:
    """Names the days of a window that had no file of events."""
    if not monitor.spans_events:
        return item
    since = item.production_day - timedelta(days=item.window)
    champion = context.champion(item.day)
    if champion is not None and champion.version == item.version:
        since = max(since, champion.as_of)
    lacking = in_short(context.days_without_events(since, item.production_day))
    return replace(item, reason=item.reason + lacking) if lacking else item
