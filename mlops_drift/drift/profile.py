"""Profiles: rows of one day, or of many, counted in the bins of a reference."""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from mlops_drift.drift.reference import Counts, Reference, column_of


def profile(reference: Reference, table: pa.Table) -> dict[str, Counts]:
    """Counts the rows of a table in the bins of every column of a reference.

    Args:
        reference: the frozen bins.
        table: rows that have at least the columns of the reference.

    Returns:
        Rows per bin for each column, in the order of the column's `labels`.

    Raises:
        ValueError: a column is missing or cannot be read as the column's kind.

    >>> reference = Reference.fit(pa.table({"x": [0, 1] * 50}), {"x": "numeric"}, bins=10)
    >>> profile(reference, pa.table({"x": [1, 1, 5, None]}))["x"].tolist()
    [0, 2, 1, 0, 1]
    """
    counted = {}
    for name, column in reference.columns.items():
        values = column_of(table, name)
        try:
            counted[name] = column.bin(values)
        except ValueError as error:
            raise ValueError(f"column {name!r}: {error}") from error
    return counted


def add(profiles: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Sums profiles of one reference: the profile of all their rows together.

    Args:
        profiles: profiles with the same columns and bins; none at all give an empty profile.

    Raises:
        ValueError: the profiles differ in their columns or bins.

    >>> import numpy as np
    >>> add([{"x": np.array([1, 2])}, {"x": np.array([3, 4])}])["x"].tolist()
    [4, 6]
    """
    total: dict[str, Counts] = {}
    for number, part in enumerate(profiles):
        if number == 0:
            total = {name: counts.copy() for name, counts in part.items()}
            continue
        bins, found = _bins(total), _bins(part)
        if bins != found:
            raise ValueError(f"profiles must share columns and bins, found {found} beside {bins}")
        for name, counts in part.items():
            total[name] += counts
    return total


def _bins(counted: Mapping[str, Counts]) -> dict[str, int]:
    return {name: len(counts) for name, counts in counted.items()}
