"""The declared constraints as SQL: the typed value of each cell, and what is wrong with it.

SQL knows columns by their number: c0 is a raw cell, t0 its text, v0 its typed value, x0 whether it
may be inexact. A raw cell that has the value already, such as a double of a number, is not read as
text: r0 is that cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
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
# SQL of what the type of a column rules out; such faults are left out.
_NEVER = "false"


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
        return _NEVER if column.type in ("number", "boolean") else several
    if column.type != "number":
        return _NEVER
    if pa.types.is_integer(raw):
        exact = INEXACT[64]
        return _NEVER if raw.bit_width < 64 else f"{name} NOT BETWEEN {-exact} AND {exact}"
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
    """SQL of the value that a text holds; null where it is missing or something else."""
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


def _typed(raw: pa.DataType, column: Column) -> str | None:
    """SQL of the value of a raw cell `{}` that has it already; None where its text is read.

    It is what the text would give: of a float -0.0 is 0.0, and nan is missing.
    """
    if column.type == "boolean" and pa.types.is_boolean(raw):
        return "{}"
    if column.type == "number" and pa.types.is_float64(raw):
        return "CASE WHEN NOT isnan({0}) THEN {0} + 0.0 END"
    is_small = pa.types.is_signed_integer(raw) or (
        pa.types.is_unsigned_integer(raw) and raw.bit_width < 64
    )
    if column.type in ("number", "integer") and is_small:
        return "CAST({} AS DOUBLE)" if column.type == "number" else "CAST({} AS BIGINT)"
    return None


@dataclass(frozen=True)
class Cell:
    """SQL of one checked column; `typed` is the type of its raw cells, None where texts are read.

    Attributes:
        raw: the name of the column in the source.
        number: of the column; the value is v0, the text t0 or the raw cell r0, x0 whether it may be
            inexact, a0 whether the source lacks the whole column, where some part of it does.
        is_absent: whether some part of the source lacks it.
        known_by: the version that knows the column so, where it is not declared so.
    """

    name: str
    raw: str
    column: Column
    number: int
    typed: pa.DataType | None = None
    is_absent: bool = False
    known_by: int | None = None

    @property
    def is_tolerant(self) -> bool:
        """Whether a value that does not fit is missing, and no fault of its row."""
        return self.known_by is not None and self.column.nullable

    @property
    def text(self) -> str:
        """The text of the raw value."""
        if self.typed is None:
            return f"t{self.number}"
        return f"({_text(f'r{self.number}', self.typed, self.column)})"

    @property
    def value(self) -> str:
        """The typed value."""
        typed = _typed(self.typed, self.column) if self.typed is not None else None
        return typed.format(f"r{self.number}") if typed else _value(self.text, self.column)

    @property
    def is_missing(self) -> str:
        """Whether there is no value."""
        return f"{self.text} IS NULL" if self.typed is None else f"v{self.number} IS NULL"

    @property
    def inexact(self) -> str:
        """Whether the raw value may stand for several, or a double may not keep it."""
        if self.typed is None:
            return f"x{self.number}"
        return _may_be_inexact(f"r{self.number}", self.text, self.typed, self.column)


def _column_faults(cell: Cell) -> list[tuple[str, str]]:
    """SQL conditions on text and typed value, each with the SQL of its message."""
    name, column, text, value = cell.raw, cell.column, cell.text, f"v{cell.number}"
    known = f", as version {cell.known_by} knows the column" if cell.known_by else ""
    faults = []

    def fault(condition: str, message: str, found: str = "", hint: str = "") -> None:
        """Adds a fault: the column, what was found in it, and what is wrong with that."""
        if condition == _NEVER:
            return
        parts = [literal(f"{name}: "), found, literal(message + known), hint]
        faults.append((condition, " || ".join(filter(None, parts))))

    # The first column is the key.
    if cell.number == 0:
        fault(cell.is_missing, "the key is missing")
    if column.type in ("integer", "category"):
        fault(cell.inexact, STANDS_FOR_SEVERAL, text)
    if not column.nullable:
        absent = f" AND NOT a{cell.number}" if cell.is_absent else ""
        fault(cell.is_missing + absent, "missing")
    if column.type != "category" and cell.typed is None:
        wrong = f" is not {NOUNS[column.type]}"
        fault(f"{text} IS NOT NULL AND {value} IS NULL", wrong, text)
    finite = ""
    if column.type == "number":
        if cell.typed is None or pa.types.is_integer(cell.typed):
            fault(_is_changed(text, value, cell.inexact), NOT_EXACT, text)
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


def cells_of(parts: Sequence[Part], to: Destination) -> list[Cell]:
    """How the key and the columns of all parts are read: those of one type have their values."""
    is_integer = pa.types.is_integer(to.table.schema.field(to.key).type)
    key = Column(type="integer" if is_integer else "category")
    declared = {to.key: key, **to.columns}
    columns: list[tuple[str, str, Column, int | None]]
    columns = [(name, name, column, None) for name, column in declared.items()]
    columns += [(one.name, one.called, one.column, one.versions[0]) for one in to.further]
    cells = []
    for at, (name, raw, column, version) in enumerate(columns):
        found = {_type_of(part, raw) for part in parts}
        is_absent = None in found
        kind = found.pop() if len(found) == 1 else None
        typed = kind if kind is not None and _typed(kind, column) else None
        cells.append(Cell(name, raw, column, at, typed, is_absent, version))
    return cells


def _type_of(part: Part, name: str) -> pa.DataType | None:
    if name not in part.rows.column_names:
        return None
    kind = part.rows.schema.field(name).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def texts_of(lake: Lake, part: Part, cells: Sequence[Cell], offset: int) -> pa.Table:
    """The day, the time, the number and the checked cells of each row, as values or as texts."""
    raw = in_sql(part.rows)
    place = {name: number for number, name in enumerate(part.rows.column_names)}
    read = []
    for cell in cells:
        at, kind = cell.number, _type_of(part, cell.raw)
        if cell.is_absent:
            read.append(f"{'true' if kind is None else 'false'} AS a{at}")
        if kind is None:
            read.append(f"CAST(NULL AS VARCHAR) AS t{at}, false AS x{at}")
            continue
        raw_cell = f"c{place[cell.raw]}"
        if cell.typed is not None:
            read.append(f"{raw_cell} AS r{at}")
            continue
        text = _text(raw_cell, kind, cell.column)
        inexact = _may_be_inexact(raw_cell, f"t{at}", kind, cell.column)
        read.append(f"{text} AS t{at}, {inexact} AS x{at}")
    raw = raw.append_column("day", part.days).append_column("event_time", part.times)
    ordinals = pa.array(np.arange(offset, offset + raw.num_rows))
    return lake.query(
        f"SELECT day, event_time, ordinal, {', '.join(read)} FROM raw",
        raw=raw.append_column("ordinal", ordinals),
    )


def checked_sql(cells: Sequence[Cell]) -> str:
    """SQL of the typed values of `texts`, and of what is wrong with each row by itself.

    The first of the columns is the key.
    """
    values = ", ".join(f"{cell.value} AS v{cell.number}" for cell in cells)
    faults = [fault for cell in cells if not cell.is_tolerant for fault in _column_faults(cell)]
    is_faulty = " OR ".join(f"coalesce({fault}, false)" for fault, _ in faults)
    reasons = ", ".join(f"CASE WHEN {fault} THEN {message} END" for fault, message in faults)
    judged = f"SELECT *, {is_faulty} AS is_faulty FROM (SELECT *, {values} FROM texts)"
    if fitting := ", ".join(_fitting(cell) for cell in cells if cell.is_tolerant):
        judged = f"SELECT * REPLACE ({fitting}) FROM ({judged})"
    # Few rows have a fault: only theirs are listed.
    return f"""
        SELECT day, event_time, ordinal, COLUMNS('v[0-9]+'), CASE WHEN is_faulty
            THEN list_filter([{reasons}], lambda fault: fault IS NOT NULL) ELSE [] END AS faults
        FROM ({judged})
    """


def _fitting(cell: Cell) -> str:
    """SQL of a value that the constraints of its column allow; null in place of another."""
    wrong = " OR ".join(f"coalesce({fault}, false)" for fault, _ in _column_faults(cell))
    value = f"v{cell.number}"
    return f"CASE WHEN NOT ({wrong or 'false'}) THEN {value} END AS {value}"


def typed(to: Destination, part: Part) -> pa.Table:
    """The values of rows as they land, in their order, and whether each is good by itself."""
    cells = cells_of([part], to)
    return to.lake.query(
        "SELECT ordinal, day, event_time, COLUMNS('v[0-9]+'), len(faults) = 0 AS is_good "
        f"FROM ({checked_sql(cells)}) ORDER BY ordinal",
        texts=texts_of(to.lake, part, cells, 0),
    )


def keys_of(to: Destination, part: Part) -> list[str | None]:
    """The key of each row as text, as the table of quarantined rows has it; None without one."""
    found = typed(replace(to, columns={}, further=()), part)["v0"].cast(pa.string())
    keys: list[str | None] = found.to_pylist()
    return keys
