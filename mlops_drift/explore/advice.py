"""What to write in a defs.yaml: key, columns with their types and limits, target, what to omit."""

from collections.abc import Mapping, Sequence

from mlops_drift.explore.result import Alone, Column
from mlops_drift.scaffold.features import Feature, find_features
from mlops_drift.scaffold.scalar import comment, scalar
from mlops_drift.schema.columns import Target

# So many categories may be listed as all that there are, each in so many rows at least.
_MOST_ALLOWED, _FEWEST_ROWS = 12, 10


def advice(
    columns: Mapping[str, Column],
    key: str | None,
    day: str | None,
    target: Target | None,
    leaks: Sequence[Alone],
) -> str:
    """A part of a defs.yaml to copy under `attributes:`, with the reason for each line."""
    taken = [name for name in (key, day, target.column if target else None) if name]
    suspected = {one.column: one.leak for one in leaks if one.leak}
    features = find_features(columns, taken)
    kept = [one for one in features if one.column and one.name not in suspected]
    lines = [*_roles(columns, key, day), "columns:" if kept else "# columns: none is of use"]
    for one in kept:
        lines += _column(one, columns[one.name])
    left_out = [
        f"- {one.name}: {suspected.get(one.name) or one.why}"
        for one in features
        if one.column is None or one.name in suspected
    ]
    lines += ["# Left out:", *(comment(line, 0) for line in left_out)] if left_out else []
    return "\n".join([*lines, *_target(target), ""])


def _roles(columns: Mapping[str, Column], key: str | None, day: str | None) -> list[str]:
    lines = []
    if key is None:
        lines.append("# key: no column identifies each row; give the rows one")
    else:
        type_ = "integer" if columns[key].kind == "integer" else "text"
        lines += [f"key: {scalar(key)}", f"key_type: {type_}"]
    if day is None:
        lines.append("# day_column: no column holds days; give each row the day of its event")
    else:
        lines.append(f"# in the source: day_column: {scalar(day)}")
    return lines


def _column(feature: Feature, column: Column) -> list[str]:
    declared = feature.column
    assert declared is not None
    fields = [f"type: {declared.type}", *([] if declared.nullable else ["nullable: false"])]
    why = feature.why
    if declared.is_numeric and column.spread and column.spread.minimum >= 0:
        fields.append("min: 0")
    if declared.type == "category" and column.distinct <= _MOST_ALLOWED:
        found = column.counts(_MOST_ALLOWED)
        odd = {one.value for one in column.stands}
        if min(found.values(), default=0) >= _FEWEST_ROWS and not column.variants:
            fields.append(f"allowed: {scalar(sorted(set(found) - odd))}")
    for one in column.stands[:1]:
        why += f"; {one.value} may stand for a missing value: leave such cells empty"
    return [comment(why), f"  {scalar(feature.name)}: {{{', '.join(fields)}}}"]


def _target(target: Target | None) -> list[str]:
    if target is None:
        return []
    lines = ["target:", f"  column: {scalar(target.column)}", f"  kind: {target.kind}"]
    if target.classes:
        lines.append(f"  classes: {scalar(target.classes)}")
    if target.positive is not None:
        lines.append(f"  positive: {scalar(target.positive)}")
    return lines
