"""Two tables side by side: what `mlops-drift compare` and a notebook need.

Column by column, so that no more than a few columns are in memory at once: the reference is fitted,
the current values are sorted chunk by chunk, and the counts follow from their order.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.location_spread import levene, mann_whitney
from mlops_drift.drift.measures import Measures, measure
from mlops_drift.drift.profile import ColumnProfile, profile_sorted
from mlops_drift.drift.reference import ColumnReference, Counts, Reference
from mlops_drift.drift.rows import (
    ColumnError,
    Floats,
    Kind,
    Rows,
    RowsError,
    Source,
    read_alike,
)
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.drift.verdict import ColumnVerdict, judge_comparisons
from mlops_drift.drift.verdict import Comparison as Judged
from mlops_drift.schema.verdicts import Verdict

MAX_CHUNKS = 5_000

# Up to here every whole number is a double.
_EXACT = 2**53
# Truths of the reference may be numbers in the current table.
_TRUTHS: Mapping[str | None, str] = {"0": "false", "1": "true"}

Test = Literal["mann-whitney", "levene"]
TESTS: Mapping[Test, Callable[[Floats, Floats], tuple[float, float]]] = {
    "mann-whitney": mann_whitney,
    "levene": levene,
}

_METRICS = ("psi", "js", "hellinger", "tvd", "linf", "ks", "ks_p", "wasserstein", "chi2", "chi2_p")


@dataclass(frozen=True)
class ColumnComparison:
    """One column of both tables.

    Attributes:
        name: name of the column.
        kind: numeric or categorical; None where one side cannot be read.
        column: the reference's bins and counts.
        counts: current rows in these bins.
        measures: every number about it.
        q: p-value of the deciding rule after Benjamini-Hochberg; None where unknown.
        verdict: pass, fail or unknown.
        reasons: the verdict in sentences.
        excess: the deciding value in units of its threshold.
        tests: statistics and p-values of the tests that were asked for.
    """

    name: str
    kind: Kind | None
    column: ColumnReference | None
    counts: Counts | None
    measures: Measures | None
    q: float | None
    verdict: Verdict
    reasons: tuple[str, ...]
    excess: float = 0.0
    tests: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The column as JSON-safe values; what does not apply is None."""
        numbers = vars(self.measures) if self.measures else {}
        return {
            "kind": self.kind,
            **{name: numbers.get(name) for name in _METRICS},
            "null_reference": numbers.get("null_reference"),
            "null_current": numbers.get("null_share"),
            "unseen": numbers.get("unseen"),
            "q": self.q,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            **self.tests,
        }


