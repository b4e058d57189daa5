"""What to look at first: sentences with their numbers, the worst first."""

from collections.abc import Iterator, Mapping, Sequence

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.sentences import count
from mlops_drift.explore.alone import ALONE, one_sided
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
        *(Finding("error", 3 + one.value, _leak(one), one.column) for one in alone if one.leak),
        *_one_sided(columns, grouped, {one.column for one in alone if one.leak}),
        *(finding for column in columns for finding in column_findings(column, target)),
        *_of_pairs(pairs.strongest, columns),
    ]
    if timeline is not None:
        found += [
            *timeline_findings(timeline),
            *series_findings([one for one in columns if one.name != key], timeline),
        ]
    return tuple(sorted(found, key=lambda one: (SEVERITIES.index(one.severity), -one.weight)))


def _leak(one: Alone) -> str:
    return f"{one.column} {one.leak}: leave it out if it is known only with the target"


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
        yield Finding("warning" if share < 0.5 else "note", share, sentence, key)
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
    if alone and not alone[0].leak:
        best = ", ".join(f"{one.column} {shown.distance(one.value)}" for one in alone[:3])
        sentence = (
            f"most about {target} is said by {best} ({ALONE[alone[0].measure]} of each alone)"
        )
        yield Finding("note", 0.35, sentence, target)
    if grouped is None or grouped.shown.kind != "classes":
        return
    rarest = min(range(grouped.count), key=lambda i: grouped.shown.rows[i])
    n, label = grouped.shown.rows[rarest], grouped.shown.labels[rarest]
    share = n / column.filled
    if share < _RARE:
        severity: Severity = "warning" if share < _VERY_RARE else "note"
        sentence = f"the class {label} of the target is rare: {_rows(n, column.filled)}"
        yield Finding(severity, 0.3, sentence, target)


def _one_sided(
    columns: Sequence[Column], grouped: Grouped | None, leaks: set[str]
) -> Iterator[Finding]:
    """Columns that are filled for one class of the target and hardly for another."""
    if grouped is None:
        return
    labels, rows = grouped.shown.labels, grouped.shown.rows
    for column in columns:
        sides = one_sided(column.filled_by_group, rows) if column.filled_by_group else None
        if sides is None or column.name in leaks:
            continue
        shares = [n / max(1, total) for n, total in zip(column.filled_by_group, rows, strict=True)]
        most, least = sides
        sentence = (
            f"{column.name} is filled in {shown.percent(shares[most])} % of the rows with "
            f"{grouped.shown.column} {labels[most]} and in {shown.percent(shares[least])} % of "
            f"those with {labels[least]}: that it is filled tells the target"
        )
        is_leak = shares[least] <= 0.02 * shares[most]
        weight = shares[most] - shares[least]
        yield Finding("error" if is_leak else "warning", weight, sentence, column.name)


def _of_pairs(pairs: Sequence[Pair], columns: Sequence[Column]) -> Iterator[Finding]:
    distinct = {column.name: column.distinct for column in columns}
    strong = [one for one in pairs if one.strength >= _STRONG]
    for number, one in enumerate(strong):
        value = f"{MEASURES[one.measure]} {shown.distance(one.value)}"
        if one.strength >= _ALIKE:
            sentence = _alike(one, value, distinct)
            yield Finding("warning", 0.2 * one.strength, sentence, one.first)
        elif number < _MOST_STRONG:
            sentence = f"{one.first} and {one.second} go together ({value})"
            yield Finding("note", 0.2 * one.strength, sentence, one.first)


def _alike(one: Pair, value: str, distinct: Mapping[str, int]) -> str:
    """Of two categories the one with more values may say more than the other."""
    first, second = sorted((one.first, one.second), key=lambda name: distinct[name])
    if one.measure == "eta":
        names = (one.second, one.first)
        return f"{names[0]} follows from {names[1]} ({value}): one of them is enough"
    if one.measure == "cramers_v" and distinct[first] < distinct[second]:
        return f"{first} follows from {second} ({value}): {second} is enough"
    return f"{one.first} and {one.second} say the same ({value}): one of them is enough"


def _rows(n: int, rows: int) -> str:
    return f"{count(n, 'row')} ({shown.percent(n / rows)} %)"
