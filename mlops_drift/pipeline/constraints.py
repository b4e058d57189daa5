"""The declared constraints as SQL: the typed value of each cell, and what is wrong with it.

SQL knows columns by their number: c0 is a raw cell, t0 its text, v0 its typed value, x0 whether it
may be inexact.
"""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.raw_rows import in_sql
from mlops_drift.schema.columns import Column, ColumnType
from mlops_drift.sources.base import Part
from mlops_drift.sql import DIGITS_OF_A_DOUBLE, digits, literal, number, shortest, whole
from mlops_drift.store.lake import Lake

TRUTHS = "('true', 't', '1', '1.0', 'yes', 'y')"
FALSEHOODS = "('false', 'f', '0', '0.0', 'no', 'n')"
BLANKS = r"E' \t\r\n'"
# From here on not every whole number is a floating-point number of its own, by the bits of one.
INEXACT = {16: 2**11, 32: 2**24, 64: 2**53}
MOST_LISTED = 10
NOUNS: dict[ColumnType, str] = {
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
}
STANDS_FOR_SEVERAL = " is a floating-point number so large that it stands for several whole ones"
NOT_EXACT = (
    " is not kept exactly by a floating-point number; round it, or declare the column as integer "
    "or category"
)


def _text(name: str, raw: pa.DataType, column: Column) -> str:
    """SQL of the raw value as trimmed text; null where it is missing: null, blank or not a number.

    A whole number is written without a point, whatever its type: 1.0 and 1.00 mean 1. The text
    `nan` is a category or a key as any other, and missing where a number or a truth is asked for.
    """
    shown = shortest(name) if pa.types.is_floating(raw) else f"CAST({name} AS VARCHAR)"
    if pa.types.is_decimal(raw):
        shown = digits(shown)
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
    faults = []

    def fault(condition: str, message: str, found: str = "", hint: str = "") -> None:
        """Adds a fault: the column, what was found in it, and what is wrong with that."""
        parts = [literal(f"{name}: "), found, literal(message), hint]
        faults.append((condition, " || ".join(filter(None, parts))))

    if is_key:
        fault(f"{text} IS NULL", "the key is missing")
    if column.type in ("integer", "category"):
        fault(f"x{number}", STANDS_FOR_SEVERAL, text)
    if not column.nullable:
        fault(f"{text} IS NULL", "missing")
    if column.type != "category":
        wrong = f" is not {NOUNS[column.type]}"
        fault(f"{text} IS NOT NULL AND {value} IS NULL", wrong, text)
    finite = ""
    if column.type == "number":
        fault(_is_changed(text, value, f"x{number}"), NOT_EXACT, text)
        fault(f"NOT isfinite({value})", "not finite")
        finite = f" AND isfinite({value})"
    if column.min is not None:
        fault(f"{value} < {column.min!r}{finite}", f" is below {column.min:g}", value)
    if column.max is not None:
        fault(f"{value} > {column.max!r}{finite}", f" is above {column.max:g}", value)
    if column.allowed is not None:
        listing, more = ", ".join(map(literal, column.allowed)), len(column.allowed) - MOST_LISTED
        shown = ", ".join(column.allowed[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
        message = f" is not an allowed value ({shown})"
        fault(f"{value} NOT IN ({listing})", message, value, _hint_of_whole(value, listing))
    return faults


def _hint_of_whole(value: str, listing: str) -> str:
    """SQL of a hint where 1.0 was found and 1 is meant."""
    whole = f"split_part({value}, '.', 1)"
    is_meant = f"regexp_full_match({value}, '[+-]?[0-9]+[.]0*') AND {whole} IN ({listing})"
    hint = f"'; in a text file ' || {value} || ' is not ' || {whole}"
    return f"CASE WHEN {is_meant} THEN {hint} ELSE '' END"


def checked_columns(to: Destination) -> dict[str, Column]:
    """The key and the declared columns, in the order of their numbers."""
    is_integer = pa.types.is_integer(to.table.schema.field(to.key).type)
    return {to.key: Column(type="integer" if is_integer else "category"), **to.columns}


def texts_of(lake: Lake, part: Part, checked: Mapping[str, Column], offset: int) -> pa.Table:
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


def checked_sql(columns: Mapping[str, Column]) -> str:
    """SQL of the typed values of the texts, and of what is wrong with each row by itself.

    The first of the columns is the key.
    """
    values = ", ".join(
        f"{_value(f't{number}', one)} AS v{number}" for number, one in enumerate(columns.values())
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


def typed(to: Destination, part: Part) -> pa.Table:
    """The values of rows as they land, in their order, and whether each is good by itself."""
    columns = checked_columns(to)
    return to.lake.query(
        "SELECT ordinal, day, event_time, COLUMNS('v[0-9]+'), len(faults) = 0 AS is_good "
        f"FROM ({checked_sql(columns)}) ORDER BY ordinal",
        texts=texts_of(to.lake, part, columns, 0),
    )


def keys_of(to: Destination, part: Part) -> list[str | None]:
    """The key of each row as text, as the table of quarantined rows has it; None without one."""
    found = typed(replace(to, columns={}), part)["v0"].cast(pa.string())
    keys: list[str | None] = found.to_pylist()
    return keys