@dataclass(frozen=True)
class Comparison:
    """Two tables, or a reference and one chunk.

    Attributes:
        chunk: which chunk; None for the whole table.
        n_reference: reference rows.
        n_current: current rows.
        columns: the columns by name.
        auc: how well a classifier tells the tables apart (see `multivariate.domain_auc`), where
            that was asked for.
    """

    chunk: str | None
    n_reference: int
    n_current: int
    columns: Mapping[str, ColumnComparison]
    auc: float | None = None

    @property
    def drifted(self) -> list[str]:
        """Names of the columns that fail, furthest first."""
        failed = [column for column in self.columns.values() if column.verdict == "fail"]
        return [column.name for column in sorted(failed, key=lambda item: -item.excess)]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-safe values."""
        return {
            **({} if self.chunk is None else {"chunk": self.chunk}),
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
            "drifted": self.drifted,
            **({} if self.auc is None else {"auc": self.auc}),
        }


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
    >>> found.drifted, round(found.columns["x"].measures.ks, 3)
    (['x'], 0.5)
    """
    if not isinstance(reference, Reference):
        # Both are read once, as the same types.
        reference, current = Rows.of(reference), Rows.of(current)
    [whole] = _compare(reference, current, None, columns, categorical, monitor, tests)
    if not auc:
        return whole
    from mlops_drift.drift.multivariate import domain_auc

    if isinstance(reference, Reference):
        raise ValueError("auc needs the rows of the reference, found a fitted reference")
    kinds = {name: item.kind for name, item in whole.columns.items() if item.kind}
    found = domain_auc(Rows.of(reference).table(kinds), Rows.of(current).table(kinds), kinds)
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
    wasserstein: bool = True,
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
        wasserstein: whether to compute that distance, which takes a third of the time.

    Returns:
        The chunks in ascending order; rows without a chunk come last, as `null` (as `(null)` where
        a chunk is called null).

    Raises:
        RowsError: a table cannot be read, has none of the columns asked for, or there are more
            than 5,000 chunks.
    """
    return _compare(reference, current, by, columns, categorical, monitor, tests, wasserstein)


@dataclass(frozen=True)
class _Chunks:
    """The chunks of a table: where each begins once the rows are in `order`."""

    labels: list[str | None]
    bounds: NDArray[np.int64]
    numbers: NDArray[np.int64] | None
    order: NDArray[np.int64] | None

    def slices(self, values: Floats) -> Iterator[Floats]:
        ordered = values if self.order is None else values[self.order]
        for first, last in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            yield ordered[first:last]

    @property
    def sizes(self) -> list[int]:
        sizes: list[int] = np.diff(self.bounds).tolist()
        return sizes


@dataclass(frozen=True)
class _Measured:
    column: ColumnReference
    counts: Counts
    measures: Measures
    tests: Mapping[str, float]


def _compare(
    reference: Source | Reference,
    current: Source,
    by: str | None,
    columns: Sequence[str] | None,
    categorical: Sequence[str],
    monitor: DriftMonitor | None,
    tests: Sequence[Test],
    wasserstein: bool = True,
) -> list[Comparison]:
    monitor = monitor or DriftMonitor()
    metrics = {monitor.metric, *(column.metric for column in monitor.columns.values())}
    if not wasserstein and "wasserstein" in metrics:
        raise ValueError("the monitor judges by wasserstein, which wasserstein=False leaves out")
    past = reference if isinstance(reference, Reference) else Rows.of(reference)
    now = Rows.of(current)
    if isinstance(past, Rows):
        read_alike(past, now)
    else:
        for name, column in past.columns.items():
            column.read_like(now, name)
    chunks = _chunks(now, by)
    kinds = _kinds(past, now, columns, categorical, by)
    measure_one = partial(_measure, past, now, chunks, monitor.bins, tests, wasserstein)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = dict(zip(kinds, pool.map(measure_one, kinds, kinds.values()), strict=True))
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
            _judge({name: _at(item, number) for name, item in measured.items()}, kinds, monitor),
        )
        for number, (chunk, size) in enumerate(zip(chunks.labels, chunks.sizes, strict=True))
    ]


def _at(measured: list[_Measured] | str, number: int) -> _Measured | str:
    return measured if isinstance(measured, str) else measured[number]


def _chunks(rows: Rows, by: str | None) -> _Chunks:
    if by is None:
        return _Chunks([None], np.array([0, rows.count]), None, None)
    values, numbers = rows.groups(by)
    if len(values) - 1 > MAX_CHUNKS:
        raise RowsError(
            f"column {by!r} of {rows.name} has {len(values) - 1:,} different values, at most "
            f"{MAX_CHUNKS:,} chunks can be compared; a column of days or weeks would do"
        )
    sizes = np.bincount(numbers, minlength=len(values))
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    labels = values[:-1]
    if sizes[-1]:
        labels.append("null" if "null" not in labels else "(null)")
    else:
        bounds = bounds[:-1]
    is_ordered = bool(np.all(numbers[1:] >= numbers[:-1]))
    order = None if is_ordered else np.argsort(numbers, kind="stable")
    return _Chunks(labels, bounds, numbers, order)


def _kinds(
    past: Rows | Reference,
    now: Rows,
    columns: Sequence[str] | None,
    categorical: Sequence[str],
    by: str | None,
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


def _measure(
    past: Rows | Reference,
    now: Rows,
    chunks: _Chunks,
    bins: int,
    tests: Sequence[Test],
    wasserstein: bool,
    name: str,
    kind: Kind | None,
) -> list[_Measured] | str:
    """One column of every chunk, or why it cannot be compared."""
    for side, names in (("reference", past.columns), ("current table", now.columns)):
        if name not in names:
            return f"{name} was not judged: the {side} does not have this column"
    if kind is None:
        return f"{name} was not judged: nested values are neither numbers nor categories"
    try:
        column = (
            past.columns[name]
            if isinstance(past, Reference)
            else ColumnReference.fit(past, name, kind, bins)
        )
        if kind == "categorical":
            return list(_measure_categories(column, now, chunks, name))
        numbers = now.numbers(name)
        if isinstance(past, Rows) and _are_rounded_alike(past, now, name, column, numbers):
            return (
                f"{name} was not judged: its values have so many digits that they cannot be told "
                "apart as numbers; name it as categorical, or leave it out"
            )
        return list(_measure_numbers(column, numbers, chunks, tests, wasserstein))
    except ColumnError as error:
        return f"{name} was not judged: {error}"


def _are_rounded_alike(
    past: Rows, now: Rows, name: str, column: ColumnReference, numbers: Floats
) -> bool:
    """Whether most values of both tables, ids as a rule, round to few doubles in one span."""
    finite = numbers[np.isfinite(numbers)]
    if column.moments is None or not len(finite):
        return False
    low, high = max(column.moments.minimum, finite.min()), min(column.moments.maximum, finite.max())
    return bool(
        low <= high
        and max(-low, high) > _EXACT
        and not (past.are_apart_as_numbers(name) or now.are_apart_as_numbers(name))
    )


def _measure_numbers(
    column: ColumnReference,
    numbers: Floats,
    chunks: _Chunks,
    tests: Sequence[Test],
    wasserstein: bool,
) -> Iterator[_Measured]:
    for values in chunks.slices(numbers):
        sample = SortedValues(values)
        profile = profile_sorted(column, sample, len(values))
        asked: dict[str, float] = {}
        if column.sample is not None:
            for test in tests:
                key = test.replace("-", "_")
                asked[key], asked[f"{key}_p"] = TESTS[test](column.sample.values, sample.values)
        # The bins are what is kept of a column: its values would fill the memory.
        bins = column.without_sample()
        measures = measure(column, profile, sample, wasserstein=wasserstein)
        yield _Measured(bins, profile.counts, measures, asked)


def _measure_categories(
    column: ColumnReference, now: Rows, chunks: _Chunks, name: str
) -> Iterator[_Measured]:
    categories, codes = now.encoded(name)
    if set(map(str, column.values)) <= set(_TRUTHS.values()) and now.types[name] != "BOOLEAN":
        categories = [_TRUTHS.get(category, category) for category in categories]
    bins = column.bins_of(categories)[codes]
    size = len(column.counts)
    if chunks.numbers is not None:
        bins = chunks.numbers * size + bins
    counted = np.bincount(bins, minlength=len(chunks.labels) * size)
    novelty = _novelty(column, categories, codes, chunks)
    for counts, new in zip(counted.reshape(-1, size), novelty, strict=True):
        yield _Measured(column, counts, measure(column, ColumnProfile(counts, novelty=new)), {})


def _novelty(
    column: ColumnReference, categories: list[str | None], codes: NDArray[np.int64], chunks: _Chunks
) -> NDArray[np.int64]:
    """The rows with an unseen category by a hash of it, of each chunk."""
    size = column.novelty_size
    if not size:
        return np.zeros((len(chunks.labels), 0), dtype=np.int64)
    shares = column.novelty_of(categories)[codes]
    cells = shares if chunks.numbers is None else chunks.numbers * size + shares
    counted = np.bincount(cells[shares >= 0], minlength=len(chunks.labels) * size)
    return counted.reshape(-1, size)


def _judge(
    measured: Mapping[str, _Measured | str],
    kinds: Mapping[str, Kind | None],
    monitor: DriftMonitor,
) -> dict[str, ColumnComparison]:
    judged = {
        name: Judged(name, 0, item.column, item.column.counts, item.counts, item.measures)
        for name, item in measured.items()
        if isinstance(item, _Measured)
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
    name: str, kind: Kind | None, item: _Measured, verdicts: list[ColumnVerdict]
) -> ColumnComparison:
    failed = [verdict for verdict in verdicts if verdict.verdict == "fail"]
    said = failed or verdicts[:1]
    return ColumnComparison(
        name,
        kind,
        item.column,
        item.counts,
        item.measures,
        None if said[0].verdict == "unknown" else said[0].q,
        said[0].verdict,
        tuple(verdict.reason for verdict in said),
        max(verdict.excess for verdict in said),
        item.tests,
    )
