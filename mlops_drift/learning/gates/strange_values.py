"""The gates that values never seen before must not throw the challenger."""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.frames import with_values
from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.sound import is_sound, tried

# Rows that each strange value is tried on.
ROWS = 20

UNSEEN = "a category that nobody has ever seen"
LARGEST = float(np.finfo(float).max)

# A strange value by its name, given a column of the train split.
Strange = Mapping[str, Callable[["pd.Series[Any]"], Any]]

CATEGORIES: Strange = {"an unseen category": lambda column: UNSEEN}

NUMBERS: Strange = {
    "a million ranges above": lambda column: _far(column, 1),
    "a million ranges below": lambda column: _far(column, -1),
    "infinity": lambda column: inf,
    "minus infinity": lambda column: -inf,
    "the largest float": lambda column: LARGEST,
    "the smallest float": lambda column: -LARGEST,
}


class UnseenCategoryRobustness(Gate):
    """Passes where unseen categories give valid predictions.

    Of the first 20 test rows each categorical column alone, then all together, are set to a text
    that was never seen. Every prediction must be a class, or finite, and every score finite, in
    [0, 1] for classes. The value is the number of rows for which it is not so.
    """

    name = "unseen_category_robustness"
    description = "Categories that were never seen give valid predictions."

    def judge(self, candidate: Candidate) -> GateResult:
        """Predicts rows with unseen categories."""
        names = [name for name, column in candidate.columns.items() if column.type == "category"]
        return _judge(self, candidate, names, CATEGORIES)


class ExtremeValueRobustness(Gate):
    """Passes where extreme numbers give valid predictions.

    Of the first 20 test rows each numeric column alone, then all together, are set to a million
    times its range in the train split above or below its middle, to infinity, and to the largest
    float, of either sign. Judged as by ``UnseenCategoryRobustness``.
    """

    name = "extreme_value_robustness"
    description = "Extreme and infinite numbers give valid predictions."

    def judge(self, candidate: Candidate) -> GateResult:
        """Predicts rows with extreme numbers."""
        names = [name for name, column in candidate.columns.items() if column.is_numeric]
        return _judge(self, candidate, names, NUMBERS)


def _far(column: "pd.Series[Any]", sign: int) -> float:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return sign * 1e6
    # Of huge values the range itself may overflow.
    low, high = float(values.min()), float(values.max())
    spread = (high / 2 - low / 2) * 2 or abs(high) or 1.0
    return float(np.clip(low / 2 + high / 2 + sign * 1e6 * min(spread, 1e300), -LARGEST, LARGEST))


def _judge(gate: Gate, candidate: Candidate, names: Sequence[str], strange: Strange) -> GateResult:
    rows = candidate.features.head(ROWS)
    if len(rows) == 0:
        return gate.unknown(
            0, "The test split has no row to put strange values in.", "Wait for labelled rows."
        )
    values = {
        name: {what: value(candidate.train[name]) for what, value in strange.items()}
        for name in names
    }
    # Anything beside text or infinity needs a type that has room for it.
    roomy = rows.astype(dict.fromkeys(names, object if strange is CATEGORIES else float))
    tries = [
        (f"{what} in {name}", with_values(roomy, {name: values[name][what]}))
        for name in names
        for what in strange
    ]
    if len(names) > 1:
        tries += [
            (
                f"{what} in every such column",
                with_values(roomy, {name: values[name][what] for name in names}),
            )
            for what in strange
        ]
    broken = _broken(candidate, tries, len(rows))
    n = len(tries) * len(rows)
    total = sum(count for _, count, _ in broken)
    listed = "; ".join(
        f"{what} {why or f'breaks {count} of {len(rows)} rows'}" for what, count, why in broken[:3]
    )
    what = f"{len(tries)} tries with strange values, on {len(rows)} test rows each"
    return gate.counted(
        total,
        "rows without a valid prediction",
        n,
        f"Of {what}, {len(broken)} give no valid predictions: {listed}. One odd row of a feed "
        "would break the service or be answered with nonsense."
        if broken
        else f"All of {what}, give valid predictions.",
        "Look at the step of the pipeline that takes this column: it must bound numbers and know "
        "an unknown category.",
        tables={
            "broken": [
                {"value": what, "rows": count, "error": why} for what, count, why in broken[:30]
            ]
        }
        if broken
        else None,
    )


def _broken(
    candidate: Candidate, tries: Sequence[tuple[str, pd.DataFrame]], rows: int
) -> list[tuple[str, int, str]]:
    """What broke: its name, how many rows, and the error where there was one."""
    together = tried(candidate.predict, pd.concat([frame for _, frame in tries], ignore_index=True))
    if isinstance(together, str):
        # One of them raised: which one is found by trying each.
        alone = [(what, tried(candidate.predict, frame)) for what, frame in tries]
    else:
        alone = [
            (what, together.iloc[number * rows : (number + 1) * rows])
            for number, (what, _) in enumerate(tries)
        ]
    broken = []
    for what, found in alone:
        if isinstance(found, str):
            broken.append((what, rows, f"raises {found}"))
        elif unsound := int((~is_sound(candidate.target, found)).sum()):
            broken.append((what, unsound, ""))
    return broken
