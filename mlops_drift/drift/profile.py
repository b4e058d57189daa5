"""Profiles: rows of one day, or of many, counted in the bins of a reference.

One SQL statement makes the profile of all columns in one pass over the rows (of wide tables one
statement for each 50 columns). Profiles add up exactly, the moments too: these are sums of whole
numbers.
"""

import math
import operator
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from mlops_drift.drift.column_profile import (
    FARTHEST,
    FRACTION,
    SQUARE_FRACTION,
    ColumnProfile,
    distances,
    scale_of,
)
from mlops_drift.drift.column_reference import NOVELTY_BINS, ColumnReference, Counts, Moments
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Rows, Source
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.sql import in_batches, literal, literals

Profile = dict[str, ColumnProfile]


def profile(reference: Reference, source: Source) -> Profile:
    """Counts the rows of a table in the bins of every column of a reference, in one pass.

    Raises:
        TableError: a column is missing or cannot be read as the column's kind.

    >>> import pyarrow as pa
    >>> reference = Reference.fit(pa.table({"x": [0, 1] * 50}))
    >>> profile(reference, pa.table({"x": [1, 1, 5, None]}))["x"].counts.tolist()
    [0, 2, 1, 0, 1]
    """
    [(_, found)] = _profiles(reference, Rows.of(source), None)
    return found


def profile_by(reference: Reference, source: Source, by: str) -> dict[Any, Profile]:
    """The profiles of the rows of each value of the column `by`, such as a day or a segment.

    The values are ascending; rows without one come last, as None.

    Raises:
        TableError: a column is missing or cannot be read as the column's kind.
    """
    return dict(_profiles(reference, Rows.of(source), by))


def profile_sorted(column: ColumnReference, sample: SortedValues, n: int) -> ColumnProfile:
    """The same as `profile` makes, of sorted values and of n rows with the nulls."""
    counts, finite, moments = column.count_sorted(sample, n), sample.finite, column.moments
    if moments is None or not len(finite):
        return ColumnProfile(counts)
    distance = np.clip(distances(finite, moments), -FARTHEST, FARTHEST)
    return ColumnProfile(
        counts,
        below=int(np.searchsorted(finite, moments.minimum, side="left")),
        above=len(finite) - int(np.searchsorted(finite, moments.maximum, side="right")),
        sum=int(np.rint(distance * FRACTION).astype(np.int64).sum()),
        squares=int(np.rint(distance * distance * SQUARE_FRACTION).astype(np.int64).sum()),
        minimum=float(finite[0]),
        maximum=float(finite[-1]),
    )


def add(profiles: Iterable[Mapping[str, ColumnProfile]]) -> Profile:
    """Sums profiles of one reference: the profile of all their rows together.

    Raises:
        ValueError: the profiles differ in their columns or bins.

    >>> day = {"x": ColumnProfile(np.array([1, 2]))}
    >>> add([day, day])["x"].counts.tolist()
    [2, 4]
    """
    first, *others = [dict(part) for part in profiles] or [{}]
    if any(part.keys() != first.keys() for part in others):
        found = sorted({name for part in others for name in part.keys() ^ first.keys()})
        raise ValueError(f"profiles must share their columns, found {found} in some only")
    return {name: reduce(operator.add, (part[name] for part in (first, *others))) for name in first}


def empty_profile(reference: Reference) -> Profile:
    """The profile of no rows."""
    return {
        name: ColumnProfile(
            np.zeros_like(column.counts), novelty=np.zeros(column.novelty_size, np.int64)
        )
        for name, column in reference.columns.items()
    }


def _profiles(reference: Reference, rows: Rows, by: str | None) -> list[tuple[Any, Profile]]:
    """Each group of rows and its profile."""
    names = list(reference.columns)
    for name in names:
        reference.columns[name].read_like(rows, name)
    # Also without a column, each group of rows has a profile.
    batches = [reference.select(batch) for batch in in_batches(names) or [[]]]
    groups, *others = (
        [(row[-1], _profile(batch, row)) for row in _query(batch, rows, by)] for batch in batches
    )
    for found in others:
        for (_, whole), (_, part) in zip(groups, found, strict=True):
            whole.update(part)
    return groups


