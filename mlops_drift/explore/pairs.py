"""All pairs of columns of the sample: which go together, strongest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite

import numpy as np

from mlops_drift.drift.rows import Floats
from mlops_drift.explore.association import (
    correlation_ratios,
    cramers_v,
    pearson,
    spearman,
    spearman_of,
)
from mlops_drift.explore.result import Pair
from mlops_drift.explore.sample import Sampled

# Weaker pairs are not listed, nor those that chance makes in a table of few rows.
_WEAKEST, _CHANCE = 0.1, 4.0
_MOST_PAIRS = 40
_MOST_EXACT = 60
# A column with more categories names rows.
_MOST_CATEGORIES = 200

Matrix = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Pairs:
    """The strongest pairs, and the correlations of all columns of numbers."""

    strongest: tuple[Pair, ...] = ()
    numbers: tuple[str, ...] = ()
    pearson: Matrix = ()
    spearman: Matrix = ()


def pairs_of(columns: Sequence[Sampled]) -> Pairs:
    """The pairs of these columns; constant ones and those that name rows are in none."""
    numeric = [one for one in columns if one.numbers is not None and _varies(one.numbers)]
    categorical = [
        one for one in columns if one.codes is not None and 1 < one.distinct <= _MOST_CATEGORIES
    ]
    found = _of_categories(categorical)
    if not numeric:
        return Pairs(_strongest(found))
    x = np.column_stack([_finite(one) for one in numeric])
    linear, rows = pearson(x)
    ranked = _ranked(x)
    found = [
        *_of_numbers(numeric, linear, ranked, rows),
        *found,
        *_of_both(categorical, numeric, x),
    ]
    names = tuple(one.name for one in numeric)
    return Pairs(_strongest(found), names, _plain(linear), _plain(ranked))


def _strongest(found: Sequence[Pair]) -> tuple[Pair, ...]:
    strong = [one for one in found if one.strength >= max(_WEAKEST, _CHANCE / one.rows**0.5)]
    return tuple(sorted(strong, key=lambda one: -round(one.strength, 9))[:_MOST_PAIRS])


def _finite(column: Sampled) -> Floats:
    assert column.numbers is not None
    return np.where(np.isfinite(column.numbers), column.numbers, np.nan)


def _varies(numbers: Floats) -> bool:
    known = numbers[np.isfinite(numbers)]
    return len(known) > 1 and bool(known.min() < known.max())


def _ranked(x: Floats) -> Floats:
    """Spearman's correlations; of the strongest pairs with gaps by the ranks of the common rows."""
    found = spearman(x)
    has_gaps = np.isnan(x).sum(axis=0) > 0
    first, second = np.triu_indices(x.shape[1], 1)
    gaps = np.logical_or(has_gaps[first], has_gaps[second])
    first, second = first[gaps], second[gaps]
    order = np.argsort(-np.abs(np.nan_to_num(found[first, second])), kind="stable")
    for i, j in zip(first[order][:_MOST_EXACT], second[order], strict=False):
        found[i, j] = found[j, i] = spearman_of(x[:, i], x[:, j])
    return found


def _of_numbers(
    columns: Sequence[Sampled], linear: Floats, ranked: Floats, n: Floats
) -> list[Pair]:
    strength = np.fmax(np.abs(linear), np.abs(ranked))
    first, second = np.triu_indices(len(columns), 1)
    by_strength = np.argsort(-np.nan_to_num(strength[first, second]), kind="stable")
    found = []
    for i, j in zip(first[by_strength][:_MOST_PAIRS], second[by_strength], strict=False):
        r, rho = float(linear[i, j]), float(ranked[i, j])
        known = [value for value in (r, rho) if isfinite(value)]
        if not known:
            continue
        value = max(known, key=abs)
        measure = "pearson" if value == r else "spearman"
        found.append(
            Pair(
                columns[i].name,
                columns[j].name,
                "pearson" if measure == "pearson" else "spearman",
                value,
                int(n[i, j]),
                r if isfinite(r) else None,
                rho if isfinite(rho) else None,
            )
        )
    return found


def _of_categories(columns: Sequence[Sampled]) -> list[Pair]:
    found = []
    for one, other in combinations(columns, 2):
        assert one.codes is not None
        assert other.codes is not None
        v = cramers_v(one.codes, other.codes)
        if v is not None:
            both = int(np.count_nonzero((one.codes >= 0) & (other.codes >= 0)))
            found.append(Pair(one.name, other.name, "cramers_v", v, both))
    return found


def _of_both(categorical: Sequence[Sampled], numeric: Sequence[Sampled], x: Floats) -> list[Pair]:
    found = []
    for one in categorical:
        assert one.codes is not None
        eta, n = correlation_ratios(one.codes, x)
        for other, value, rows in zip(numeric, eta.tolist(), n.tolist(), strict=True):
            if isfinite(value):
                found.append(Pair(one.name, other.name, "eta", value, int(rows)))
    return found


def _plain(matrix: Floats) -> Matrix:
    return tuple(
        tuple(round(value, 6) if isfinite(value) else None for value in row)
        for row in matrix.tolist()
    )
