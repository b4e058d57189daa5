"""Rows of several days that were read together, as what a source gives."""

from collections import Counter
from datetime import date, timedelta
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mlops_drift.schema.day_columns import within
from mlops_drift.schema.days import days_between
from mlops_drift.sources.arrow_types import digits_of, plain
from mlops_drift.sources.base import Batch, Look, Origin, Part, SourceError, with_near_names
from mlops_drift.sources.dating import moments, odd_hours
from mlops_drift.sql import engine

RereadDays = Annotated[
    int,
    Field(
        ge=0,
        description="Days before those that run which are read again with them, so that rows that "
        "came late or were changed are noticed.",
    ),
]


def part_of(rows: pa.Table, place: str, day_column: str, timezone: str) -> Part:
    """Rows in plain types, each with its day.

    Args:
        rows: as they were read.
        place: where they come from, for messages.
        day_column: the column that gives their days.
        timezone: whose midnights divide the days.

    Raises:
        SourceError: if the day column is missing or holds no days, or two columns have one name.
    """
    names = Counter(name.lower() for name in rows.column_names)
    if twice := [name for name in rows.column_names if names[name.lower()] > 1]:
        raise SourceError(
            f"{place}: several columns are called {twice[0]!r}, in any case; give each a name of "
            "its own"
        )
    rows, unusable = plain(rows)
    if day_column not in rows.column_names:
        problem = f"{place}: the day column {day_column!r} is missing"
        hint = "name one of these as `day_column`"
        raise SourceError(with_near_names(problem, [day_column], rows.column_names, hint))
    days, times = moments(place, day_column, rows[day_column], timezone)
    return Part(rows, days, times, place, day_column, unusable=tuple(unusable))


def batch_of(part: Part, since: date, days: tuple[date, date], origin: str, timezone: str) -> Batch:
    """The rows of some days; and of days before them, what they hold now.

    Args:
        part: what was read; rows of other days are left out.
        since: the first day that was read.
        days: the first and the last day that were asked for.
        origin: the place of the rows, as it is recorded.
        timezone: whose midnights divide the days.
    """
    asked = days_between(*days)
    mine = part.filter(within(part.days, *days))
    digests = digests_of(mine)
    notes = [odd_hours([mine.times], timezone), _without_day(part)]
    past = part.filter(within(part.days, since, days[0] - timedelta(days=1)))
    return Batch(
        (mine,),
        origins={day: Origin(origin, digests.get(day, "")) for day in asked},
        others=lambda stamps: [Look(past, since=since, before=days[0])],
        note="; ".join(filter(None, notes)),
    )


def digests_of(part: Part) -> dict[date, str]:
    """SHA-256 of the rows of each day, in any order, by what they say."""
    names = [f"c{number}" for number in range(part.rows.num_columns)]
    cells = part.rows.rename_columns(names).append_column("day", part.days)
    for at, kind in enumerate(cells.schema.types):
        # 1 and 1.0 are one value: which it is depends on the rows that were read with it.
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            cells = cells.set_column(at, cells.column_names[at], cells.column(at).cast(pa.string()))
        if pa.types.is_decimal(kind):
            cells = cells.set_column(at, cells.column_names[at], digits_of(cells.column(at)))
    with engine().cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("cells", cells)
        found = connection.sql(
            "SELECT day, sha256(string_agg(row, '' ORDER BY row)) FROM "
            "(SELECT day, md5(CAST(cells AS VARCHAR)) AS row FROM cells) GROUP BY day"
        ).fetchall()
    return dict(found)


def _without_day(part: Part) -> str:
    """A warning about rows that are of no readable day, and so of no day that runs."""
    none = part.filter(pc.is_null(part.days))
    count = none.rows.num_rows
    if not count or part.day_column is None:
        return ""
    # As text: Python has no values for years after 9999.
    [value] = none.rows[part.day_column].slice(0, 1).cast(pa.string()).to_pylist()
    they = "1 row is" if count == 1 else f"{count:,} rows are"
    return f"{they} of no day and left out: {part.day_column!r} is {value!r}"
