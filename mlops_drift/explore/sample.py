"""A bounded sample of the rows, the same for the same number of rows and columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.rows import Floats
from mlops_drift.explore.categorical import most_frequent
from mlops_drift.explore.values import Values

MOST_ROWS, FEWEST_ROWS = 50_000, 5_000
# Rows times pairs of columns, about: what a few seconds suffice for.
_CELLS = 100_000_000
# Further categories count as one.
MOST_CATEGORIES = 50
_SEED = 7


def places_of(rows: int, columns: int) -> NDArray[np.int64]:
    """The numbers of the rows of the sample, ascending; all of a small table."""
    most = max(FEWEST_ROWS, min(MOST_ROWS, _CELLS // max(1, columns**2)))
    if rows <= most:
        return np.arange(rows)
    found = np.random.default_rng(_SEED).choice(rows, most, replace=False, shuffle=False)
    return np.sort(found).astype(np.int64)


@dataclass(frozen=True)
class Sampled:
    """A column in the rows of the sample.

    Attributes:
        numbers: of a column of numbers or moments; not finite where there is none.
        codes: of categories, the most frequent first, all further ones as one; -1 where missing.
        texts: the categories; the last may be that of all further ones.
        distinct: different categories in the whole column.
    """

    name: str
    numbers: Floats | None
    codes: NDArray[np.int64] | None = None
    texts: tuple[str, ...] = ()
    distinct: int = 0

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Of each row whether it has no value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        assert self.codes is not None
        return self.codes < 0


def sampled(values: Values, places: NDArray[np.int64], counts: NDArray[np.int64]) -> Sampled:
    """The column in these rows, with the counts of its categories in the whole column."""
    if values.numbers is not None:
        return Sampled(values.name, values.numbers[places])
    assert values.codes is not None
    assert values.labels is not None
    best = most_frequent(counts, MOST_CATEGORIES)
    rank = np.full(len(counts) + 1, len(best), dtype=np.int64)
    rank[best] = np.arange(len(best))
    rank[-1] = -1
    texts = tuple(values.labels[int(place)].as_py() for place in best)
    codes = rank[values.codes[places]]
    return Sampled(values.name, None, codes, texts, int(np.count_nonzero(counts)))
