"""How all families of trees take the columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from mlops_drift.learning.families.base import NUMBERS, RARE_SHARE, columns_of
from mlops_drift.learning.metrics import Array
from mlops_drift.schema import Column

# Some trees compare and add up in single precision, where sums of anything beyond are infinite.
FARTHEST = 1e30


def tree_matrix(columns: Mapping[Any, Column]) -> ColumnTransformer:
    """The unfitted step from plain columns to the numbers that trees split.

    Numbers and missing values stay as they are. Categories become codes in alphabetical order; the
    rare ones share the last code, an unseen one is missing.

    >>> import pandas as pd
    >>> step = tree_matrix({"city": Column(type="category"), "age": Column(type="number")})
    >>> seen = pd.DataFrame({"age": [30.0, np.nan], "city": ["rome", "oslo"]})
    >>> step.fit(seen).transform(seen.assign(city=["rome", "kyiv"]))
    array([[30.,  1.],
           [nan, nan]])
    """
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        min_frequency=RARE_SHARE,
    )
    return ColumnTransformer(
        [
            ("numbers", FunctionTransformer(_clip), columns_of(columns, *NUMBERS)),
            ("categories", codes, columns_of(columns, "category")),
        ]
    )


def _clip(values: Array) -> Array:
    return np.clip(values, -FARTHEST, FARTHEST)


def largest_leaf(n_rows: int) -> int:
    """The most rows that the search asks of a leaf.

    >>> largest_leaf(10), largest_leaf(400), largest_leaf(7000)
    (4, 20, 50)
    """
    return min(50, max(4, n_rows // 20))


def usual_leaf(n_rows: int) -> int:
    """The rows that a leaf needs by default; never more than ``largest_leaf``.

    >>> usual_leaf(10), usual_leaf(400), usual_leaf(7000)
    (2, 8, 20)
    """
    return min(20, max(2, n_rows // 50))
