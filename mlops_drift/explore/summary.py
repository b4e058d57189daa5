"""What the page and the terminal say alike about a whole exploration."""

from mlops_drift.drift.sentences import count
from mlops_drift.explore.result import Exploration, Series


def head(found: Exploration) -> list[str]:
    """What the table is, in a few lines."""
    kinds = [column.kind for column in found.columns]
    named = [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]
    roles = [
        f"{role} {name}" if name else f"no {role}"
        for role, name in (("target", found.target), ("key", found.key), ("day", found.day))
    ]
    lines = [
        f"{count(found.rows, 'row')}, {count(len(kinds), 'column')}: "
        + ", ".join(f"{n} {kind}" for kind, n in named),
        ", ".join(roles),
    ]
    if found.sampled < found.rows:
        lines.append(
            f"Columns by themselves: all rows. Pairs, and what predicts the target: a sample of "
            f"{found.sampled:,} rows."
        )
    return lines


def changing(found: Exploration) -> list[Series]:
    """The series of all columns but key and day, those that change most between days first."""
    left_out = {found.key, found.day}
    series = [one.series for one in found.columns if one.series and one.name not in left_out]
    return sorted(series, key=lambda one: -round(one.icc, 9))
