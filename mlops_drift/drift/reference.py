"""Frozen bins: what the columns of a version looked like when it was born.

Bins never depend on current data. Otherwise days could not be compared with each other, and a
single outlier could stretch the bins until a shift is no longer seen.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Kind = Literal["numeric", "categorical"]
Counts = NDArray[np.int64]

MAX_DISTINCT = 20
ROWS_PER_BIN = 20
RARE_SHARE = 0.005

OTHER, NON_FINITE, RARE, UNSEEN, NULL = "other", "non-finite", "rare", "unseen", "null"
_SPECIAL = (OTHER, NON_FINITE, RARE, UNSEEN, NULL)
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False)
class ColumnReference:
    """The bins of one column and how many reference rows each holds.

    Bins of a numeric column with few distinct values: one per value, `other`, `non-finite`,
    `null`. Of any other numeric column: intervals closed on the left, the outer two open-ended,
    then `non-finite` and `null`. Of a categorical column: one per category, most frequent first,
    then `rare`, `unseen` and `null`.

    Attributes:
        kind: numeric or categorical.
        counts: reference rows per bin, special bins included, int64 of shape (bins,).
        edges: ascending inner edges of a numeric column that is binned by intervals.
        values: the numbers or categories that have a bin of their own.
        rare: categories of the reference that share the bin `rare`.
        singletons: number of categories that only one reference row has. Divided by `n` it
            estimates the share of unseen categories to expect without drift (Good-Turing).
    """

    kind: Kind
    counts: Counts
    edges: tuple[float, ...] = ()
    values: tuple[float, ...] | tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    singletons: int = 0

    @property
    def labels(self) -> list[str]:
        """Readable names of the bins, in the order of `counts`."""
        if self.kind == "categorical":
            # A category that is itself called "null" must not read like the bin.
            names = [repr(v) if v in _SPECIAL else str(v) for v in self.values]
            return [*names, RARE, UNSEEN, NULL]
        if not self.edges:
            return [*_texts(self.values), OTHER, NON_FINITE, NULL]
        texts = _texts(self.edges)
        inner = [f"[{a}, {b})" for a, b in pairwise(texts)]
        return [f"< {texts[0]}", *inner, f">= {texts[-1]}", NON_FINITE, NULL]

    @property
    def n(self) -> int:
        """Reference rows, nulls included."""
        return int(self.counts.sum())

    @property
    def null_share(self) -> float:
        """Share of nulls among the reference rows, 0.0 without rows."""
        return int(self.counts[-1]) / max(self.n, 1)

    def unseen(self, counts: Counts) -> int:
        """Rows among `counts` whose value the reference does not know; 0 for interval bins."""
        if self.edges:
            return 0
        return int(counts[-2] if self.kind == "categorical" else counts[-3])

    def bin(self, values: pa.Array | pa.ChunkedArray) -> Counts:
        """Counts values in the bins.

        Args:
            values: a column of a type that can be read as the column's kind.

        Returns:
            Rows per bin, int64, in the order of `labels`; they sum to the number of values.

        Raises:
            ValueError: the values cannot be read as numbers, or as text.
        """
        if self.kind == "categorical":
            return self._bin_text(_as_text(values))
        return self._bin_numbers(_as_numbers(values))

    def _bin_numbers(self, numbers: NDArray[np.float64]) -> Counts:
        finite = numbers[np.isfinite(numbers)]
        nulls = int(np.isnan(numbers).sum())
        if self.edges:
            bins = np.searchsorted(self.edges, finite, side="right")
            size = len(self.edges) + 1
        else:
            known = np.array([*self.values, np.inf], dtype=np.float64)
            bins = np.searchsorted(known, finite)
            size = len(known)
            bins[known[bins] != finite] = size - 1
        return _counts(bins, size, [len(numbers) - len(finite) - nulls, nulls])

    def _bin_text(self, texts: pa.ChunkedArray) -> Counts:
        known = pa.array([*self.values, *self.rare], pa.string())
        found = pc.index_in(texts, value_set=known).drop_null().to_numpy()
        bins = np.minimum(found, len(self.values))
        unseen = len(texts) - texts.null_count - len(found)
        return _counts(bins, len(self.values) + 1, [unseen, texts.null_count])

    def to_dict(self) -> dict[str, Any]:
        """The column as JSON-safe values; `from_dict` gives back exactly the same column."""
        return {
            "kind": self.kind,
            "counts": self.counts.tolist(),
            "edges": list(self.edges),
            "values": list(self.values),
            "rare": list(self.rare),
            "singletons": self.singletons,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote."""
        return cls(
            kind=data["kind"],
            counts=np.array(data["counts"], dtype=np.int64),
            edges=tuple(data["edges"]),
            values=tuple(data["values"]),
            rare=tuple(data["rare"]),
            singletons=data["singletons"],
        )


