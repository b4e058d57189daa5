"""Screens raw rows: tells those that meet the declared constraints from those that do not.

Everything is one SQL statement over the batch: each row gets its typed values and the list of
what is wrong with it. A row with nothing wrong is accepted; any other is kept aside with its
reasons and its raw content.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from mlops_drift.lake.lake import Lake, Scan
from mlops_drift.lake.table import Table
from mlops_drift.schema import Column, ColumnType, Target
from mlops_drift.sources.base import Batch, SourceError

TRUTHS = "('true', 't', '1', '1.0', 'yes', 'y')"
FALSEHOODS = "('false', 'f', '0', '0.0', 'no', 'n')"
BLANKS = r"E' \t\r\n'"
NOUNS: dict[ColumnType, str] = {
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class Screened:
    """A batch after its constraints: accepted rows, rejected rows, and the count of undated ones.

    Attributes:
        accepted: rows in the schema of the landing table.
        rejected: rows in the schema of the rejected table.
        undated: rows of the source that belong to no day.
    """

    accepted: pa.Table
    rejected: pa.Table
    undated: int


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(name: str, raw: pa.DataType) -> str:
    """SQL of the raw value as trimmed text, null where blank."""
    shown = f'CAST("{name}" AS VARCHAR)'
    if pa.types.is_floating(raw):
        # A missing value makes pandas store whole numbers as floats: 1.0 means 1.
        whole = f'"{name}" = trunc("{name}") AND abs("{name}") < 9007199254740992'
        shown = (
            f'CASE WHEN {whole} THEN CAST(TRY_CAST("{name}" AS BIGINT) AS VARCHAR) ELSE {shown} END'
        )
    return f"nullif(trim({shown}, {BLANKS}), '')"


def _is_missing(name: str, raw: pa.DataType) -> str:
    text = _text(name, raw)
    return f"({text} IS NULL OR lower({text}) = 'nan')"


def _number(name: str, raw: pa.DataType) -> str:
    exact = pa.types.is_floating(raw) or pa.types.is_integer(raw)
    source = f'"{name}"' if exact else _text(name, raw)
    value = f"TRY_CAST({source} AS DOUBLE)"
    return f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"


def _integer(name: str, raw: pa.DataType) -> str:
    """Digits go straight to an integer: a float would round those above 2^53."""
    text, number = _text(name, raw), _number(name, raw)
    return (
        f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN TRY_CAST({text} AS BIGINT) "
        f"WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS BIGINT) END"
    )


def _value(name: str, column: Column, raw: pa.DataType) -> str:
    """SQL of the typed value; null where the raw one is missing or has the wrong type."""
    text = _text(name, raw)
    match column.type:
        case "number":
            return _number(name, raw)
        case "integer":
            return _integer(name, raw)
        case "boolean":
            return (
                f"CASE WHEN lower({text}) IN {TRUTHS} THEN true "
                f"WHEN lower({text}) IN {FALSEHOODS} THEN false END"
            )
        case "category":
            return f"CASE WHEN NOT {_is_missing(name, raw)} THEN {text} END"


def _type_faults(name: str, column: Column, raw: pa.DataType) -> list[tuple[str, str]]:
    if column.type == "category":
        return []
    value = _value(name, column, raw)
    faults = [
        (
            f"NOT {_is_missing(name, raw)} AND {value} IS NULL",
            f"{_quoted(name + ': ')} || {_text(name, raw)} || ' is not {NOUNS[column.type]}'",
        )
    ]
    if column.type == "number":
        faults.append((f"isinf({value})", _quoted(f"{name}: not finite")))
    return faults


def _column_faults(name: str, column: Column, raw: pa.DataType) -> list[tuple[str, str]]:
    faults = _type_faults(name, column, raw)
    value = _value(name, column, raw)
    shown = f"{_quoted(name + ': ')} || CAST({value} AS VARCHAR)"
    if not column.nullable:
        faults.append((_is_missing(name, raw), _quoted(f"{name}: missing")))
    if column.min is not None:
        message = _quoted(f" is below {column.min:g}")
        faults.append(
            (
                f"{value} < {column.min!r} AND NOT isinf({_number(name, raw)})",
                f"{shown} || {message}",
            )
        )
    if column.max is not None:
        message = _quoted(f" is above {column.max:g}")
        faults.append(
            (
                f"{value} > {column.max!r} AND NOT isinf({_number(name, raw)})",
                f"{shown} || {message}",
            )
        )
    if column.allowed is not None:
        listing = ", ".join(_quoted(item) for item in column.allowed)
        faults.append((f"{value} NOT IN ({listing})", f"{shown} || ' is not an allowed value'"))
    return faults


def _as_json(name: str, raw: pa.DataType) -> str:
    """SQL of a raw value in JSON, which has no nan and no infinity: those are kept as text."""
    if pa.types.is_floating(raw):
        text = f'CAST("{name}" AS VARCHAR)'
        return f'CASE WHEN isfinite("{name}") THEN to_json("{name}") ELSE to_json({text}) END'
    return f'"{name}"'


def _require(batch: Batch, wanted: list[str], hint: str) -> None:
    found = [name for name in batch.rows.schema.names if name not in ("day", "event_time")]
    missing = [name for name in wanted if name not in found]
    # Days without a file have no rows, and no columns to complain about.
    if missing and (found or batch.rows.num_rows):
        raise SourceError(
            f"{batch.origin}: missing columns: {', '.join(missing)}; "
            f"found {', '.join(found) or 'none'}; {hint}"
        )


def _screen(
    lake: Lake,
    batch: Batch,
    source: str,
    key: str,
    columns: Mapping[str, Column],
    accepted: Table,
    rejected: Table,
    earlier: Scan | None,
) -> Screened:
    if batch.rows.num_rows == 0:
        return Screened(accepted.schema.empty_table(), rejected.schema.empty_table(), batch.undated)
    raw = batch.rows.schema
    key_type = "integer" if pa.types.is_integer(accepted.schema.field(key).type) else "category"
    faults = [
        (_is_missing(key, raw.field(key).type), _quoted(f"{key}: the key is missing")),
        *_type_faults(key, Column(type=key_type), raw.field(key).type),
    ]
    for name, column in columns.items():
        faults += _column_faults(name, column, raw.field(name).type)
    reasons = ", ".join(f"CASE WHEN {fault} THEN {message} END" for fault, message in faults)
    values = {
        key: _value(key, Column(type=key_type), raw.field(key).type),
        **{name: _value(name, column, raw.field(name).type) for name, column in columns.items()},
    }
    typed = ", ".join(f'{value} AS "typed_{name}"' for name, value in values.items())
    payload = ", ".join(
        f"{_quoted(field.name)}: {_as_json(field.name, field.type)}"
        for field in raw
        if field.name not in ("day", "event_time")
    )
    seen_before = f'EXISTS (FROM earlier WHERE earlier."{key}" = checked."typed_{key}")'
    earlier_fault = (
        f"CASE WHEN {seen_before} THEN {_quoted(f'{key}: the key exists on an earlier day')} END"
        if earlier
        else "NULL"
    )
    duplicate = _quoted(f"{key}: duplicate key")
    sql = f"""
        WITH checked AS (
            SELECT day, event_time, row_number() OVER () AS ordinal, {typed},
                list_filter([{reasons}], lambda fault: fault IS NOT NULL) AS faults,
                CAST(to_json({{{payload}}}) AS VARCHAR) AS row
            FROM raw
        ),
        ranked AS (
            SELECT *, {earlier_fault} AS earlier_fault,
                row_number() OVER (PARTITION BY day, "typed_{key}", len(faults) = 0
                                   ORDER BY ordinal) AS rank_in_day,
                row_number() OVER (PARTITION BY "typed_{key}", len(faults) = 0
                                   ORDER BY day, ordinal) AS rank
            FROM checked
        )
        SELECT * EXCLUDE (faults, earlier_fault, rank, rank_in_day), list_filter(
            list_concat(faults, [
                earlier_fault,
                CASE WHEN len(faults) = 0 AND {"rank" if earlier else "rank_in_day"} > 1
                     THEN {duplicate} END
            ]), lambda fault: fault IS NOT NULL) AS faults
        FROM ranked
    """
    scans: dict[str, Scan | pa.Table] = {"raw": batch.rows}
    if earlier:
        scans["earlier"] = earlier
    judged = lake.query(sql, **scans)
    good = ", ".join(f'"typed_{name}" AS "{name}"' for name in values)
    accepted_rows = lake.query(
        f"SELECT day, event_time, {good} FROM judged WHERE len(faults) = 0 ORDER BY day, ordinal",
        judged=judged,
    )
    rejected_rows = lake.query(
        f'SELECT day, {_quoted(source)} AS source, CAST("typed_{key}" AS VARCHAR) AS key, '
        "array_to_string(faults, '; ') AS reason, row FROM judged WHERE len(faults) > 0 "
        "ORDER BY day, ordinal",
        judged=judged,
    )
    return Screened(
        accepted_rows.select(accepted.schema.names).cast(accepted.schema),
        rejected_rows.cast(rejected.schema),
        batch.undated,
    )


def screen_events(
    lake: Lake,
    batch: Batch,
    key: str,
    columns: Mapping[str, Column],
    events: Table,
    rejected: Table,
) -> Screened:
    """Checks events: types, nulls, ranges, allowed values, and a key that is new.

    A key is one event for ever: the first row in day and file order keeps it.

    Raises:
        SourceError: if a declared column is missing from the source altogether.
    """
    _require(
        batch,
        [key, *columns],
        "add it to the source, or take it out of `columns` in the model's defs.yaml",
    )
    first = min(batch.rows["day"].to_pylist(), default=None)
    earlier = None
    if first is not None:
        earlier = Scan(events, until=first.fromordinal(first.toordinal() - 1))
    return _screen(lake, batch, "events", key, columns, events, rejected, earlier)


def screen_labels(
    lake: Lake, batch: Batch, key: str, target: Target, labels: Table, rejected: Table
) -> Screened:
    """Checks labels: a key, a value of the target's kind, and one label a key and day.

    A label that arrives again on a later day is a correction, and is accepted.

    Raises:
        SourceError: if the label column is missing from the source altogether.
    """
    _require(
        batch,
        [key, target.column],
        "add it to the source, or correct `key` or `target.column` in the model's defs.yaml",
    )
    column = (
        Column(type="category", nullable=False, allowed=target.classes)
        if target.is_classification
        else Column(type="number", nullable=False)
    )
    return _screen(lake, batch, "labels", key, {target.column: column}, labels, rejected, None)
