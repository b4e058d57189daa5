"""Frames whose columns may have any name."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def with_values(frame: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """A copy of a frame with other values in some columns.

    As ``assign``, which takes no column that is called as one of its own arguments.

    >>> with_values(pd.DataFrame({"self": [1, 2]}), {"self": 3})["self"].tolist()
    [3, 3]
    """
    copy = frame.copy()
    for name, column in values.items():
        copy[name] = column
    return copy
