"""Frozen bins of one column, and how many reference rows each holds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.rows import Floats, Kind, Rows
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.drift.text_columns import TEXT

Counts = NDArray[np.int64]

MAX_DISTINCT = 20
ROWS_PER_BIN = 20
RARE_SHARE = 0.005
MAX_CATEGORIES = 20_000

# The bins, by a hash, that unseen categories are spread over.
NOVELTY_BINS = 8

OTHER, NON_FINITE, RARE, UNSEEN, NULL = "other", "non-finite", "rare", "unseen", "null"
# Below, a number is written with all digits before its point.
_LARGEST_PLAIN = 1e15
# The fields that the JSON of a column lacks.
_LEFT_OUT = ("sample", "frozen_digest")
_SPECIAL = (OTHER, NON_FINITE, RARE, UNSEEN, NULL)


@dataclass(frozen=True)
class Moments:
    """What the finite values of a reference column looked like.

    Attributes:
        center: their median.
        unit: their interquartile range; the standard deviation where that is 0, else 1.
        std: their standard deviation, divided by n.
    """

    center: float
    unit: float
    mean: float
    std: float
    minimum: float
    maximum: float


@dataclass(frozen=True, eq=False)
class ColumnReference:
    """The bins of one column and how many reference rows each holds.

    Bins of a numeric column with few distinct values: one per value, `other`, `non-finite`,
    `null`. Of any other numeric column: intervals closed on the left, the outer two open-ended,
    then `non-finite` and `null`. Of a categorical column: one per category, most frequent first,
    then `rare`, `unseen` and `null`.

    Attributes:
        counts: reference rows per bin, special bins included.
        edges: ascending inner edges of a numeric column that is binned by intervals.
        values: the numbers or categories that have a bin of their own.
        rare: categories of the reference that share the bin `rare`. Of a reference with more
            than 20,000 categories the least frequent ones count as `unseen` on both sides.
        singletons: number of categories that only one reference row has. Divided by `n` it
            estimates the share of unseen categories to expect without drift (Good-Turing).
        sample: the reference values of a numeric column, where they are at hand.
        are_moments: whether the numbers are days since 1970-01-01 and read as dates.
        frozen_digest: `sample_digest` as it was when the reference was frozen.
    """

    kind: Kind
    counts: Counts
    edges: tuple[float, ...] = ()
    values: tuple[float, ...] | tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    singletons: int = 0
    moments: Moments | None = None
    sample: SortedValues | None = None
    are_moments: bool = False
    frozen_digest: str = ""

    @classmethod
    def fit(cls, rows: Rows, name: str, kind: Kind, bins: int) -> Self:
        """Fixes the bins of one column and counts its rows in them."""
        if kind == "categorical":
            return cls._fit_categories(rows.categories(name))
        numbers = rows.numbers(name)
        sample = SortedValues(numbers)
        finite = sample.finite
        distinct = finite[np.append(True, finite[1:] != finite[:-1])] if len(finite) else finite
        most_bins = max(2, len(finite) // ROWS_PER_BIN)
        edges = values = np.zeros(0)
        if len(distinct) <= min(MAX_DISTINCT, most_bins):
            values = distinct
        else:
            bins = min(bins, most_bins)
            # Observed values rather than interpolated ones: interpolation can overflow, and whole
            # numbers would get fractional edges.
            ranks = np.ceil((len(finite) - 1) * (np.arange(1, bins) / bins)).astype(np.int64)
            edges = np.unique(finite[ranks])
        none = np.zeros(0, dtype=np.int64)
        column = cls("numeric", none, tuple(edges.tolist()), tuple(values.tolist()), sample=sample)
        moments = _moments(sample) if len(finite) else None
        counts = column.count_sorted(sample, len(numbers))
        return replace(column, counts=counts, moments=moments, are_moments=rows.is_moment(name))

    @classmethod
    def _fit_categories(cls, frequencies: Mapping[str | None, int]) -> Self:
        nulls, n = frequencies.get(None, 0), sum(frequencies.values())
        found = {category: rows for category, rows in frequencies.items() if category is not None}
        ordered = sorted(found, key=lambda category: (-found[category], category))
        beyond = sum(found[category] for category in ordered[MAX_CATEGORIES:])
        values = tuple(c for c in ordered[:MAX_CATEGORIES] if found[c] >= RARE_SHARE * n)
        rare = tuple(ordered[len(values) : MAX_CATEGORIES])
        own, tail = [found[c] for c in values], sum(found[c] for c in rare)
        counts = np.array([*own, tail, beyond, nulls], dtype=np.int64)
        singletons = sum(found[c] == 1 for c in (*values, *rare))
        return cls("categorical", counts, values=values, rare=rare, singletons=singletons)

    @property
    def labels(self) -> list[str]:
        """Readable names of the bins, in the order of `counts`."""
        if self.kind == "categorical":
            # A category that is itself called "null" must not read like the bin.
            names = [repr(v) if v in _SPECIAL else str(v) for v in self.values]
            return [*names, RARE, UNSEEN, NULL]
        readable = _dates if self.are_moments else _texts
        if not self.edges:
            return [*readable(self.values), OTHER, NON_FINITE, NULL]
        texts = readable(self.edges)
        inner = [f"[{a}, {b})" for a, b in pairwise(texts)]
        return [f"< {texts[0]}", *inner, f">= {texts[-1]}", NON_FINITE, NULL]

    @property
    def n(self) -> int:
        """Reference rows, nulls included."""
        return int(self.counts.sum())

    @property
    def sample_digest(self) -> str:
        """SHA-256 of the reference values, in hexadecimal; empty for categories."""
        if self.frozen_digest or self.sample is None:
            return self.frozen_digest
        return _digest_of(self.sample)

    def is_sound(self) -> bool:
        """Whether the reference values, where they are at hand, are those that were frozen."""
        return self.sample is None or _digest_of(self.sample) == self.frozen_digest

    def unseen(self, counts: Counts) -> int:
        """Rows among `counts` whose value the reference does not know; 0 for interval bins."""
        if self.edges:
            return 0
        return int(counts[-2] if self.kind == "categorical" else counts[-3])

    def count_sorted(self, sample: SortedValues, n: int) -> Counts:
        """Rows per bin of a numeric column: of its sorted values, and of n rows with the nulls."""
        finite = sample.finite
        special = [len(sample) - len(finite), n - len(sample)]
        if self.edges:
            below = np.searchsorted(finite, self.edges, side="left")
            regular = np.diff(below, prepend=0, append=len(finite))
        else:
            first = np.searchsorted(finite, self.values, side="left")
            own = np.searchsorted(finite, self.values, side="right") - first
            regular = np.append(own, len(finite) - own.sum())
        return np.concatenate([regular, special]).astype(np.int64)

    def bins_of(self, categories: Sequence[str | None]) -> NDArray[np.int64]:
        """The number of the bin that each category falls into; null is None."""
        size = len(self.counts)
        bins: dict[str | None, int] = {str(value): i for i, value in enumerate(self.values)}
        bins |= dict.fromkeys(self.rare, size - 3)
        bins[None] = size - 1
        return np.array([bins.get(category, size - 2) for category in categories], dtype=np.int64)

    def read_like(self, rows: Rows, name: str) -> None:
        """Reads a column of a text file so that most of its categories are the reference's."""
        if self.kind != "categorical" or name not in rows.facts or rows.types[name] == TEXT.type:
            return
        unseen = {}
        for reading in (rows.facts[name].best(), TEXT):
            rows.read_as({name: reading})
            found = rows.categories(name)
            is_unseen = self.bins_of(list(found)) == len(self.counts) - 2
            unseen[reading] = np.array(list(found.values()))[is_unseen].sum()
        rows.read_as({name: min(unseen, key=unseen.__getitem__)})

    @property
    def novelty_size(self) -> int:
        """Bins that unseen categories are spread over; 0 where none are expected."""
        return NOVELTY_BINS if self.singletons else 0

    def novelty_of(self, categories: Sequence[str | None]) -> NDArray[np.int64]:
        """The bin by a hash of each unseen category; -1 for any other, or if none are expected."""
        found = np.full(len(categories), -1, dtype=np.int64)
        is_unseen = (self.bins_of(categories) == len(self.counts) - 2) & bool(self.novelty_size)
        for number in np.flatnonzero(is_unseen).tolist():
            digest = hashlib.md5(str(categories[number]).encode(), usedforsecurity=False).digest()
            found[number] = digest[8] % NOVELTY_BINS
        return found

    def to_dict(self) -> dict[str, object]:
        """The column as JSON-safe values, without the sample."""
        kept = {name: value for name, value in vars(self).items() if name not in _LEFT_OUT}
        moments = vars(self.moments) if self.moments else None
        counts, digest = self.counts.tolist(), self.sample_digest
        return {**kept, "counts": counts, "moments": moments, "sample_digest": digest}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote."""
        read = dict(data)
        for name in ("edges", "values", "rare"):
            read[name] = tuple(data[name])
        read["counts"] = np.array(data["counts"], dtype=np.int64)
        read["moments"] = Moments(**data["moments"]) if data["moments"] else None
        read["frozen_digest"] = read.pop("sample_digest")
        return cls(**read)


def shares(counts: Counts) -> Floats:
    """What part of the rows each bin holds; zeros without rows."""
    parts: Floats = counts / max(int(counts.sum()), 1)
    return parts


def _digest_of(sample: SortedValues) -> str:
    """SHA-256 of sorted values, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(sample.values).view(np.uint8).data).hexdigest()


