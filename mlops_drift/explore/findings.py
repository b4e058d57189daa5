"""What to look at first: sentences with their numbers, the worst first."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.sentences import count, excerpt
from mlops_drift.explore.alone import ALONE, TELLING, one_sided
from mlops_drift.explore.column_findings import column_findings
from mlops_drift.explore.groups import Grouped
from mlops_drift.explore.pairs import Pairs
from mlops_drift.explore.result import (
    SEVERITIES,
    Alone,
    Column,
    Duplicates,
    Finding,
    Pair,
    Severity,
    Timeline,
)
from mlops_drift.explore.time_findings import series_findings, timeline_findings

# A class with a smaller share is rare, or very rare.
_RARE, _VERY_RARE = 0.1, 0.01
# From this share on rows repeat each other because there are few columns with few values.
_FEW_COLUMNS = 0.5
_ALIKE, _STRONG, _MOST_STRONG = 0.98, 0.7, 8
MEASURES = {
    "pearson": "Pearson's r",
    "spearman": "Spearman's rho",
    "cramers_v": "Cramér's V",
    "eta": "eta",
}


def findings_of(
    columns: Sequence[Column],
    duplicates: Duplicates,
    key: str | None,
    target: str | None,
    problem: str,
    grouped: Grouped | None,
    timeline: Timeline | None,
    pairs: Pairs,
    alone: Sequence[Alone],
) -> tuple[Finding, ...]:
    """All findings: errors, then warnings, then notes, of each the heaviest first.

    `problem` says why the target is none.
    """
    found = [
        *_of_rows(columns, duplicates, key),
        *_of_target(columns, target, problem, grouped, alone),
        *_leaks(columns, grouped, alone),
        *(finding for column in columns for finding in column_findings(column, target)),
        *_of_pairs(pairs.strongest, columns, [key, target]),
    ]
    if timeline is not None:
        found += [
            *timeline_findings(timeline),
            *series_findings([one for one in columns if one.name != key], timeline),
        ]
    return tuple(sorted(found, key=lambda one: (SEVERITIES.index(one.severity), -one.weight)))


def _of_rows(
    columns: Sequence[Column], duplicates: Duplicates, key: str | None
) -> Iterator[Finding]:
    rows = columns[0].rows
    if duplicates.whole:
        share = duplicates.whole / rows
        sentence = f"{_rows(duplicates.whole, rows)} repeat another in all columns"
        yield Finding("error", 1 + share, sentence)
    elif duplicates.but_key:
        share = duplicates.but_key / rows
        sentence = f"{_rows(duplicates.but_key, rows)} repeat another in all columns but {key}"
        if share < _FEW_COLUMNS:
            yield Finding("warning", share, sentence, key)
    declared = next((column for column in columns if column.name == key), None)
    if declared is not None and declared.distinct < declared.filled:
        repeats = declared.filled - declared.distinct
        sentence = f"{declared.name} is no key: {_rows(repeats, rows)} repeat the value of another"
        yield Finding("error", 2, sentence, key)
    if declared is None and rows > 1:
        pairs = [" and ".join(names) for names in duplicates.keys if len(names) > 1]
        together = f"; together these do: {', '.join(pairs[:3])}" if pairs else ""
        yield Finding("warning", 0.5, f"no column identifies each row{together}")


def _of_target(
    columns: Sequence[Column],
    target: str | None,
    problem: str,
    grouped: Grouped | None,
    alone: Sequence[Alone],
) -> Iterator[Finding]:
    if problem:
        yield Finding("error", 4, problem, target)
    column = next((one for one in columns if one.name == target), None)
    if column is None:
        return
    if column.missing:
        share = column.missing / column.rows
        sentence = f"the target {target} is missing in {_rows(column.missing, column.rows)}"
        yield Finding("warning" if share >= 0.05 else "note", share, sentence, target)
    telling = [one for one in alone[:3] if one.value >= max(TELLING[one.measure], one.chance)]
    if telling and not alone[0].leak:
        best = ", ".join(f"{one.column} {shown.distance(one.value)}" for one in telling)
        sentence = (
            f"most about {target} is said by {best} ({ALONE[alone[0].measure]} of each alone)"
        )
        yield Finding("note", 0.35, sentence, target)
    if grouped is None or grouped.shown.kind != "classes":
        return
    # Groups are the most frequent classes only.
    label, n = min(column.top.items(), key=lambda one: one[1])
    share = n / column.filled
    if share < _RARE:
        severity: Severity = "warning" if share < _VERY_RARE else "note"
        sentence = f"the class {excerpt(label)} of the target is rare: {_rows(n, column.filled)}"
        yield Finding(severity, 0.3, sentence, target)


def _leaks(
    columns: Sequence[Column], grouped: Grouped | None, alone: Sequence[Alone]
) -> Iterator[Finding]:
    """Columns that predict the target almost perfectly, or whose being filled tells it."""
    leaks = {one.column: one for one in alone if one.leak}
    for column in columns:
        filled, is_leak, weight = _one_sided(column, grouped)
        if one := leaks.get(column.name):
            because = f"; {filled}" if filled else ""
            sentence = f"{one.column} {one.leak}{because}"
            yield Finding("error", 3 + one.value, f"{sentence}: leave it out", one.column)
        elif filled:
            sentence = f"{column.name} may tell the target: {filled}"
            yield Finding("error" if is_leak else "warning", weight, sentence, column.name)


def _one_sided(column: Column, grouped: Grouped | None) -> tuple[str, bool, float]:
    """Where a column is filled for one class and hardly for another; whether never; by how much."""
    if grouped is None or not column.filled_by_group:
        return "", False, 0.0
    labels, rows = grouped.shown.labels, grouped.shown.rows
    sides = one_sided(column.filled_by_group, rows)
    if sides is None:
        return "", False, 0.0
    most, least = sides
    shares = [n / max(1, total) for n, total in zip(column.filled_by_group, rows, strict=True)]
    sentence = (
        f"it is filled in {shown.percent(shares[most])} % of the rows with "
        f"{grouped.shown.column} {excerpt(labels[most])} and in {shown.percent(shares[least])} % "
        f"of those with {excerpt(labels[least])}"
    )
    return sentence, shares[least] <= 0.02 * shares[most], shares[most] - shares[least]


def _of_pairs(
    pairs: Sequence[Pair], columns: Sequence[Column], left_out: Collection[str | None]
) -> Iterator[Finding]:
    """Columns that say the same, together, and the strongest other pairs."""
    distinct = {column.name: column.distinct for column in columns}
    able = [one for one in pairs if not {one.first, one.second} & {*left_out}]
    same = [one for one in able if one.strength >= _ALIKE and _is_mutual(one, distinct)]
    for names in _joined(same):
        values = [one.strength for one in same if one.first in names]
        names = sorted(names, key=list(distinct).index)
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        value = f"{MEASURES[same[0].measure]} {shown.distance(min(values))}"
        if len(names) > 2:
            value = f"pairs from {shown.distance(min(values))} on"
        sentence = f"{listed} say the same ({value}): one of them is enough"
        yield Finding("warning", 0.2 * max(values), sentence, names[0])
    others = [one for one in able if one.strength >= _STRONG and one not in same]
    for one in others[:_MOST_STRONG]:
        value = f"{MEASURES[one.measure]} {shown.distance(one.value)}"
        if one.strength >= _ALIKE:
            first, second = sorted((one.first, one.second), key=lambda name: distinct[name])
            # Of a category and a number the number follows from the category.
            first, second = (one.second, one.first) if one.measure == "eta" else (first, second)
            sentence = f"{first} follows from {second} ({value}): {second} is enough"
            yield Finding("warning", 0.2 * one.strength, sentence, first)
        else:
            sentence = f"{one.first} and {one.second} go together ({value})"
            yield Finding("note", 0.2 * one.strength, sentence, one.first)


def _is_mutual(one: Pair, distinct: Mapping[str, int]) -> bool:
    """Whether each of the two follows from the other."""
    if one.measure == "cramers_v":
        return distinct[one.first] == distinct[one.second]
    return one.measure != "eta"


def _joined(pairs: Sequence[Pair]) -> list[list[str]]:
    """The columns of pairs that have one in common, together."""
    groups: list[list[str]] = []
    for one in pairs:
        touched = [group for group in groups if one.first in group or one.second in group]
        names = [name for group in touched for name in group]
        groups = [group for group in groups if group not in touched]
        groups.append([*names, *(n for n in (one.first, one.second) if n not in names)])
    return groups


def _rows(n: int, rows: int) -> str:
    return f"{count(n, 'row')} ({shown.percent(n / rows)} %)"
