"""A table by itself: what `mlops-drift explore` and a notebook need.

Column by column, so that no more than two columns are in memory at once: what concerns one column
is exact over all rows, what concerns two is measured on a sample of the rows.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mlops_drift.drift.rows import ColumnError, Rows, Source
from mlops_drift.drift.text_columns import Facts
from mlops_drift.errors import UserError
from mlops_drift.explore.advice import advice
from mlops_drift.explore.alone import Truth
from mlops_drift.explore.alone import alone as predicts_alone
from mlops_drift.explore.duplicates import MOST_TRIED, Hashes, duplicates_of
from mlops_drift.explore.findings import findings_of
from mlops_drift.explore.groups import group
from mlops_drift.explore.pairs import pairs_of
from mlops_drift.explore.profile import Profiled, profile
from mlops_drift.explore.result import Alone, Column, Exploration
from mlops_drift.explore.sample import Sampled, places_of
from mlops_drift.explore.timeline import Days, timeline_of
from mlops_drift.explore.values import Values, facts_of, read_values
from mlops_drift.files.error import TableError
from mlops_drift.scaffold.roles import DAY_NAME, KEY_NAME, LABEL_NAME
from mlops_drift.scaffold.target import target_of
from mlops_drift.schema.columns import Target

# What may be part of a key.
_PARTS = ("integer", "text", "day")
# Each has a column in memory.
_MOST_THREADS = 4
# A whole number that differs in each of fewer rows may do so by chance.
_FEWEST_ROWS_OF_A_KEY = 1_000
# From this share of different values on a column that is called a key is meant to be one.
_ALMOST = 0.95


def explore(
    source: Source,
    *,
    target: str | None = None,
    key: str | None = None,
    day: str | None = None,
    name: str | None = None,
) -> Exploration:
    """Describes a table: each column, how they go together, and what is wrong.

    Target, key and day are found by their names and values where they are not given.

    Raises:
        TableError: the table cannot be read or has no rows, or lacks a column that is given.

    >>> import pyarrow as pa
    >>> found = explore(pa.table({"x": [1, 2, 2, None], "y": ["a", "b", "b", "a"]}))
    >>> [(one.name, one.kind, one.missing, one.distinct) for one in found.columns]
    [('x', 'integer', 1, 2), ('y', 'text', 0, 2)]
    """
    rows = Rows.of(source)
    if not rows.count or not rows.columns:
        raise TableError(f"{name or rows.name} has no rows; there is nothing to explore")
    for given in (target, key, day):
        if given is not None and given not in rows.types:
            raise ColumnError(
                f"{name or rows.name} has no column {given!r}; its columns are "
                f"{', '.join(rows.columns)}"
            )
    chosen = [one for one in (target, key, day) if one is not None]
    if len(chosen) > len(set(chosen)):
        raise ColumnError("target, key and day must be different columns of the table")
    return _Work(rows, name or rows.name, facts_of(rows)).explored(target, key, day)


class _Work:
    """An exploration at work."""

    def __init__(self, rows: Rows, name: str, facts: Mapping[str, Facts]) -> None:
        self.rows, self.name, self.facts = rows, name, facts
        self.places = places_of(rows.count, len(rows.columns))

    def read(self, name: str) -> Values:
        return read_values(self.rows, name, self.facts)

    def explored(self, target: str | None, key: str | None, day: str | None) -> Exploration:
        days = self._days(day)
        day = days[0].name if days else None
        by_day = days[1] if days else None
        wanted = target or self._target(day)
        truth = self.read(wanted) if wanted else None
        described, problem = self._described(truth)
        grouped = group(truth, described) if truth and described else None
        whole = np.zeros(self.rows.count, dtype=np.uint64)
        hashes: dict[str, Hashes] = {}
        columns: list[Column] = []
        samples: list[Sampled] = []

        def one(number: int) -> Profiled:
            values = self.read(self.rows.columns[number])
            return profile(values, number, self.places, grouped, by_day)

        for found in _in_order(one, len(self.rows.columns)):
            whole += found.hashes
            columns.append(found.column)
            samples.append(found.sampled)
            _keep(hashes, columns, found)
        by_name = {column.name: column for column in columns}
        single = _keys(columns, described)
        key = key or _key(single, columns)
        singles = [key, *(n for n in single if n != key)] if key in single else single
        duplicates = duplicates_of(whole, hashes, [n for n in singles if n], key)
        names_rows = {key, day}
        others = [s for s in samples if s.name not in names_rows]
        alone = self._alone(others, truth, described)
        pairs = pairs_of([s for s in others if by_name[s.name].kind != "day"])
        timeline = timeline_of(days[0], days[1]) if days else None
        leaks = [found for found in alone if found.leak]
        fragment = advice(by_name, key, day, described, leaks)
        return Exploration(
            name=self.name,
            rows=self.rows.count,
            sampled=len(self.places),
            key=key,
            day=day,
            target=wanted,
            findings=findings_of(
                columns, duplicates, key, wanted, problem, grouped, timeline, pairs, alone
            ),
            columns=tuple(columns),
            duplicates=duplicates,
            groups=grouped.shown if grouped else None,
            timeline=timeline,
            pairs=pairs.strongest,
            numbers=pairs.numbers,
            pearson=pairs.pearson,
            spearman=pairs.spearman,
            alone=tuple(alone),
            defs=fragment,
        )

    def _days(self, chosen: str | None) -> tuple[Values, Days] | None:
        """The column of the day of a row, and the days."""
        able = [name for name in self.rows.columns if self.rows.is_moment(name)]
        if chosen is not None and chosen not in able:
            raise ColumnError(f"column {chosen!r} of {self.name} holds no days such as 2024-10-01")
        named = [name for name in able if DAY_NAME.search(name)]
        for name in [chosen] if chosen else [*named, *able]:
            values = self.read(name)
            if days := Days.of(values):
                return values, days
        return None

    def _target(self, day: str | None) -> str | None:
        """The only column that is called like a target."""
        named = [name for name in self.rows.columns if LABEL_NAME.search(name) and name != day]
        return named[0] if len(named) == 1 else None

    def _described(self, truth: Values | None) -> tuple[Target | None, str]:
        """What the target is, or why it is none."""
        if truth is None:
            return None, ""
        column = profile(truth, 0, self.places, None, None).column
        try:
            return target_of(column, self.name)[0], ""
        except UserError as error:
            return None, str(error).removeprefix(f"{self.name}: ")

    def _alone(
        self, columns: Sequence[Sampled], truth: Values | None, target: Target | None
    ) -> list[Alone]:
        """How well each column predicts the target, best first."""
        known = Truth.of(truth, target, self.places) if truth and target else None
        if known is None:
            return []
        able = [one for one in columns if one.name != known.column]
        found = [one for column in able if (one := predicts_alone(column, known))]
        return sorted(found, key=lambda one: (not one.leak, -round(one.value, 9)))


def _in_order(work: Callable[[int], Profiled], count: int) -> Iterator[Profiled]:
    """The results of all numbers in their order, of which few are in memory at once."""
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(work, number) for number in range(min(threads, count)))
        for number in range(len(waiting), count + len(waiting)):
            found = waiting.popleft().result()
            if number < count:
                waiting.append(pool.submit(work, number))
            yield found


def _keep(hashes: dict[str, Hashes], columns: Sequence[Column], found: Profiled) -> None:
    """Keeps the hashes of the columns with the most different values."""
    if found.column.kind not in _PARTS:
        return
    distinct = {column.name: column.distinct for column in columns}
    hashes[found.column.name] = found.hashes
    if len(hashes) > MOST_TRIED:
        del hashes[min(hashes, key=lambda name: distinct[name])]


def _keys(columns: Sequence[Column], target: Target | None) -> list[str]:
    """The columns that identify a row, those that are called so first."""
    able = [one for one in columns if one.kind in ("integer", "text")]
    names = [
        one.name
        for one in able
        if one.distinct == one.rows and (target is None or one.name != target.column)
    ]
    return sorted(names, key=lambda name: not KEY_NAME.search(name))


def _key(single: Sequence[str], columns: Sequence[Column]) -> str | None:
    """The column that identifies a row, or is called so and does but for a few rows."""
    rows = columns[0].rows
    if single and (KEY_NAME.search(single[0]) or rows >= _FEWEST_ROWS_OF_A_KEY):
        return single[0]
    named = [
        one for one in columns if one.kind in ("integer", "text") and KEY_NAME.search(one.name)
    ]
    best = max(named, key=lambda one: one.distinct, default=None)
    return best.name if best is not None and best.distinct >= _ALMOST * rows else None
