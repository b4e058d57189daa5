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
from mlops_drift.sql import literal

TRUTHS = "('true', 't', '1', '1.0', 'yes', 'y')"
FALSEHOODS = "('false', 'f', '0', '0.0', 'no', 'n')"
BLANKS = r"E' \t\r\n'"
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
    """

    accepted: pa.Table
    rejected: pa.Table


def _text(name: str, raw: pa.DataType) -> str:
    """SQL of the raw value as trimmed text; null where it is missing: null, blank or nan."""
    shown = f'CAST("{name}" AS VARCHAR)'
    if pa.types.is_floating(raw):
        # A missing value makes pandas store whole numbers as floats: 1.0 means 1.
        whole = f'"{name}" = trunc("{name}") AND abs("{name}") < 9007199254740992'
        integer = f'CAST(TRY_CAST("{name}" AS BIGINT) AS VARCHAR)'
        shown = f"CASE WHEN {whole} THEN {integer} ELSE {shown} END"
    text = f"trim({shown}, {BLANKS})"
    return f"CASE WHEN NOT regexp_full_match({text}, '([+-]?nan)?', 'i') THEN {text} END"


def _value(name: str, column: Column) -> str:
    """SQL of the typed value; null where the text is missing or something else."""
    text = f'"text_{name}"'
    number = f"TRY_CAST({text} AS DOUBLE)"
    match column.type:
        case "number":
            return number
        case "integer":
            # Digits go straight to an integer: a float would round those above 2^53.
            digits = f"regexp_full_match({text}, '[+-]?[0-9]+')"
            return (
                f"CASE WHEN {digits} THEN TRY_CAST({text} AS BIGINT) "
                f"WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS BIGINT) END"
            )
        case "boolean":
            return (
                f"CASE WHEN lower({text}) IN {TRUTHS} THEN true "
                f"WHEN lower({text}) IN {FALSEHOODS} THEN false END"
            )
        case "category":
            return text


def _column_faults(name: str, column: Column) -> list[tuple[str, str]]:
    """SQL conditions on text and typed value, each with the SQL of its message."""
    text, value = f'"text_{name}"', f'"typed_{name}"'
    named = literal(f"{name}: ")
    faults = []
    if not column.nullable:
        faults.append((f"{text} IS NULL", literal(f"{name}: missing")))
    if column.type != "category":
        wrong = literal(f" is not {NOUNS[column.type]}")
        faults.append((f"{text} IS NOT NULL AND {value} IS NULL", f"{named} || {text} || {wrong}"))
    if column.type == "number":
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
        outside = literal(" is not an allowed value")
        faults.append((f"{value} NOT IN ({listing})", f"{named} || {value} || {outside}"))
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
    earlier: Scan | None = None,
    corrects: str | None = None,
) -> Screened:
    if batch.rows.num_rows == 0:
        return Screened(accepted.schema.empty_table(), rejected.schema.empty_table())
    raw = batch.rows.schema
    key_type = "integer" if pa.types.is_integer(accepted.schema.field(key).type) else "category"
    checked = {key: Column(type=key_type), **columns}
    texts = ", ".join(f'{_text(name, raw.field(name).type)} AS "text_{name}"' for name in checked)
    values = ", ".join(f'{_value(name, item)} AS "typed_{name}"' for name, item in checked.items())
    faults = [(f'"text_{key}" IS NULL', literal(f"{key}: the key is missing"))]
    for name, column in checked.items():
        faults += _column_faults(name, column)
    reasons = ", ".join(f"CASE WHEN {fault} THEN {message} END" for fault, message in faults)
    payload = ", ".join(
        f"{literal(field.name)}: {_as_json(field.name, field.type)}"
        for field in raw
        if field.name not in ("day", "event_time")
    )
    seen_before = f'EXISTS (FROM earlier WHERE earlier."{key}" = checked."typed_{key}")'
    earlier_fault = (
        f"CASE WHEN {seen_before} THEN {literal(f'{key}: the key exists on an earlier day')} END"
        if earlier
        else "NULL"
    )
    duplicate = literal(f"{key}: duplicate key")
    order = "ordinal"
    if corrects is not None:
        order = "event_time DESC NULLS LAST, ordinal DESC"
        changed = f'"typed_{corrects}" IS DISTINCT FROM final'
        duplicate = f"CASE WHEN {changed} THEN {literal(CORRECTED)} ELSE {duplicate} END"
    final = f'"typed_{corrects or key}"'
    sql = f"""
        WITH texts AS (
            SELECT day, event_time, row_number() OVER () AS ordinal, {texts},
                CAST(to_json({{{payload}}}) AS VARCHAR) AS row
            FROM raw
        ),
        typed AS (SELECT *, {values} FROM texts),
        checked AS (
            SELECT *, list_filter([{reasons}], lambda fault: fault IS NOT NULL) AS faults
            FROM typed
        ),
        ranked AS (
            SELECT *, {earlier_fault} AS earlier_fault,
                row_number() OVER in_day AS rank_in_day,
                first_value({final}) OVER in_day AS final,
                row_number() OVER (PARTITION BY "typed_{key}", len(faults) = 0
                                   ORDER BY day, ordinal) AS rank
            FROM checked
            WINDOW in_day AS (PARTITION BY day, "typed_{key}", len(faults) = 0 ORDER BY {order})
        )
        SELECT * EXCLUDE (faults, earlier_fault, rank, rank_in_day, final), list_filter(
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
    good = ", ".join(f'"typed_{name}" AS "{name}"' for name in checked)
    accepted_rows = lake.query(
        f"SELECT day, event_time, {good} FROM judged WHERE len(faults) = 0 ORDER BY day, ordinal",
        judged=judged,
    )
    rejected_rows = lake.query(
        f'SELECT day, {literal(source)} AS source, CAST("typed_{key}" AS VARCHAR) AS key, '
        "array_to_string(faults, '; ') AS reason, row FROM judged WHERE len(faults) > 0 "
        "ORDER BY day, ordinal",
        judged=judged,
    )
    return Screened(
        accepted_rows.select(accepted.schema.names).cast(accepted.schema),
        rejected_rows.cast(rejected.schema),
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
        "add it to the source, or correct `key`, `columns` or `inputs` in the model's defs.yaml",
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

    A label that arrives again on a later day is a correction, and is accepted. Of several on one
    day the last counts: by `event_time`, and where that is the same by the order of the rows.

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
    columns = {target.column: column}
    return _screen(lake, batch, "labels", key, columns, labels, rejected, corrects=target.column)
