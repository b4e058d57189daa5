"""Two tables side by side: what `mlops-drift compare` and a notebook need.

Column by column, so that no more than a few columns are in memory at once: the reference is fitted,
the current values are sorted chunk by chunk, and the counts follow from their order.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from mlops_drift.compare.chunks import chunks_of
from mlops_drift.compare.measuring import Sides, Test, measure_column
from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.drift.column_reference import as_dates
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Kind, Rows, Source
from mlops_drift.drift.text_columns import TEXT, readings_of_both
from mlops_drift.drift.verdict import Comparison as Judged
from mlops_drift.drift.verdict import judge_comparisons
from mlops_drift.files.error import TableError


def compare(
    reference: Source | Reference,
    current: Source,
    *,
    columns: Sequence[str] | None = None,
    categorical: Sequence[str] = (),
    monitor: DriftMonitor | None = None,
    tests: Sequence[Test] = (),
    auc: bool = False,
) -> Comparison:
    """Compares two tables column by column: all columns that either has, or those named.

    Dates and timestamps are only judged if they are named: two periods always differ in them.
    The kinds and bins of a fitted reference stay. `categorical` are numeric columns to read as
    categories, `tests` further tests of numeric columns; `auc` trains a classifier that tells the
    tables apart.

    Raises:
        TableError: a table cannot be read, or has none of the columns asked for.

    >>> import pyarrow as pa
    >>> found = compare(pa.table({"x": range(1000)}), pa.table({"x": range(500, 1000)}))
    >>> found.drifted, round(found.columns["x"].measures.value("ks"), 3)
    (['x'], 0.5)
    """
    sides = _sides(reference, current, None, columns, categorical, monitor, tests)
    [whole] = _compare(sides)
    if not auc:
        return whole
    from mlops_drift.drift.multivariate import domain_auc

    if isinstance(sides.past, Reference):
        raise ValueError("auc needs the rows of the reference, found a fitted reference")
    readable = {name: item.kind for name, item in whole.columns.items() if item.kind}
    before, after = sides.past.table(readable), sides.now.table(readable)
    return replace(whole, auc=domain_auc(before, after, readable))


def compare_chunks(
    reference: Source | Reference,
    current: Source,
    *,
    by: str,
    columns: Sequence[str] | None = None,
    categorical: Sequence[str] = (),
    monitor: DriftMonitor | None = None,
    tests: Sequence[Test] = (),
) -> list[Comparison]:
    """Compares a table with each chunk of another, as `compare` does with the whole.

    The chunks are the values of the column `by` of the current table, such as days, in ascending
    order; rows without one come last, as `null` (as `(null)` where a chunk is called null). Each
    chunk is a family of tests of its own.

    Raises:
        TableError: as by `compare`, or there are more than 5,000 chunks.
    """
    return _compare(_sides(reference, current, by, columns, categorical, monitor, tests))


def _sides(
    reference: Source | Reference,
    current: Source,
    by: str | None,
    columns: Sequence[str] | None,
    categorical: Sequence[str],
    monitor: DriftMonitor | None,
    tests: Sequence[Test],
) -> Sides:
    past = reference if isinstance(reference, Reference) else Rows.of(reference)
    now = Rows.of(current)
    if isinstance(past, Rows):
        _read_alike(past, now)
    else:
        for name, column in past.columns.items():
            column.read_like(now, name)
    chunks = chunks_of(now, by)
    kinds = _kinds(past, now, columns, categorical, by)
    named = kinds if columns else categorical
    times = frozenset(name for name in kinds if name not in named and _is_time(past, now, name))
    return Sides(past, now, kinds, chunks, monitor or DriftMonitor(), tests, times)


def _is_time(past: Rows | Reference, now: Rows, name: str) -> bool:
    if name not in past.columns or name not in now.columns or not now.is_moment(name):
        return False
    if isinstance(past, Reference):
        return past.columns[name].are_moments
    return past.is_moment(name)


def _read_alike(past: Rows, now: Rows) -> None:
    """Reads the columns of two text files as the same types, where that is possible.

    A column of a text file is read as text beside one that is text by its type.
    """
    for name in past.types.keys() & now.types.keys():
        if name in past.facts and name in now.facts:
            mine, theirs = readings_of_both(past.facts[name], now.facts[name])
            past.read_as({name: mine})
            now.read_as({name: theirs})
            continue
        for one, other in ((past, now), (now, past)):
            if name in one.facts and other.types[name] == TEXT.type:
                one.read_as({name: TEXT})


def _kinds(
    past: Rows | Reference,
    now: Rows,
    columns: Sequence[str] | None,
    categorical: Sequence[str],
    by: str | None,
) -> dict[str, Kind | None]:
    """How to read each column; None where a side has it not, or cannot give it as one kind."""
    known = list(dict.fromkeys([*past.columns, *now.columns]))
    for option, names in (("columns", columns or ()), ("categorical", categorical)):
        if missing := [name for name in names if name not in known]:
            raise TableError(
                f"{option} names {', '.join(missing)}, which neither table has; "
                f"the columns are {', '.join(known)}"
            )
    theirs, mine = past.kinds, now.kinds
    kinds: dict[str, Kind | None] = {}
    for name in columns or known:
        kind = theirs.get(name)
        # A reference without any value has no type of its own.
        if isinstance(past, Rows) and past.types.get(name) == '"NULL"':
            kind = mine.get(name, kind)
        if name in categorical and kind and isinstance(past, Rows):
            kind = "categorical"
        if name != by:
            kinds[name] = kind
    if not kinds:
        raise TableError("there is no column to compare")
    return kinds


def _compare(sides: Sides) -> list[Comparison]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = list(pool.map(partial(measure_column, sides), sides.kinds))
    n_reference = sides.past.count
    chunks = zip(sides.chunks.labels, sides.chunks.sizes, *measured, strict=True)
    return [
        Comparison(chunk, n_reference, size, _judged(columns, sides))
        for chunk, size, *columns in chunks
    ]


def _judged(columns: Sequence[ColumnComparison], sides: Sides) -> dict[str, ColumnComparison]:
    """The columns of a chunk with their verdicts."""
    found = {item.name: item for item in columns}
    times = [item for item in columns if item.name in sides.times and item.column]
    found |= {item.name: _as_time(item) for item in times}
    measured = [
        Judged(item.name, 0, item.column, item.column.counts, item.counts, item.measures)
        for item in columns
        if item.column and item.measures and item.counts is not None
        if not found[item.name].is_time
    ]
    verdicts = judge_comparisons(measured, sides.monitor)
    for drift, nulls in zip(verdicts[::2], verdicts[1::2], strict=True):
        deciding = [item for item in (drift, nulls) if item.verdict == "fail"] or [drift]
        found[drift.column] = replace(
            found[drift.column],
            q=None if deciding[0].verdict == "unknown" else deciding[0].q,
            verdict=deciding[0].verdict,
            reasons=tuple(item.reason for item in deciding),
            excess=max(item.excess for item in deciding),
        )
    return found


def _as_time(item: ColumnComparison) -> ColumnComparison:
    """A column of dates or timestamps, with its range on both sides in place of a verdict."""
    moments, measures = item.column and item.column.moments, item.measures
    before = _range(moments.minimum, moments.maximum) if moments else "none"
    after = _range(measures.minimum, measures.maximum) if measures else "none"
    reason = f"{item.name} is a time and was not judged: {after}, in the reference {before}"
    return replace(item, is_time=True, reasons=(reason,))


def _range(first: float | None, last: float | None) -> str:
    if first is None or last is None:
        return "none"
    return " to ".join(dict.fromkeys(as_dates([first, last])))
