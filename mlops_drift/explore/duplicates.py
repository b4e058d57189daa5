"""Rows that repeat another, and columns that identify a row, by hashes of 64 bits."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlops_drift.explore.result import Duplicates
from mlops_drift.explore.values import Values

Hashes = NDArray[np.uint64]

# Pairs of the columns with the most different values are tried as keys.
MOST_TRIED = 5
_SAMPLE = 20_000


def hashes_of(values: Values, number: int) -> Hashes:
    """A hash of the value of each row, for the column of this number (SplitMix64).

    The hash of a row is the sum of those of its columns. Of a million different rows two have the
    same with a chance of 3 in 100 million.
    """
    if values.numbers is not None:
        # 0.0 and -0.0 are the same number, and so are all NaN.
        plain = np.where(np.isnan(values.numbers), np.nan, values.numbers + 0.0)
        bits = plain.view(np.uint64)
    else:
        assert values.codes is not None
        bits = values.codes.view(np.uint64)
    # A salt of its own for each column: 1, 2 and 2, 1 are different rows.
    mixed = bits + np.uint64((number + 1) * 0x9E3779B97F4A7C15 % 2**64)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def duplicates_of(
    whole: Hashes, by_column: Mapping[str, Hashes], single: Sequence[str], key: str | None
) -> Duplicates:
    """Duplicates by the hashes of whole rows, and of the columns that may be part of a key.

    `single` are the columns that identify a row by themselves.
    """
    repeated = _repeated(whole)
    but_key = None
    if key is not None and key in by_column:
        but_key = _repeated(np.subtract(whole, by_column[key]))
    keys: list[tuple[str, ...]] = [(name,) for name in single]
    if not keys and not repeated and len(whole) > 1:
        for first, second in combinations(by_column, 2):
            both = by_column[first] + by_column[second]
            if not _repeated(both[:_SAMPLE]) and not _repeated(both):
                keys.append((first, second))
    return Duplicates(repeated, but_key, tuple(keys))


def _repeated(hashes: Hashes) -> int:
    ordered = np.sort(hashes)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))
