"""What one column shows by itself, in sentences."""

from collections.abc import Iterator
from math import log10

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.sentences import count, excerpt
from mlops_drift.explore.numeric import label
from mlops_drift.explore.result import Column, Finding, Severity
from mlops_drift.scaffold.features import find_features

# From these shares on missing values and outliers are more than a note.
_MUCH_MISSING, _MANY_OUTLIERS = 0.05, 0.05
# Outliers nearer to the fence are in the description of the column only.
_FAR = 2.0


def column_findings(column: Column, target: str | None) -> Iterator[Finding]:
    """What is wrong or odd with a column, apart from the day and the target."""
    name, rows = column.name, column.rows
    if column.infinite:
        sentence = f"{name} is infinite in {_rows(column.infinite, rows)}; leave such cells empty"
        yield Finding("error", 1 + column.infinite / rows, sentence, name)
    if column.kind == "empty":
        blank = f" ({column.blank:,} cells hold blank text)" if column.blank else ""
        yield Finding("warning", 0.9, f"{name} is always empty{blank}: leave it out", name)
        return
    if column.kind == "unreadable":
        severity: Severity = "warning" if "lists" in column.problem else "error"
        yield Finding(severity, 1, f"{name} {column.problem}", name)
    elif column.problem:
        yield Finding("error", 1, f"{name}: {column.problem}", name)
    if column.distinct == 1 and rows > 1:
        value = excerpt(next(iter(column.top), "infinite"))
        gaps = f" or missing ({shown.percent(column.missing / rows)} %)" if column.missing else ""
        yield Finding("warning", 0.8, f"{name} is always {value!r}{gaps}", name)
    if column.missing and name != target:
        share = column.missing / rows
        blank = f", {column.blank:,} of them blank text" if column.blank else ""
        sentence = f"{name} is missing in {_rows(column.missing, rows)}{blank}"
        severity = "warning" if share >= _MUCH_MISSING else "note"
        yield Finding(severity, share, sentence, name)
    for one in column.stands:
        value = repr(one.value) if column.spread is None else one.value
        sentence = f"{name} is {value} in {_rows(one.rows, rows)}: it may stand for missing"
        yield Finding("warning", 0.5 + one.rows / rows, sentence, name)
    if column.variant:
        # Space within is what may tell them apart.
        first, second = (text if len(text) <= 60 else excerpt(text) for text in column.variant)
        more = f", and {count(column.variants - 1, 'more pair')}" if column.variants > 1 else ""
        sentence = f"{name}: {first!r} and {second!r} differ only in case or space{more}"
        yield Finding("warning", 0.4, sentence, name)
    yield from _outliers(column)
    if column.kind == "text" and column.distinct < rows:
        [feature] = find_features({name: column}, [])
        if feature.column is None and column.distinct > 1:
            yield Finding("note", 0.1, f"{name} {feature.why}", name)


def _outliers(column: Column) -> Iterator[Finding]:
    found = column.outliers
    # What stands for a missing value has a finding of its own.
    if found is None or found.rows <= sum(one.rows for one in column.stands):
        return
    share = found.rows / column.filled
    is_tail = share >= _MANY_OUTLIERS
    if found.reach < _FAR and not is_tail:
        return
    ends = []
    if found.below:
        ends.append(f"{found.below:,} below {label(found.low, False)}, lowest {_of(found.lowest)}")
    if found.above:
        ends.append(
            f"{found.above:,} above {label(found.high, False)}, highest {_of(found.highest)}"
        )
    tail = ": a long tail rather than mistakes" if is_tail else ""
    sentence = (
        f"{column.name} has {count(found.rows, 'outlier')} ({shown.percent(share)} %): "
        f"{'; '.join(ends)}{tail}"
    )
    # The farther, the more likely mistakes.
    weight = min(0.6, 0.1 + 0.1 * log10(max(1.0, found.reach)))
    yield Finding("note" if is_tail else "warning", weight, sentence, column.name)


def _of(values: tuple[float, ...]) -> str:
    return label(values[0], False)


def _rows(n: int, rows: int) -> str:
    return f"{count(n, 'row')} ({shown.percent(n / rows)} %)"
