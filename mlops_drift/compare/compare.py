"""Two tables side by side: what `mlops-drift compare` and a notebook need.

Column by column, so that no more than a few columns are in memory at once: the reference is fitted,
the current values are sorted chunk by chunk, and the counts follow from their order.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from mlops_drift.compare.chunks import chunks_of
from mlops_drift.compare.measuring import Measured, Sides, Test, measure_column
from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Kind, Rows, RowsError, Source
from mlops_drift.drift.text_columns import TEXT, readings_of_both
from mlops_drift.drift.verdict import ColumnVerdict, judge_comparisons
from mlops_drift.drift.verdict import Comparison as Judged


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
    """Compares two tables column by column.

    Args:
        reference: the table to compare with, or a fitted reference, whose kinds and bins stay.
        current: the table to judge.
        columns: which columns; without it all that either side has.
        categorical: numeric columns that are to be read as categories.
        monitor: metrics, thresholds and required evidence.
        tests: further tests of numeric columns.
        auc: whether to train a classifier that tells the tables apart.

    Raises:
        RowsError: a table cannot be read, or has none of the columns asked for.

    >>> import pyarrow as pa
    >>> found = compare(pa.table({"x": range(1000)}), pa.table({"x": range(500, 1000)}))
    >>> found.drifted, round(found.columns["x"].measures.value("ks"), 3)
    (['x'], 0.5)
    """
    monitor = monitor or DriftMonitor()
    past, now = _read(reference, current)
    kinds = _kinds(past, now, columns, categorical)
    [whole] = _compare(Sides(past, now, chunks_of(now, None), monitor, tests), kinds)
    if not auc:
        return whole
    from mlops_drift.drift.multivariate import domain_auc

    if isinstance(past, Reference):
        raise ValueError("auc needs the rows of the reference, found a fitted reference")
    readable = {name: item.kind for name, item in whole.columns.items() if item.kind}
    found = domain_auc(past.table(readable), now.table(readable), readable)
    return Comparison(None, whole.n_reference, whole.n_current, whole.columns, found)


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

    Args:
        reference: the table to compare with, or a fitted reference.
        current: the table to judge.
        by: the column of the current table whose values are the chunks, such as a day.
        columns: which columns; without it all that either side has, but `by`.
        categorical: numeric columns that are to be read as categories.
        monitor: metrics, thresholds and required evidence; each chunk is a family of its own.
        tests: further tests of numeric columns.

    Returns:
        The chunks in ascending order; rows without a chunk come last, as `null` (as `(null)` where
        a chunk is called null).

    Raises:
        RowsError: a table cannot be read, has none of the columns asked for, or there are more
            than 5,000 chunks.
    """
    past, now = _read(reference, current)
    chunks = chunks_of(now, by)
    kinds = _kinds(past, now, columns, categorical, by)
    return _compare(Sides(past, now, chunks, monitor or DriftMonitor(), tests), kinds)


def _read(reference: Source | Reference, current: Source) -> tuple[Rows | Reference, Rows]:
    """Both tables, their columns as the same types."""
    past = reference if isinstance(reference, Reference) else Rows.of(reference)
    now = Rows.of(current)
    if isinstance(past, Rows):
        _read_alike(past, now)
    else:
        for name, column in past.columns.items():
            column.read_like(now, name)
    return past, now


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


def _compare(sides: Sides, kinds: Mapping[str, Kind | None]) -> list[Comparison]:
    past, chunks = sides.past, sides.chunks
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(partial(measure_column, sides), kinds, kinds.values())
        measured = dict(zip(kinds, found, strict=True))
    n_reference = (
        max((column.n for column in past.columns.values()), default=0)
        if isinstance(past, Reference)
        else past.count
    )
    return [
        Comparison(
            chunk,
            n_reference,
            size,
            _judge(
                {name: _at(item, number) for name, item in measured.items()}, kinds, sides.monitor
            ),
        )
        for number, (chunk, size) in enumerate(zip(chunks.labels, chunks.sizes, strict=True))
    ]


def _at(measured: list[Measured] | str, number: int) -> Measured | str:
    return measured if isinstance(measured, str) else measured[number]


def _kinds(
    past: Rows | Reference,
    now: Rows,
    columns: Sequence[str] | None,
    categorical: Sequence[str],
    by: str | None = None,
) -> dict[str, Kind | None]:
    """How to read each column; None where a side has it not, or cannot give it as one kind."""
    theirs: Mapping[str, Kind] = (
        {name: column.kind for name, column in past.columns.items()}
        if isinstance(past, Reference)
        else past.kinds
    )
    known = list(dict.fromkeys([*past.columns, *now.columns]))
    for option, names in (("columns", columns or ()), ("categorical", categorical)):
        missing = [name for name in names if name not in known]
        if missing:
            raise RowsError(
                f"{option} names {', '.join(missing)}, which neither table has; "
                f"the columns are {', '.join(known)}"
            )
    wanted = [name for name in (columns or known) if name != by]
    if not wanted:
        raise RowsError("there is no column to compare")
    kinds: dict[str, Kind | None] = {}
    for name in wanted:
        kind = theirs.get(name)
        # A reference without any value has no type of its own.
        if isinstance(past, Rows) and past.types.get(name) == '"NULL"':
            kind = now.kinds.get(name, kind)
        if name in categorical and kind and isinstance(past, Rows):
            kind = "categorical"
        kinds[name] = kind
    return kinds


def _judge(
    measured: Mapping[str, Measured | str],
    kinds: Mapping[str, Kind | None],
    monitor: DriftMonitor,
) -> dict[str, ColumnComparison]:
    judged = {
        name: Judged(name, 0, item.column, item.column.counts, item.counts, item.measures)
        for name, item in measured.items()
        if isinstance(item, Measured)
    }
    verdicts: dict[str, list[ColumnVerdict]] = {}
    for verdict in judge_comparisons(list(judged.values()), monitor):
        verdicts.setdefault(verdict.column, []).append(verdict)
    return {
        name: ColumnComparison(name, None, None, None, None, None, "unknown", (item,))
        if isinstance(item, str)
        else _column(name, kinds[name], item, verdicts[name])
        for name, item in measured.items()
    }


def _column(
    name: str, kind: Kind | None, item: Measured, verdicts: list[ColumnVerdict]
) -> ColumnComparison:
    failed = [verdict for verdict in verdicts if verdict.verdict == "fail"]
    deciding = failed or verdicts[:1]
    return ColumnComparison(
        name,
        kind,
        item.column,
        item.counts,
        item.measures,
        None if deciding[0].verdict == "unknown" else deciding[0].q,
        deciding[0].verdict,
        tuple(verdict.reason for verdict in deciding),
        max(verdict.excess for verdict in deciding),
        item.tests,
    )
