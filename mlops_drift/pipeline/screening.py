"""Screens raw rows: accepts those that meet the declared constraints, quarantines the others.

By SQL each row gets its typed values and the list of what is wrong with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.pipeline.constraints import (
    cells_of,
    checked_sql,
    texts_of,
)
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.raw_rows import as_json
from mlops_drift.sources.base import Batch, Part, require_columns, with_near_names
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan

# The reason of a label that another one of the same day replaces.
CORRECTED = "corrected later on the same day"


@dataclass(frozen=True)
class Screened:
    """A batch after its constraints, as rows of two tables.

    Attributes:
        notes: by day, which columns no record of the day has.
        absent: by day, the columns that its source lacks, each with what it has instead.
    """

    accepted: pa.Table
    quarantined: pa.Table
    notes: Mapping[date, str] = field(default_factory=dict)
    absent: Mapping[date, Mapping[str, str]] = field(default_factory=dict)


def screen_events(to: Destination, batch: Batch, first: date, last: date) -> Screened:
    """Checks events of the days `first` to `last`: types, nulls, ranges, allowed values, new keys.

    A key is one event for ever: the day that landed first keeps it, and on it the first row.

    A column that a part of the batch lacks, and that has landed before, is null in its rows.

    Raises:
        SourceError: if a part of the batch lacks the key or all columns, nothing has landed and it
            lacks a declared column, or its records have a column in another case.
    """
    notes, absent = _lacking(to, batch)
    return replace(screen_predictions(to, batch, first, last), notes=notes, absent=absent)


def screen_predictions(to: Destination, batch: Batch, first: date, last: date) -> Screened:
    """Checks rows of the days `first` to `last` whose key comes once for ever, as `screen_events`.

    Predictions that are made elsewhere have their columns already.
    """
    elsewhere = {
        "earlier": Scan(to.table, until=first - timedelta(days=1)),
        "later": Scan(to.table, since=last + timedelta(days=1)),
    }
    return _screen_keys(to, batch, elsewhere)


def screen_late(to: Destination, part: Part) -> Screened:
    """Checks rows of days that have landed, which have no row of the same key, as on their day.

    Raises:
        SourceError: as of rows that come in time.
    """
    batch, days = Batch((part,)), pc.min_max(part.days).as_py()
    if to.source == "labels":
        return screen_labels(to, batch)
    # Its notes are about days that are reported now; these have been.
    _lacking(to, batch)
    elsewhere = {
        "earlier": Scan(to.table, until=days["max"] - timedelta(days=1)),
        "later": Scan(to.table, since=days["min"] + timedelta(days=1)),
    }
    return _screen_keys(to, batch, elsewhere, {"earlier": "<", "later": ">"})


def _screen_keys(
    to: Destination,
    batch: Batch,
    elsewhere: Mapping[str, Scan],
    than_own: Mapping[str, str] = MappingProxyType({}),
) -> Screened:
    """Checks events; a key that a day elsewhere has is taken, of days on one side of its own."""
    elsewhere = {name: scan for name, scan in elsewhere.items() if to.lake.holds(scan)}
    duplicate, earlier, later = map(literal, taken_reasons(to.key))
    taken = {"earlier": earlier, "later": later}
    # As if the days landed one after another: what comes twice in a batch may be of two days.
    cases = [f"WHEN rank > rank_in_day THEN [{earlier}]"]
    for name in elsewhere:
        side = f"AND k.day {than_own[name]} checked.day" if than_own else ""
        has_it = f"EXISTS (FROM known_{name} k WHERE k.key = checked.v0 {side})"
        cases.append(f"WHEN {has_it} THEN [{taken[name]}]")
    return _screen(to, batch, "ordinal", "v0", duplicate, " ".join(cases), elsewhere)


def _lacking(
    to: Destination, batch: Batch
) -> tuple[dict[date, str], dict[date, Mapping[str, str]]]:
    """What `Screened` says of columns that are not there."""
    hint = "add it to the source, or correct `key`, `columns` or `inputs` in the model's defs.yaml"
    again = "bring it back and run the day again"
    notes: dict[date, str] = {}
    absent: dict[date, Mapping[str, str]] = {}
    wanted = [to.key, *dict.fromkeys([*to.columns, *(one.called for one in to.further)])]
    for part in batch.parts:
        found = part.rows.column_names
        missing = [name for name in wanted if name not in found]
        if not missing:
            continue
        days = pc.unique(part.days).to_pylist()
        if part.sparse or to.key in missing or not {*to.columns} & {*found}:
            note = require_columns(part, to.names, [to.key], hint)
            notes |= dict.fromkeys(days, note) if note else {}
            continue
        elsewhere = {name for one in batch.parts for name in one.rows.column_names}
        if not {*to.columns} <= elsewhere and not to.lake.holds(to.table):
            # It has never been there: a name is wrong.
            require_columns(part, to.names, to.names, hint)
        reasons = {
            name: with_near_names(f"{part.place} has no column {name!r}", [name], found, again)
            for name in missing
        }
        for day in days:
            absent[day] = {**absent.get(day, {}), **reasons}
    return notes, absent


def taken_reasons(key: str) -> tuple[str, str, str]:
    """Why a good row is no event: its key is that of one on its day, an earlier or a later day."""
    exists = f"{key}: the key exists on"
    return f"{key}: duplicate key", f"{exists} an earlier day", f"{exists} a later day"


def screen_labels(to: Destination, batch: Batch) -> Screened:
    """Checks labels: a key, a value of the target's kind, and one label a key and day.

    A label that arrives again on a later day is a correction, and is accepted. Of several on one
    day the last counts: by `event_time`, and where that is the same by the order of the rows.

    Raises:
        SourceError: if the key or the label column is missing from a part of the batch.
    """
    hint = "add it to the source, or correct `key` or `target.column` in the model's defs.yaml"
    for part in batch.parts:
        require_columns(part, to.names, to.names, hint)
    corrected, duplicate = literal(CORRECTED), literal(f"{to.key}: duplicate key")
    reason = f"CASE WHEN v1 IS DISTINCT FROM final THEN {corrected} ELSE {duplicate} END"
    return _screen(to, batch, "event_time DESC NULLS LAST, ordinal DESC", "v1", reason, "", {})


def _screen(
    to: Destination,
    batch: Batch,
    order: str,
    final: str,
    duplicate: str,
    taken: str,
    elsewhere: Mapping[str, Scan],
) -> Screened:
    """Accepts the first good row of each key and day, as SQL says which that is.

    `duplicate` is the reason of the others, which may read the `final` value of the first; `taken`
    are cases of a key that another day has, which read the `known_…` keys of `elsewhere`.
    """
    quarantine = to.tables.quarantined.schema
    parts = [part for part in batch.parts if part.rows.num_rows]
    if not parts:
        return Screened(to.table.schema.empty_table(), quarantine.empty_table())
    cells = cells_of(parts, to)
    offsets = [sum(part.rows.num_rows for part in parts[:number]) for number in range(len(parts))]
    texts = pa.concat_tables(
        texts_of(to.lake, part, cells, offset) for part, offset in zip(parts, offsets, strict=True)
    )
    # Of all days, only the keys of these rows: Parquet knows where such may be.
    key = identifier(to.key)
    known = "".join(
        f"known_{name} AS MATERIALIZED (SELECT DISTINCT {key} AS key, day FROM {name} "
        f"WHERE {key} IN (SELECT v0 FROM checked)),"
        for name in elsewhere
    )
    sql = f"""
        WITH checked AS MATERIALIZED ({checked_sql(cells)}), {known}
        twice AS (SELECT v0 FROM checked GROUP BY v0 HAVING count(*) > 1),
        ranked AS (
            SELECT ordinal,
                row_number() OVER in_day AS rank_in_day,
                first_value({final}) OVER in_day AS final,
                row_number() OVER (PARTITION BY v0, len(faults) = 0 ORDER BY day, ordinal) AS rank
            FROM checked WHERE v0 IN (FROM twice)
            WINDOW in_day AS (PARTITION BY day, v0, len(faults) = 0 ORDER BY {order})
        )
        SELECT day, event_time, ordinal, COLUMNS('v[0-9]+'),
            CASE WHEN len(faults) > 0 THEN faults {taken}
                WHEN rank_in_day > 1 THEN [{duplicate}] ELSE [] END AS faults
        FROM checked LEFT JOIN ranked USING (ordinal) ORDER BY day, ordinal
    """
    judged = to.lake.query(sql, texts=texts, **elsewhere)
    is_good = pc.equal(pc.list_value_length(judged["faults"]), 0)
    names = ["day", "event_time", *(cell.name for cell in cells)]
    accepted = judged.filter(is_good).drop_columns(["ordinal", "faults"]).rename_columns(names)
    faulty = to.lake.query(
        f"SELECT day, {literal(to.source)} AS source, CAST(v0 AS VARCHAR) AS key, "
        "array_to_string(faults, '; ') AS reason, ordinal, day AS row_day "
        "FROM judged ORDER BY ordinal",
        judged=judged.filter(pc.invert(is_good)),
    )
    ordinals = faulty["ordinal"].to_numpy()
    raw: list[str] = []
    for part, offset in zip(parts, offsets, strict=True):
        mine = ordinals[(ordinals >= offset) & (ordinals < offset + part.rows.num_rows)]
        raw += as_json(to.lake, part.rows.take(mine - offset))
    quarantined = faulty.append_column("row", pa.array(raw, pa.string())).select(quarantine.names)
    return Screened(
        accepted.select(to.table.schema.names).cast(to.table.schema),
        quarantined.cast(quarantine).sort_by("day"),
    )
