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
from mlops_drift.schema import Column, Target
from mlops_drift.sources.base import Batch, SourceError

TRUTHS = "('true', 't', '1', '1.0', 'yes', 'y')"
FALSEHOODS = "('false', 'f', '0', '0.0', 'no', 'n')"


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


def _text(name: str) -> str:
    return f"nullif(trim(CAST(\"{name}\" AS VARCHAR)), '')"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _number(name: str, raw: pa.DataType) -> str:
    source = f'"{name}"' if pa.types.is_floating(raw) or pa.types.is_integer(raw) else _text(name)
    value = f"TRY_CAST({source} AS DOUBLE)"
    return f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"


def _is_missing(name: str, raw: pa.DataType) -> str:
    if pa.types.is_floating(raw):
        return f'("{name}" IS NULL OR isnan("{name}"))'
    return f"({_text(name)} IS NULL OR lower({_text(name)}) = 'nan')"


def _value(name: str, column: Column, raw: pa.DataType) -> str:
    """SQL of the typed value; null where the raw one is missing or has the wrong type."""
    text = f"lower({_text(name)})"
    match column.type:
        case "number":
            return _number(name, raw)
        case "integer":
            return f"TRY_CAST({_number(name, raw)} AS BIGINT)"
        case "boolean":
            return (
                f"CASE WHEN {text} IN {TRUTHS} THEN true WHEN {text} IN {FALSEHOODS} THEN false END"
            )
        case "category":
            return _text(name)


def _type_faults(name: str, column: Column, raw: pa.DataType) -> list[tuple[str, str]]:
    present = f"NOT {_is_missing(name, raw)}"
    number = _number(name, raw)
    found = f"{_quoted(name + ': ')} || {_text(name)}"
    match column.type:
        case "number":
            return [
                (f"{present} AND {number} IS NULL", f"{found} || ' is not a number'"),
                (f"isinf({number})", f"{_quoted(name + ': not finite')}"),
            ]
        case "integer":
            whole = f"{number} = trunc({number}) AND abs({number}) < 9.2e18"
            return [
                (
                    f"{present} AND NOT coalesce({whole}, false)",
                    f"{found} || ' is not an integer'",
                )
            ]
        case "boolean":
            known = f"lower({_text(name)}) IN {TRUTHS} OR lower({_text(name)}) IN {FALSEHOODS}"
            return [(f"{present} AND NOT ({known})", f"{found} || ' is not true or false'")]
        case "category":
            return []


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


def _require(batch: Batch, wanted: list[str], hint: str) -> None:
    missing = [name for name in wanted if name not in batch.rows.schema.names]
    if missing and batch.rows.num_columns > 2:
        found = [name for name in batch.rows.schema.names if name not in ("day", "event_time")]
        raise SourceError(
            f"{batch.origin}: missing columns: {', '.join(missing)}; "
            f"found {', '.join(found)}; {hint}"
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
        f'{_quoted(name)}: "{name}"' for name in raw.names if name not in ("day", "event_time")
    )
    seen_before = f'EXISTS (FROM earlier WHERE earlier."{key}" = checked."typed_{key}")'
    earlier_fault = (
        f"CASE WHEN {seen_before} THEN {_quoted(f'{key}: the key exists on an earlier day')} END"
        if earlier
        else "NULL"
    )
    duplicate = _quoted(f"{key}: duplicate key")
    sql = f"""
        WITH numbered AS (SELECT *, row_number() OVER () AS ordinal FROM raw),
        checked AS (
            SELECT day, event_time, ordinal, {typed},
                list_filter([{reasons}], lambda fault: fault IS NOT NULL) AS faults,
                CAST(to_json({{{payload}}}) AS VARCHAR) AS row
            FROM numbered
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