def _moments(sample: SortedValues) -> Moments:
    finite, unit = sample.finite, sample.unit
    # In powers of two of the largest value, so that no sum overflows.
    factor = 2.0 ** min(float(np.frexp(max(abs(finite[0]), abs(finite[-1])))[1]), 1023)
    scaled = finite / factor
    return Moments(
        center=float(finite[len(finite) // 2]),
        unit=unit,
        mean=float(np.mean(scaled)) * factor,
        std=float(np.std(scaled)) * factor,
        minimum=float(finite[0]),
        maximum=float(finite[-1]),
    )


def _dates(days: tuple[float, ...] | tuple[str, ...]) -> list[str]:
    """Days as dates, or as numbers where dates do not keep them apart."""
    texts = as_dates([float(day) for day in days])
    return texts if len(set(texts)) == len(texts) else _texts(days)


def as_dates(days: Sequence[float]) -> list[str]:
    """Days since 1970-01-01 as dates; where one has a time, all have.

    >>> as_dates([20000.0]), as_dates([20000.5, 20001.0])
    (['2024-10-04'], ['2024-10-04T12:00:00', '2024-10-05T00:00:00'])
    """
    moments = (np.array(days, dtype=np.float64) * 86_400_000_000).astype("datetime64[us]")
    dates = moments.astype("datetime64[D]")
    shown = dates if np.all(moments == dates) else moments.astype("datetime64[s]")
    texts: list[str] = np.datetime_as_string(shown).tolist()
    return texts


def _in_digits(number: float, digits: int) -> str:
    text = f"{number:.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text and abs(number) < _LARGEST_PLAIN else text


def _texts(numbers: tuple[float, ...] | tuple[str, ...]) -> list[str]:
    """Numbers in the fewest digits, four at least, that keep them apart."""
    for digits in range(4, 18):
        texts = [_in_digits(float(number), digits) for number in numbers]
        if len(set(texts)) == len(texts):
            break
    return texts
