"""Which columns the model sees, and as what."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mlops_drift.config.names import require_usable
from mlops_drift.drift.sentences import excerpt
from mlops_drift.scaffold.summary import Summary
from mlops_drift.schema.columns import Column

# More values than this are hardly a category: few rows of each, and each day brings new ones.
MOST_CATEGORIES = 200
# From this share of different values on a column is a name of the row.
NAMES = 0.5
SHOWN = 4

_IDENTIFIER = re.compile(r"(^|[_ ])id$", re.IGNORECASE)


@dataclass(frozen=True)
class Feature:
    """A column of the events: how it is declared, None where it is left out, and why."""

    name: str
    column: Column | None
    why: str


def find_features(columns: Mapping[str, Summary], taken: Collection[str]) -> list[Feature]:
    """The columns of events but those that have another role, in their order."""
    lower = {name.lower() for name in taken}
    found = []
    for name, values in columns.items():
        if name in taken:
            continue
        problem = _problem(values, lower)
        lower.add(name.lower())
        gaps = f"; {values.missing:,} empty" if values.missing else ""
        kind = "category" if values.kind == "text" else values.kind
        fields = {"type": kind, "nullable": values.missing > 0}
        column = None if problem else Column.model_validate(fields)
        found.append(Feature(name, column, problem or f"{_seen(values)}{gaps}"))
    return found


def _problem(values: Summary, taken: Collection[str]) -> str:
    """Why a column is of no use to a model; empty where it may be."""
    rows = values.filled
    if values.kind == "empty":
        return "is always empty"
    if values.kind == "day":
        return "holds days; features.sql can make a number of them"
    if values.problem:
        return values.problem
    if values.distinct == 1 and not values.missing:
        return f"is always {excerpt(next(iter(values.counts(1)), 'infinite'))!r}"
    many = values.distinct > MOST_CATEGORIES or values.distinct > NAMES * rows > SHOWN
    if values.kind == "text" and many:
        return f"has {values.distinct:,} different texts: it names rows, or needs features.sql"
    if values.kind == "integer" and _IDENTIFIER.search(values.name) and many:
        return f"has {values.distinct:,} different values and is called an id: it names rows"
    if values.name.lower() in taken:
        return "another column has this name but for upper and lower case; rename one"
    try:
        require_usable(values.name)
    except ValueError as error:
        return str(error)
    return ""


def _seen(values: Summary) -> str:
    if values.kind in ("integer", "number"):
        hint = ", a category or boolean if it is a code" if values.distinct == 2 else ""
        return f"{values.span}{hint}"
    shown = ", ".join(value[:20] for value in values.counts(SHOWN))
    more = f" and {values.distinct - SHOWN} more" if values.distinct > SHOWN else ""
    return shown + more
