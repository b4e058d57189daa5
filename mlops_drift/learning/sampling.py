"""How many rows of each stratum a training set takes that may not take all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise

import numpy as np


@dataclass(frozen=True)
class Stratum:
    """The labelled rows of a day and of a class, by their number; a regression has no classes."""

    day: date
    label: str | None
    n: int


def allocate(strata: Iterable[Stratum], most: int) -> list[Stratum]:
    """How many rows of each stratum a sample of `most` rows takes: in all exactly so many.

    All rows where these are fewer. Classes have their shares by largest remainders, each at least
    one row. The rows of a class are dealt out over its days in their order: each day, and each run
    of days, has its share of them to within a row.

    Raises:
        ValueError: with more classes than rows.

    >>> days = [date(2024, 10, number) for number in (1, 2, 3)]
    >>> strata = [Stratum(day, label, n) for day in days for label, n in (("no", 90), ("yes", 10))]
    >>> [(one.day.day, one.label, one.n) for one in allocate(strata, 50)]
    [(1, 'no', 15), (1, 'yes', 2), (2, 'no', 15), (2, 'yes', 1), (3, 'no', 15), (3, 'yes', 2)]
    """
    by_class: dict[str | None, list[Stratum]] = defaultdict(list)
    for stratum in sorted(strata, key=lambda one: (one.label or "", one.day)):
        by_class[stratum.label].append(stratum)
    sizes = [sum(one.n for one in days) for days in by_class.values()]
    quotas = sizes if most >= sum(sizes) else _of_classes(sizes, most)
    taken = [
        Stratum(stratum.day, stratum.label, n)
        for days, quota in zip(by_class.values(), quotas, strict=True)
        for stratum, n in zip(days, _of_days([one.n for one in days], quota), strict=True)
    ]
    return sorted(taken, key=lambda one: (one.day, one.label or ""))


def _of_classes(sizes: Sequence[int], most: int) -> list[int]:
    if most < len(sizes):
        raise ValueError(f"{most} rows are too few for {len(sizes)} classes")
    total = sum(sizes)
    quotas = np.array([size * most // total for size in sizes])
    # Of equal remainders the first class's.
    largest = sorted(range(len(sizes)), key=lambda number: -(sizes[number] * most % total))
    quotas[largest[: most - quotas.sum()]] += 1
    for number in np.flatnonzero(quotas == 0):
        quotas[quotas.argmax()] -= 1
        quotas[number] = 1
    return [int(quota) for quota in quotas]


def _of_days(sizes: Sequence[int], quota: int) -> list[int]:
    total = sum(sizes)
    until = [(2 * rows * quota + total) // (2 * total) for rows in accumulate(sizes, initial=0)]
    return [after - before for before, after in pairwise(until)]
