"""One column over all rows: everything that does not need another column but target and day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mlops_drift.explore import categorical, numeric
from mlops_drift.explore.categorical import MOST_BARS, MOST_COUNTED, most_frequent
from mlops_drift.explore.duplicates import Hashes, hashes_of
from mlops_drift.explore.groups import Grouped
from mlops_drift.explore.result import Bar, Column, Series, Stand
from mlops_drift.explore.sample import Sampled, sampled
from mlops_drift.explore.timeline import Days, mean_by_day, share_by_day
from mlops_drift.explore.values import Values

# Of how many categories the share by day is looked at.
_WATCHED = 4
MISSING = "share missing"
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Profiled:
    """A column, its rows in the sample, and the hash of its value in each row."""

    column: Column
    sampled: Sampled
    hashes: Hashes


def profile(
    values: Values, number: int, places: Codes, grouped: Grouped | None, days: Days | None
) -> Profiled:
    """The column of this number, with the rows of the sample at some places."""
    by_group = grouped if grouped and grouped.shown.column != values.name else None
    describe = _numbers if values.numbers is not None else _categories
    column, counts = describe(values, by_group, days)
    return Profiled(column, sampled(values, places, counts), hashes_of(values, number))


def _numbers(
    values: Values, grouped: Grouped | None, days: Days | None
) -> tuple[Column, NDArray[np.int64]]:
    numbers = values.numbers
    assert numbers is not None
    finite = np.isfinite(numbers)
    ordered = numeric.Ordered(np.sort(numbers[finite]))
    missing, infinite = values.is_missing, np.isinf(numbers)
    signs = len(np.unique(numbers[infinite])) if infinite.any() else 0
    build = partial(
        Column,
        values.name,
        values.type,
        values.kind,
        values.problem,
        len(numbers),
        int(missing.sum()),
        values.blank,
        int(infinite.sum()),
        len(ordered.distinct) + signs,
        words=tuple(Stand(word, rows) for word, rows in values.words),
        filled_by_group=grouped.filled(missing) if grouped else (),
    )
    spread = numeric.spread_of(ordered)
    none = np.zeros(0, dtype=np.int64)
    if spread is None:
        return build(), none
    bins = numeric.bins_of(ordered, spread, values.is_moment)
    index = np.where(finite, bins.index(numbers), -1)
    is_day = values.is_moment
    by_day: list[Callable[[Days], Series | None]] = [
        partial(share_by_day, name=values.name, what=MISSING, hits=missing)
    ]
    if not is_day:
        fences = numeric.fences_of(spread)
        by_day.insert(0, partial(mean_by_day, name=values.name, values=numbers, fences=fences))
    column = build(
        bars=_bars(bins.labels, index, grouped),
        has_values=bins.has_values,
        spread=spread,
        outliers=None if is_day else numeric.outliers_of(ordered, spread),
        stands=numeric.stands_of(ordered, spread, is_day),
        mean_by_group=grouped.means(numbers) if grouped else (),
        top={
            numeric.label(value, is_day): rows
            for value, rows in ordered.most_frequent(MOST_COUNTED)
        },
        series=_most_changing(days, by_day),
    )
    return column, none


def _categories(
    values: Values, grouped: Grouped | None, days: Days | None
) -> tuple[Column, NDArray[np.int64]]:
    codes, labels = values.codes, values.labels
    assert codes is not None
    assert labels is not None
    missing = values.is_missing
    counts = np.bincount(codes[~missing], minlength=len(labels))
    best = most_frequent(counts, MOST_COUNTED)
    shown = best[:MOST_BARS]
    rank = np.full(len(labels) + 1, -1, dtype=np.int64)
    rank[shown] = np.arange(len(shown))
    index = rank[codes]
    texts = [labels[int(place)].as_py() for place in best]
    pairs = categorical.variants_of(labels)
    by_day: list[Callable[[Days], Series | None]] = [
        partial(share_by_day, name=values.name, what=MISSING, hits=missing)
    ]
    for place, text in enumerate(texts[:_WATCHED]):
        is_it, what = index == place, f"share of {' '.join(text.split())[:30] or repr(text)}"
        by_day.append(
            partial(share_by_day, name=values.name, what=what, hits=is_it, missing=missing)
        )
    column = Column(
        values.name,
        values.type,
        values.kind,
        values.problem,
        len(codes),
        int(missing.sum()),
        values.blank,
        0,
        int(np.count_nonzero(counts)),
        bars=_bars(texts[:MOST_BARS], index, grouped),
        rest=int(counts.sum() - counts[shown].sum()),
        stands=categorical.stands_of(labels, counts),
        words=tuple(Stand(word, rows) for word, rows in values.words),
        variants=len(pairs),
        variant=pairs[0] if pairs else None,
        filled_by_group=grouped.filled(missing) if grouped else (),
        top=dict(zip(texts, counts[best].tolist(), strict=True)),
        series=_most_changing(days, by_day),
    )
    return column, counts


def _bars(labels: Sequence[str], index: Codes, grouped: Grouped | None) -> tuple[Bar, ...]:
    rows = np.bincount(index[index >= 0], minlength=len(labels)).tolist()
    if grouped is None:
        return tuple(Bar(text, n) for text, n in zip(labels, rows, strict=True))
    by_group = grouped.table(index, len(labels)).T.tolist()
    return tuple(
        Bar(text, n, tuple(parts)) for text, n, parts in zip(labels, rows, by_group, strict=True)
    )


def _most_changing(
    days: Days | None, by_day: Sequence[Callable[[Days], Series | None]]
) -> Series | None:
    if days is None:
        return None
    found = [series for measure in by_day if (series := measure(days)) is not None]
    return max(found, key=lambda series: series.icc, default=None)