@dataclass(frozen=True, eq=False)
class Reference:
    """The frozen columns of a version, by name.

    >>> table = pa.table({"miles": range(1000), "plan": ["a", "b"] * 500})
    >>> reference = Reference.fit(table, {"miles": "numeric", "plan": "categorical"}, bins=4)
    >>> reference.columns["miles"].labels
    ['< 250', '[250, 500)', '[500, 750)', '>= 750', 'non-finite', 'null']
    >>> reference.columns["plan"].bin(pa.array(["a", "c", None])).tolist()
    [1, 0, 0, 1, 1]
    >>> Reference.from_dict(reference.to_dict()).digest == reference.digest
    True
    """

    columns: Mapping[str, ColumnReference]

    @classmethod
    def fit(cls, table: pa.Table, kinds: Mapping[str, Kind], bins: int) -> Self:
        """Fixes the bins of columns and counts the table's rows in them.

        A numeric column with at most 20 distinct finite values gets a bin for each, any other
        `bins` quantile bins whose edges are observed values, duplicates collapsed. Either way it
        gets no more than one bin for every 20 finite values (but 2), so that the bins of a small
        reference stay filled. A category gets a bin of its own from 0.5 % of the rows on.
        NaN is a null. Dates and times become days.

        Args:
            table: the reference rows.
            kinds: how to read each column to watch; other columns of the table are ignored.
            bins: largest number of quantile bins, at least 2.

        Raises:
            ValueError: a column is missing or cannot be read as its kind, or `bins` is under 2.
        """
        if bins < 2:
            raise ValueError(f"bins must be at least 2, found {bins}")
        return cls({name: _fit(table, name, kind, bins) for name, kind in kinds.items()})

    def to_dict(self) -> dict[str, Any]:
        """The reference as JSON-safe values; `from_dict` gives back exactly the same reference."""
        return {"columns": {name: column.to_dict() for name, column in self.columns.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote."""
        columns: Mapping[str, Mapping[str, Any]] = data["columns"]
        return cls({name: ColumnReference.from_dict(column) for name, column in columns.items()})

    @property
    def digest(self) -> str:
        """SHA-256 of the reference as canonical JSON, in hexadecimal; column order is ignored."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray:
    """One column of a table.

    Raises:
        ValueError: the table has no such column, or several.
    """
    if table.column_names.count(name) != 1:
        raise ValueError(f"one column {name!r} is needed, found columns {table.column_names}")
    return table[name]


def _fit(table: pa.Table, name: str, kind: Kind, bins: int) -> ColumnReference:
    values = column_of(table, name)
    try:
        if kind == "numeric":
            return _fit_numbers(_as_numbers(values), bins)
        if kind == "categorical":
            return _fit_text(_as_text(values))
    except ValueError as error:
        raise ValueError(f"column {name!r}: {error}") from error
    raise ValueError(f"column {name!r}: kind must be numeric or categorical, found {kind!r}")


def _fit_numbers(numbers: NDArray[np.float64], bins: int) -> ColumnReference:
    finite = numbers[np.isfinite(numbers)]
    distinct = np.unique(finite)
    most_bins = max(2, len(finite) // ROWS_PER_BIN)
    edges: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    if len(distinct) <= min(MAX_DISTINCT, most_bins):
        values = tuple(distinct.tolist())
    else:
        bins = min(bins, most_bins)
        # Observed values rather than interpolated ones: interpolation can overflow, and whole
        # numbers would get fractional edges.
        quantiles = np.quantile(finite, np.arange(1, bins) / bins, method="higher")
        edges = tuple(np.unique(quantiles).tolist())
    empty = ColumnReference("numeric", np.zeros(0, dtype=np.int64), edges, values)
    return ColumnReference("numeric", empty._bin_numbers(numbers), edges, values)


def _fit_text(texts: pa.ChunkedArray) -> ColumnReference:
    frequencies = {
        entry["values"]: entry["counts"] for entry in pc.value_counts(texts.drop_null()).to_pylist()
    }
    ordered = sorted(frequencies, key=lambda category: (-frequencies[category], category))
    rows_needed = RARE_SHARE * len(texts)
    values = tuple(c for c in ordered if frequencies[c] >= rows_needed)
    rare = tuple(ordered[len(values) :])
    own = [frequencies[category] for category in values]
    tail = [frequencies[category] for category in rare]
    counts = np.array([*own, sum(tail), 0, texts.null_count], dtype=np.int64)
    return ColumnReference(
        "categorical", counts, values=values, rare=rare, singletons=(own + tail).count(1)
    )


def _counts(bins: NDArray[np.integer[Any]], size: int, special: list[int]) -> Counts:
    regular = np.bincount(bins, minlength=size)
    return np.concatenate([regular, special]).astype(np.int64)


def _plain(values: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """The values as one chunked array without dictionary encoding."""
    chunked = pa.chunked_array([values]) if isinstance(values, pa.Array) else values
    if pa.types.is_dictionary(chunked.type):
        return pc.cast(chunked, chunked.type.value_type)
    return chunked


def _as_numbers(values: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    """Values as floats with NaN for null."""
    plain = _plain(values)
    kind = plain.type
    # A column without any value often loses its type on the way through a file.
    if plain.null_count == len(plain):
        return np.full(len(plain), np.nan)
    if pa.types.is_temporal(kind):
        return _as_days(plain)
    if pa.types.is_primitive(kind) or pa.types.is_decimal(kind):
        numbers: NDArray[np.float64] = pc.cast(plain, pa.float64(), safe=False).to_numpy()
        return numbers
    raise ValueError(f"numbers, booleans, dates or times are needed, found type {kind}")


def _as_days(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Dates and timestamps as days since 1970-01-01, times and durations as days."""
    microseconds = pa.timestamp("us")
    if pa.types.is_time(values.type):
        microseconds = pa.time64("us")
    elif pa.types.is_duration(values.type):
        microseconds = pa.duration("us")
    counted = pc.cast(pc.cast(values, microseconds, safe=False), pa.int64())
    days: NDArray[np.float64] = pc.cast(counted, pa.float64(), safe=False).to_numpy()
    return days / _MICROSECONDS_PER_DAY


def _as_text(values: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as strings with null for NaN; 1 and 1.0 are both the category ``1``."""
    plain = _plain(values)
    if pa.types.is_floating(plain.type):
        plain = pc.cast(plain, pa.float64())
        plain = pc.if_else(pc.is_nan(plain), pa.scalar(None, pa.float64()), plain)
    try:
        return pc.cast(plain, pa.string())
    except pa.ArrowNotImplementedError as error:
        raise ValueError(f"a type that can be text is needed, found type {plain.type}") from error


def _texts(numbers: tuple[float, ...] | tuple[str, ...]) -> list[str]:
    """Numbers in the fewest digits, four at least, that keep them apart."""
    for digits in range(4, 18):
        texts = [f"{number:.{digits}g}" for number in numbers]
        if len(set(texts)) == len(texts):
            break
    return texts
