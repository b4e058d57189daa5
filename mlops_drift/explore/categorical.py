"""Categories: their counts, and texts that may stand for a missing value or for one another."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mlops_drift.explore.result import Stand
from mlops_drift.scaffold.target import MOST_CLASSES

MOST_BARS = 12
# One more than a target of classes may have.
MOST_COUNTED = MOST_CLASSES + 1
# Of more different texts it is not said which are the same but for case and space.
_MOST_COMPARED = 10_000

_STANDS = (
    *("na", "n/a", "#n/a", "<na>", "nan", "null", "(null)", "none", "nil", "unknown", "missing"),
    *("undefined", "not available", "not applicable", "?", "-", "--", ".", "...", "\\n"),
    *("tbd", "-1", "-99", "-999", "-9999", "999", "9999"),
)


def most_frequent(counts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Numbers of the most frequent categories; of equally frequent ones the one that came first."""
    found = np.argsort(-counts, kind="stable")[:most]
    return found[counts[found] > 0]


def stands_of(labels: pa.Array, counts: NDArray[np.int64]) -> tuple[Stand, ...]:
    """Texts that people write where there is no value, with their rows, most frequent first."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(labels))
    known = pc.is_in(plain, value_set=pa.array(_STANDS, plain.type))
    places = np.flatnonzero(known.to_numpy(zero_copy_only=False))
    found = [Stand(labels[int(place)].as_py(), int(counts[place])) for place in places]
    return tuple(sorted(found, key=lambda one: -one.rows))


def variants_of(labels: pa.Array) -> list[tuple[str, str]]:
    """Pairs of texts that are the same but for upper and lower case and space around and within.

    >>> variants_of(pa.array(["DE", "de ", "fr"]))
    [('DE', 'de ')]
    """
    if len(labels) > _MOST_COMPARED:
        return []
    first: dict[str, str] = {}
    pairs = []
    for text in labels.to_pylist():
        plain = "".join(text.lower().split())
        if plain in first:
            pairs.append((first[plain], text))
        else:
            first[plain] = text
    return pairs