def _query(reference: Reference, rows: Rows, by: str | None) -> list[tuple[Any, ...]]:
    """For each group of rows the aggregates of each column, and the group."""
    # Stage by stage, so that each expression is planned once: read, take the finite, measure.
    read, finite, measured, counted = [], [], [], []
    for number, (name, column) in enumerate(reference.columns.items()):
        cell = f"c{number}"
        read.append(f"{rows.expression(name, column.kind)} AS {cell}")
        if column.kind == "numeric":
            finite.append(f"CASE WHEN isfinite({cell}) THEN {cell} END AS f{number}")
            if column.moments is not None:
                measured.append(_distance(number, column.moments))
            aggregates = _numeric_aggregates(number, column)
        else:
            aggregates = [_histogram("histogram_exact", cell, literals(_known(column)))]
            if column.singletons:
                finite.append(_novelty(number, column))
                numbers = f"range({NOVELTY_BINS})"
                aggregates.append(_histogram("histogram_exact", f"h{number}", numbers))
        counted.append(f"row(count(*), count({cell}), {', '.join(aggregates)})")
    group = rows.value(by) if by else "NULL"
    sql = f"SELECT {', '.join([*read, f'{group} AS g'])} FROM {rows.sql}"
    for stage in (finite, measured):
        sql = f"SELECT {', '.join(['*', *stage])} FROM ({sql})"
    if by:
        sql = f"SELECT {', '.join([*counted, 'g'])} FROM ({sql}) GROUP BY g ORDER BY g NULLS LAST"
    else:
        # Without a group there is one row even if there are no rows.
        sql = f"SELECT {', '.join([*counted, 'NULL'])} FROM ({sql})"
    needed = [*reference.columns, *([by] if by else [])]
    return rows.tuples(sql, needed)


def _novelty(number: int, column: ColumnReference) -> str:
    """The bin by a hash of an unseen category; null for others."""
    cell, known = f"c{number}", ", ".join(map(literal, _known(column)))
    # By the lowest byte of the second half of the digest.
    share = f"CAST(md5_number_lower({cell}) % {NOVELTY_BINS} AS BIGINT)"
    return f"CASE WHEN {cell} NOT IN ({known}) THEN {share} END AS h{number}"


def _distance(number: int, moments: Moments) -> str:
    """Distance to the median in units, bounded; null stays null, which least() would drop."""
    cell, scale = f"f{number}", scale_of(moments)
    scaled = cell if scale == 1.0 else f"{cell} * {literal(scale)}"
    center, unit = literal(moments.center * scale), literal(moments.unit * scale)
    distance = f"({scaled} - {center}) / {unit}"
    bounded = f"greatest(least({distance}, {FARTHEST}e0), -{FARTHEST}e0)"
    return f"CASE WHEN {cell} IS NOT NULL THEN {bounded} END AS d{number}"


def _numeric_aggregates(number: int, column: ColumnReference) -> list[str]:
    cell, distance = f"f{number}", f"d{number}"
    if column.edges:
        # DuckDB's bins are closed on the right: up to the number just below our edge.
        bounds = [math.nextafter(edge, -math.inf) for edge in column.edges]
        counts = _histogram("histogram", cell, literals(bounds))
    else:
        values = [float(value) for value in column.values]
        counts = _histogram("histogram_exact", cell, f"{literals(values)}::DOUBLE[]")
    moments = column.moments
    if moments is None:
        return [counts]
    return [
        counts,
        f"count(*) FILTER (WHERE {cell} < {literal(moments.minimum)})",
        f"count(*) FILTER (WHERE {cell} > {literal(moments.maximum)})",
        f"sum(CAST({distance} * {FRACTION}e0 AS BIGINT))",
        f"sum(CAST({distance} * {distance} * {SQUARE_FRACTION}e0 AS BIGINT))",
        f"min({cell})",
        f"max({cell})",
    ]


def _histogram(function: str, values: str, bins: str) -> str:
    # By position: the key of the last bin, which holds the rest, may be a category too.
    return f"map_values({function}({values}, {bins}))"


def _profile(reference: Reference, row: tuple[Any, ...]) -> Profile:
    made: Profile = {}
    for (name, column), found in zip(reference.columns.items(), row[:-1], strict=True):
        n, filled, histogram, *rest = found
        if column.kind == "categorical":
            counts = _category_counts(column, histogram or [], filled, n - filled)
            size = column.novelty_size
            # Without a row there is no histogram.
            novelty = (rest[0] if rest else None) or [0] * size
            made[name] = ColumnProfile(counts, novelty=np.array(novelty[:size], dtype=np.int64))
            continue
        regular = np.zeros(len(column.counts) - 2, dtype=np.int64)
        regular[: len(histogram or [])] = histogram or []
        counts = np.array([*regular, filled - regular.sum(), n - filled], dtype=np.int64)
        below, above, summed, squares, *extremes = rest or (0, 0, 0, 0, None, None)
        moments = (below, above, int(summed or 0), int(squares or 0), *extremes)
        made[name] = ColumnProfile(counts, *moments)
    return made


def _known(column: ColumnReference) -> list[str]:
    """The categories in the order in which DuckDB counts them."""
    return sorted([*map(str, column.values), *column.rare])


def _category_counts(
    column: ColumnReference, histogram: list[int], filled: int, nulls: int
) -> Counts:
    known = _known(column)
    rows = np.zeros(len(known), dtype=np.int64)
    # Where something is not known, a last entry says how much.
    rows[: len(histogram[: len(known)])] = histogram[: len(known)]
    counts = np.bincount(column.bins_of(known), weights=rows, minlength=len(column.counts))
    counts[-2:] = filled - int(rows.sum()), nulls
    return counts.astype(np.int64)
