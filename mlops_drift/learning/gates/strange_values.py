"""The gates that values never seen before must give valid predictions."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Described, Gate, GateResult
from mlops_drift.schema.columns import Column

# Rows that each strange value is tried on.
ROWS = 20
UNSEEN = "a category that nobody has ever seen"
LARGEST = float(np.finfo(float).max)


class _Robustness(Gate):
    """Passes where strange values give valid predictions.

    Of the first 20 test rows each column alone, then all together, are set to each strange value.
    Every prediction must be a class, or finite, and every score finite, in [0, 1] for classes. The
    value is the number of rows for which it is not so.

    Attributes:
        dtype: of columns that have room for the values.
    """

    dtype: type

    @staticmethod
    @abstractmethod
    def takes(column: Column) -> bool:
        """Whether a column gets these values."""

    @abstractmethod
    def strange(self, column: "pd.Series[Any]") -> Mapping[str, object]:
        """The values by name, given the column in the train split."""

    @classmethod
    def for_model(cls, model: Described) -> Sequence[Gate]:
        return [cls()] if any(map(cls.takes, model.columns.values())) else []

    def judge(self, candidate: Candidate) -> GateResult:
        names = [name for name, column in candidate.columns.items() if self.takes(column)]
        values = {name: self.strange(candidate.train[name]) for name in names}
        tries = {
            f"{what} in {name}": {name: value}
            for name in names
            for what, value in values[name].items()
        }
        if len(names) > 1:
            tries |= {
                f"{what} in every such column": {name: values[name][what] for name in names}
                for what in values[names[0]]
            }
        rows = candidate.features.head(ROWS).astype(dict.fromkeys(names, self.dtype))
        frames = {what: pd.DataFrame({**rows, **one}, rows.index) for what, one in tries.items()}
        broken = _broken(candidate, frames)
        listed = "; ".join(
            f"{what} {why or f'breaks {count} of {len(rows)} rows'}"
            for what, count, why in broken[:3]
        )
        result = self.counted(
            sum(count for _, count, _ in broken),
            len(tries) * len(rows),
            f"Of {len(tries)} tries with strange values, on {len(rows)} test rows each, "
            f"{len(broken)} give no valid predictions{listed and ': '}{listed}.",
            "Look at the step of the pipeline that takes this column: it must bound numbers and "
            "accept an unknown category.",
        )
        table = [{"value": what, "rows": count, "error": why} for what, count, why in broken[:30]]
        return replace(result, tables={"broken": table} if broken else {})


class UnseenCategoryRobustness(_Robustness):
    """Passes where categorical columns, set to a text that was never seen, break no prediction."""

    name = "unseen_category_robustness"
    description = "Categories that were never seen give valid predictions."
    dtype = object

    @staticmethod
    def takes(column: Column) -> bool:
        return column.type == "category"

    def strange(self, column: "pd.Series[Any]") -> Mapping[str, object]:
        return {"an unseen category": UNSEEN}


class ExtremeValueRobustness(_Robustness):
    """Passes where numeric columns, set to extreme numbers, break no prediction.

    They are a million times its range in the train split above or below its middle, infinity, and
    the largest float, of either sign.
    """

    name = "extreme_value_robustness"
    description = "Extreme and infinite numbers give valid predictions."
    dtype = float

    @staticmethod
    def takes(column: Column) -> bool:
        return column.is_numeric

    def strange(self, column: "pd.Series[Any]") -> Mapping[str, object]:
        return {
            "a million ranges above": _far(column, 1),
            "a million ranges below": _far(column, -1),
            "infinity": inf,
            "minus infinity": -inf,
            "the largest float": LARGEST,
            "the smallest float": -LARGEST,
        }


def _far(column: "pd.Series[Any]", sign: int) -> float:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return sign * 1e6
    # Of huge values the range itself may overflow.
    low, high = float(values.min()), float(values.max())
    spread = (high / 2 - low / 2) * 2 or abs(high) or 1.0
    return float(np.clip(low / 2 + high / 2 + sign * 1e6 * min(spread, 1e300), -LARGEST, LARGEST))


def _broken(candidate: Candidate, tries: Mapping[str, pd.DataFrame]) -> list[tuple[str, int, str]]:
    """What broke: its name, how many rows, and the error where there was one."""
    together = candidate.tried(pd.concat(tries.values(), ignore_index=True))
    broken, start = [], 0
    for what, frame in tries.items():
        # If one of them raised, each is tried alone to find which one.
        alone = isinstance(together, str)
        found = candidate.tried(frame) if alone else together[start : start + len(frame)]
        start += len(frame)
        if isinstance(found, str):
            broken.append((what, len(frame), f"raises {found}"))
        elif unsound := candidate.unsound(found):
            broken.append((what, unsound, ""))
    return broken
