"""Which day a row of a source is of: the values of its day column, in the source's time zone."""

from datetime import date
from typing import Annotated
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from mlops_drift.sources.base import SourceError
from mlops_drift.sql import engine, literal

# DuckDB also accepts `epoch`, `infinity` and others as a day.
DAY_AS_TEXT = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T].*)?"


def _known(timezone: str) -> str:
    # The first depends on the machine, and the second is no time zone.
    if timezone not in available_timezones() - {"localtime", "Factory"}:
        raise ValueError(f"found {timezone!r}; use a name such as Europe/Berlin or UTC")
    return timezone


TimeZone = Annotated[
    str,
    AfterValidator(_known),
    Field(
        description="Where a day begins and ends, such as Europe/Berlin. A time without an offset "
        "is local time there; `event_time` is kept in UTC.",
    ),
]


def moments(
    place: object, name: str, column: pa.ChunkedArray, timezone: str
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The day in a time zone and the moment in UTC of each value; null where it is none.

    A value with an offset or a zone is that moment, one without is local time.

    Args:
        place: where the column is, for messages.
        name: the column's.
        column: its values, as they were read.
        timezone: whose midnights divide the days.

    Raises:
        SourceError: if the column holds neither dates nor timestamps nor texts.
    """
    with engine().cursor() as connection:
        connection.execute(f"SET TimeZone = {literal(timezone)}")
        connection.register("dated", pa.table({"c": column}))
        [(kind,)] = connection.execute("SELECT typeof(any_value(c)) FROM dated").fetchall()
        moment = "TRY_CAST(c AS TIMESTAMPTZ)"
        if kind.startswith(("VARCHAR", "ENUM")):
            text = "trim(CAST(c AS VARCHAR))"
            is_day = f"regexp_full_match({text}, {literal(DAY_AS_TEXT)})"
            moment = f"CASE WHEN {is_day} THEN TRY_CAST({text} AS TIMESTAMPTZ) END"
        elif not kind.startswith(("DATE", "TIMESTAMP", '"NULL"')):
            raise SourceError(
                f"{place}: the day column {name!r} holds {kind}; it should hold dates, timestamps "
                "or texts such as 2024-10-01"
            )
        in_calendar = f"BETWEEN DATE '{date.min}' AND DATE '{date.max}'"
        found = connection.sql(
            f"""
            SELECT {moment} AS m, CASE WHEN isfinite(m) THEN m END AS finite,
                CAST(finite AS DATE) AS d, CAST(finite AT TIME ZONE 'UTC' AS TIMESTAMP) AS t,
                d {in_calendar} AND CAST(t AS DATE) {in_calendar} AS is_day,
                CASE WHEN is_day THEN d END AS day, CASE WHEN is_day THEN t END AS time FROM dated
            """
        ).to_arrow_table()
    return found["day"], found["time"].cast(pa.timestamp("us"))


def odd_hours(times: list[pa.ChunkedArray], timezone: str) -> str:
    """A warning where all times lie at one hour that is not midnight; empty otherwise.

    Dates that were written as moments of another zone look like this; with summer time they lie at
    two hours.
    """
    chunks = [chunk for column in times for chunk in column.chunks]
    moments = pa.chunked_array(chunks, pa.timestamp("us")).drop_null()
    if len(moments) < 2:
        return ""
    in_zone = pa.timestamp("us", timezone)
    local = pc.local_timestamp(pc.assume_timezone(moments, "UTC").cast(in_zone))
    hours = sorted(pc.unique(pc.hour(local)).to_pylist())
    are_full = pc.all(pc.equal(local, pc.floor_temporal(local, unit="hour"))).as_py()
    if 0 in hours or len(hours) > 2 or hours[-1] - hours[0] > 1 or not are_full:
        return ""
    listed = " or ".join(f"{hour:02}:00" for hour in hours)
    return (
        f"all times lie at {listed} {timezone}: if these are midnights of another time zone, name "
        "it as `source.timezone`, such as Europe/Berlin; it decides which day a row is of"
    )
