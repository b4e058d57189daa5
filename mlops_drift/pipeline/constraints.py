"""Screens raw rows: finds those that meet the declared constraints and those that do not.

Everything is SQL over a batch: each row gets its typed values and the list of what is wrong with
it. A row with nothing wrong is accepted; any other is kept aside with its reasons and its raw
content. SQL knows columns by their number, so that they may have any name.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.schema.columns import Column, ColumnType, Target
from mlops_drift.sources.base import Batch, Part, require_columns
from mlops_drift.sql import (
    DIGITS_OF_A_DOUBLE,
    digits,
    identifier,
    literal,
    number,
    shortest,
    whole,
)
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.tables import Table

TRUTHS = "('true', 't', '1', '1.0', 'yes', 'y')"
FALSEHOODS = "('false', 'f', '0', '0.0', 'no', 'n')"
BLANKS = r"E' \t\r\n'"
# From here on not every whole number is a floating-point number of its own, by the bits of one.
INEXACT = {16: 2**11, 32: 2**24, 64: 2**53}
MOST_LISTED = 10
# What a label is that another one of the same day replaces.
CORRECTED = "corrected later on the same day"
NOUNS: dict[ColumnType, str] = {
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class Screened:
    """A batch after its constraints.

    Attributes:
        accepted: rows in the schema of the landing table.
        rejected: rows in the schema of the rejected table.
        notes: by day, which columns no record of the day has.
    """

    accepted: pa.Table
    rejected: pa.Table
    notes: Mapping[date, str] = field(default_factory=dict)


def _text(name: str, raw: pa.DataType, column: Column) -> str:
    """SQL of the raw value as trimmed text; null where it is missing: null, blank or not a number.

    A whole number is written without a point, whatever its type: 1.0 and 1.00 mean 1. The text
    `nan` is a category or a key as any other, and missing where a number or a truth is asked for.
    """
    shown = f"CAST({name} AS VARCHAR)"
    if pa.types.is_floating(raw):
        shown = shortest(name)
    elif pa.types.is_decimal(raw):
        said = f"CASE WHEN contains({shown}, '.') THEN rtrim({shown}, '0') ELSE {shown} END"
        is_short = f"length({said}) <= {DIGITS_OF_A_DOUBLE}"
        # The same as its digits, but faster.
        double = shortest(f"TRY_CAST({shown} AS DOUBLE)")
        shown = f"CASE WHEN {is_short} THEN {double} ELSE {digits(shown)} END"
    text = f"trim({shown}, {BLANKS})"
    if pa.types.is_floating(raw) or column.type != "category":
        return f"CASE WHEN NOT regexp_full_match({text}, '([+-]?nan)?', 'i') THEN {text} END"
    return f"nullif({text}, '')"


def _may_be_inexact(name: str, text: str, raw: pa.DataType, column: Column) -> str:
    """SQL that is true where a raw number may stand for several, or a double may not keep it.

    As a number a text counts as exact only where it is whole, without an exponent: a fraction is
    written as what is nearest to it.
    """
    if pa.types.is_floating(raw):
        several = f"abs({name}) >= {INEXACT[raw.bit_width]}"
        return "false" if column.type in ("number", "boolean") else several
    if column.type != "number":
        return "false"
    if pa.types.is_integer(raw):
        exact = INEXACT[64]
        return "false" if raw.bit_width < 64 else f"{name} NOT BETWEEN {-exact} AND {exact}"
    is_long = f"length({text}) > {DIGITS_OF_A_DOUBLE}"
    if pa.types.is_decimal(raw):
        return is_long
    return f"{is_long} AND regexp_full_match({text}, '[+-]?[0-9]+([.]0*)?')"


def _is_changed(text: str, value: str, may_be_inexact: str) -> str:
    """SQL that is true where a number is not what its text says."""
    significant = "trim(regexp_replace({}, '[eE].*|[^0-9]', '', 'g'), '0')"
    differs = f"{significant.format(text)} <> {significant.format(shortest(value))}"
    vanished = f"{value} = 0 AND {text} <> '0' AND regexp_matches({text}, '^[^eE]*[1-9]')"
    return f"isfinite({value}) AND ({may_be_inexact} AND {differs} OR {vanished})"


def _value(text: str, column: Column) -> str:
    """SQL of the typed value; null where the text is missing or something else."""
    match column.type:
        case "number":
            return number(text)
        case "integer":
            return whole(text)
        case "boolean":
            return (
                f"CASE WHEN lower({text}) IN {TRUTHS} THEN true "
                f"WHEN lower({text}) IN {FALSEHOODS} THEN false END"
            )
        case "category":
            return text


def _column_faults(name: str, column: Column, number: int, is_key: bool) -> list[tuple[str, str]]:
    """SQL conditions on text and typed value, each with the SQL of its message."""
    text, value = f"t{number}", f"v{number}"
    named = literal(f"{name}: ")
    faults = []
    if is_key:
        faults.append((f"{text} IS NULL", literal(f"{name}: the key is missing")))
    if column.type in ("integer", "category"):
        inexact = literal(
            " is a floating-point number so large that it stands for several whole ones"
        )
        faults.append((f"x{number}", f"{named} || {text} || {inexact}"))
    if not column.nullable:
        faults.append((f"{text} IS NULL", literal(f"{name}: missing")))
    if column.type != "category":
        wrong = literal(f" is not {NOUNS[column.type]}")
        faults.append((f"{text} IS NOT NULL AND {value} IS NULL", f"{named} || {text} || {wrong}"))
    if column.type == "number":
        changed = literal(
            " is not kept exactly by a floating-point number; round it, or declare the column as "
            "integer or category"
        )
        faults.append((_is_changed(text, value, f"x{number}"), f"{named} || {text} || {changed}"))
        faults.append((f"NOT isfinite({value})", literal(f"{name}: not finite")))
    finite = f" AND isfinite({value})" if column.type == "number" else ""
    if column.min is not None:
        below = literal(f" is below {column.min:g}")
        faults.append((f"{value} < {column.min!r}{finite}", f"{named} || {value} || {below}"))
    if column.max is not None:
        above = literal(f" is above {column.max:g}")
        faults.append((f"{value} > {column.max!r}{finite}", f"{named} || {value} || {above}"))
    if column.allowed is not None:
        listing = ", ".join(literal(item) for item in column.allowed)
        outside = literal(f" is not an allowed value ({_shortened(column.allowed)})")
        message = f"{named} || {value} || {outside} || {_hint_of_whole(value, listing)}"
        faults.append((f"{value} NOT IN ({listing})", message))
    return faults


def _shortened(allowed: Sequence[str]) -> str:
    more = len(allowed) - MOST_LISTED
    return ", ".join(allowed[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _hint_of_whole(value: str, listing: str) -> str:
    """SQL of what to say of 1.0 where 1 is meant."""
    whole = f"split_part({value}, '.', 1)"
    is_meant = f"regexp_full_match({value}, '[+-]?[0-9]+[.]0*') AND {whole} IN ({listing})"
    hint = f"'; in a text file ' || {value} || ' is not ' || {whole}"
    return f"CASE WHEN {is_meant} THEN {hint} ELSE '' END"


def as_json(lake: Lake, rows: pa.Table) -> list[str]:
    """Each row as a JSON object, as any reader of JSON takes it.

    Texts, whole numbers, floats and truths are what they are; nan and infinity, which JSON does
    not have, and all other types are text.
    """
    numbered = in_sql(rows)
    plain = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string)
    cells = ", ".join(
        name if any(is_plain(field.type) for is_plain in plain) else f"CAST({name} AS VARCHAR)"
        for name, field in zip(numbered.column_names, numbered.schema, strict=True)
    )
    shown = lake.query(f"SELECT {cells} FROM numbered", numbered=numbered)
    names = rows.column_names
    columns = [map(_json_value, column.to_pylist()) for column in shown.columns]
    return [
        json.dumps(dict(zip(names, values, strict=True)), separators=(",", ":"), ensure_ascii=False)
        for values in zip(*columns, strict=True)
    ]


def in_sql(rows: pa.Table) -> pa.Table:
    """Columns by their number, c0 and on, in types that DuckDB reads exactly."""
    columns = []
    for column in rows.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_float16(column.type):
            column = column.cast(pa.float32())
        elif pa.types.is_decimal256(column.type):
            column = pa.chunked_array([pa.array(map(_digits, column.to_pylist()), pa.string())])
        columns.append(column)
    return pa.table(columns, [f"c{number}" for number in range(len(columns))])


def _digits(number: Decimal | None) -> str | None:
    """All digits of a number, but for zeros at the end of a fraction."""
    if number is None:
        return None
    # Decimal.normalize would round to 28 digits.
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json_value(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _texts(lake: Lake, part: Part, checked: Mapping[str, Column], offset: int) -> pa.Table:
    """The day, the time, the number and the texts of the checked columns of each row."""
    raw = in_sql(part.rows)
    place = {name: number for number, name in enumerate(part.rows.column_names)}
    cells = []
    for at, (name, column) in enumerate(checked.items()):
        if name not in place:
            cells.append(f"CAST(NULL AS VARCHAR) AS t{at}, false AS x{at}")
            continue
        cell, kind = f"c{place[name]}", part.rows.schema.field(place[name]).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        text = _text(cell, kind, column)
        cells.append(f"{text} AS t{at}, {_may_be_inexact(cell, f't{at}', kind, column)} AS x{at}")
    raw = raw.append_column("day", part.days).append_column("event_time", part.times)
    ordinals = pa.array(range(offset, offset + raw.num_rows), pa.int64())
    return lake.query(
        f"SELECT day, event_time, ordinal, {', '.join(cells)} FROM raw",
        raw=raw.append_column("ordinal", ordinals),
    )


def _with_key(key: str, key_type: pa.DataType, columns: Mapping[str, Column]) -> dict[str, Column]:
    column = Column(type="integer" if pa.types.is_integer(key_type) else "category")
    return {key: column, **columns}


def _checked(columns: Mapping[str, Column]) -> str:
    """SQL of the typed values of the texts, and of what is wrong with each row by itself.

    The first of the columns is the key.
    """
    values = ", ".join(
        f"{_value(f't{number}', column)} AS v{number}"
        for number, column in enumerate(columns.values())
    )
    faults = [
        fault
        for number, (name, column) in enumerate(columns.items())
        for fault in _column_faults(name, column, number, is_key=number == 0)
    ]
    reasons = ", ".join(f"CASE WHEN {fault} THEN {message} END" for fault, message in faults)
    return f"""
        SELECT *, list_filter([{reasons}], lambda fault: fault IS NOT NULL) AS faults
        FROM (SELECT *, {values} FROM texts)
    """


def _screen(
    lake: Lake,
    batch: Batch,
    source: str,
    key: str,
    columns: Mapping[str, Column],
    accepted: Table,
    rejected: Table,
    elsewhere: Mapping[str, Scan] | None = None,
    corrects: bool = False,
) -> Screened:
    """Screens the rows of a batch.

    The keys of `elsewhere`, the earlier and the later days, may not come again. With `corrects` a
    later row of a key and day replaces an earlier one; the only column is then what it replaces.
    """
    parts = [part for part in batch.parts if part.rows.num_rows]
    if not parts:
        return Screened(accepted.schema.empty_table(), rejected.schema.empty_table())
    checked = _with_key(key, accepted.schema.field(key).type, columns)
    offsets = [sum(part.rows.num_rows for part in parts[:number]) for number in range(len(parts))]
    texts = pa.concat_tables(
        _texts(lake, part, checked, offset) for part, offset in zip(parts, offsets, strict=True)
    )
    order = "ordinal"
    # As if the days landed one after another: what comes twice in a batch may be of two days.
    taken = _taken(key, elsewhere)
    duplicate = literal(f"{key}: duplicate key")
    if corrects:
        order = "event_time DESC NULLS LAST, ordinal DESC"
        duplicate = (
            f"CASE WHEN v1 IS DISTINCT FROM final THEN {literal(CORRECTED)} ELSE {duplicate} END"
        )
    sql = f"""
        WITH checked AS ({_checked(checked)}),
        ranked AS (
            SELECT *,
                row_number() OVER in_day AS rank_in_day,
                first_value({"v1" if corrects else "v0"}) OVER in_day AS final,
                row_number() OVER (PARTITION BY v0, len(faults) = 0 ORDER BY day, ordinal) AS rank
            FROM checked
            WINDOW in_day AS (PARTITION BY day, v0, len(faults) = 0 ORDER BY {order})
        )
        SELECT day, event_time, ordinal, COLUMNS('v[0-9]+'),
            CASE WHEN len(faults) > 0 THEN faults {taken}
                WHEN rank_in_day > 1 THEN [{duplicate}] ELSE [] END AS faults
        FROM ranked
    """
    judged = lake.query(sql, texts=texts, **(elsewhere or {}))
    good = ", ".join(f"v{number} AS {identifier(name)}" for number, name in enumerate(checked))
    accepted_rows = lake.query(
        f"SELECT day, event_time, {good} FROM judged WHERE len(faults) = 0 ORDER BY day, ordinal",
        judged=judged,
    )
    faulty = lake.query(
        "SELECT day, ordinal, CAST(v0 AS VARCHAR) AS key, array_to_string(faults, '; ') AS reason "
        "FROM judged WHERE len(faults) > 0 ORDER BY ordinal",
        judged=judged,
    )
    quarantined = [
        _quarantined(lake, part, faulty, offset, source)
        for part, offset in zip(parts, offsets, strict=True)
    ]
    return Screened(
        accepted_rows.select(accepted.schema.names).cast(accepted.schema),
        pa.concat_tables(rows.cast(rejected.schema) for rows in quarantined).sort_by("day"),
    )


def _quarantined(lake: Lake, part: Part, faulty: pa.Table, offset: int, source: str) -> pa.Table:
    """The rows of a part that are faulty, with their raw content."""
    numbers = pc.subtract(faulty["ordinal"], offset)
    mine = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, part.rows.num_rows))
    rows = faulty.filter(mine)
    return pa.table(
        {
            "day": rows["day"],
            "source": pa.array([source] * rows.num_rows, pa.string()),
            "key": rows["key"],
            "reason": rows["reason"],
            "row": pa.array(as_json(lake, part.rows.take(numbers.filter(mine))), pa.string()),
            "row_day": rows["day"],
        }
    )


def _taken(key: str, elsewhere: Mapping[str, Scan] | None) -> str:
    """SQL cases of a key that another day has; none where a key may come again."""
    if elsewhere is None:
        return ""
    earlier = literal(f"{key}: the key exists on an earlier day")
    later = literal(f"{key}: the key exists on a later day")
    has_it = f"EXISTS (FROM {{}} o WHERE o.{identifier(key)} = ranked.v0)"
    cases = [f"WHEN rank > rank_in_day THEN [{earlier}]"]
    if "earlier" in elsewhere:
        cases.append(f"WHEN {has_it.format('earlier')} THEN [{earlier}]")
    if "later" in elsewhere:
        cases.append(f"WHEN {has_it.format('later')} THEN [{later}]")
    return " ".join(cases)


def typed(
    lake: Lake, part: Part, key: str, key_type: pa.DataType, columns: Mapping[str, Column]
) -> pa.Table:
    """The values of rows as they land, in their order.

    Returns:
        `ordinal` from 0, `day`, `event_time`, the key as `v0`, the columns as `v1` and on, and
        `is_good`: whether nothing is wrong with the row by itself.
    """
    checked = _with_key(key, key_type, columns)
    values = ", ".join(f"v{number}" for number in range(len(checked)))
    return lake.query(
        f"SELECT ordinal, day, event_time, {values}, len(faults) = 0 AS is_good "
        f"FROM ({_checked(checked)}) ORDER BY ordinal",
        texts=_texts(lake, part, checked, 0),
    )


def keys_of(lake: Lake, part: Part, key: str, key_type: pa.DataType) -> list[str | None]:
    """The key of each row as text, as the table of rejected rows has it; None where it has none."""
    keys: list[str | None] = (
        typed(lake, part, key, key_type, {})["v0"].cast(pa.string()).to_pylist()
    )
    return keys


def screen_events(
    lake: Lake,
    batch: Batch,
    first: date,
    last: date,
    key: str,
    columns: Mapping[str, Column],
    events: Table,
    rejected: Table,
) -> Screened:
    """Checks events of the days `first` to `last`: types, nulls, ranges, allowed values, new keys.

    A key is one event for ever: the day that landed first keeps it, and on it the first row.

    Raises:
        SourceError: if a part of the batch lacks a declared column, records the key, or either
            has a column in another case.
    """
    hint = "add it to the source, or correct `key`, `columns` or `inputs` in the model's defs.yaml"
    notes = {
        day: note
        for part in batch.parts
        if (note := require_columns(part, [key, *columns], [key], hint))
        for day in pc.unique(part.days).to_pylist()
    }
    elsewhere = {
        "earlier": Scan(events, until=first - timedelta(days=1)),
        "later": Scan(events, since=last + timedelta(days=1)),
    }
    elsewhere = {name: scan for name, scan in elsewhere.items() if lake.holds(scan)}
    screened = _screen(lake, batch, "events", key, columns, events, rejected, elsewhere)
    return replace(screened, notes=notes)


def screen_labels(
    lake: Lake, batch: Batch, key: str, target: Target, labels: Table, rejected: Table
) -> Screened:
    """Checks labels: a key, a value of the target's kind, and one label a key and day.

    A label that arrives again on a later day is a correction, and is accepted. Of several on one
    day the last counts: by `event_time`, and where that is the same by the order of the rows.

    Raises:
        SourceError: if the key or the label column is missing from a part of the batch.
    """
    needed = [key, target.column]
    hint = "add it to the source, or correct `key` or `target.column` in the model's defs.yaml"
    for part in batch.parts:
        require_columns(part, needed, needed, hint)
    columns = {target.column: target.labels}
    return _screen(lake, batch, "labels", key, columns, labels, rejected, corrects=True)
