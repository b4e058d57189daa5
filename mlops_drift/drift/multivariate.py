"""Joint drift: how well a classifier tells current rows from reference rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mlops_drift.drift.rows import Kind, Rows

Codes = NDArray[np.integer[Any]]

# The boosting takes 255 categories; the last one is for all the others.
_OWN_CODES = 254
# Of a longer table so many rows are drawn; a table with fewer rows than folds has fewer folds.
_MAX_ROWS, _FOLDS, _TREES = 20_000, 5, 50


def domain_auc(
    reference: pa.Table, current: pa.Table, kinds: Mapping[str, Kind], seed: int = 0
) -> float:
    """ROC AUC of a domain classifier: do its scores put current rows above reference rows.

    A small gradient boosting learns to tell the two tables apart by all columns together, so that
    it also sees drift that no column shows alone. Every row is scored by a model of the other
    folds, and the AUC is that of all these scores together. Of a longer table 20,000 rows are
    drawn without replacement. `kinds` are the columns to look at, which both tables have.

    A missing value is a value of its own. Numbers enter by their rank among all rows, so that no
    magnitude is too large. Of a column with more than 254 categories, null included, the most
    frequent 254 are kept; the others are one category.

    Returns:
        The AUC, in [0, 1]: 1 for tables that never look alike, about .5 for tables that are alike.
        Exactly .5 where no column varies, or a table has fewer than two rows.

    Raises:
        ValueError: a column is missing or cannot be read as its kind.

    >>> x = np.random.default_rng(0).normal(size=500)
    >>> mirrored = pa.table({"x": x, "y": -x})
    >>> domain_auc(pa.table({"x": x, "y": x}), mirrored, {"x": "numeric", "y": "numeric"}) > 0.95
    True
    """
    rng = np.random.default_rng(seed)
    sides = [Rows(_sample(table, rng)) for table in (reference, current)]
    is_current = np.repeat([False, True], [side.count for side in sides])
    features = {name: _feature(sides, name, kind) for name, kind in kinds.items()}
    varying = [name for name, feature in features.items() if np.unique(feature).size > 1]
    folds = min(_FOLDS, *(side.count for side in sides))
    if not varying or folds < 2:
        return 0.5
    X = np.column_stack([features[name] for name in varying])
    categorical = [kinds[name] == "categorical" for name in varying]
    return _cross_validated_auc(X, is_current, categorical, folds, seed)


def _cross_validated_auc(
    X: Codes, is_current: NDArray[np.bool_], categorical: list[bool], folds: int, seed: int
) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    small = {"max_iter": _TREES, "max_leaf_nodes": 15, "early_stopping": False}
    model = HistGradientBoostingClassifier(
        **small, categorical_features=categorical, random_state=seed
    )
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    # So small a model loses more than it gains by threads that wait for each other.
    with threadpool_limits(1):
        scores = cross_val_predict(model, X, is_current, cv=split, method="predict_proba")
    return float(roc_auc_score(is_current, scores[:, 1]))


def _sample(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    if table.num_rows <= _MAX_ROWS:
        return table
    return table.take(np.sort(rng.choice(table.num_rows, _MAX_ROWS, replace=False)))


def _feature(sides: list[Rows], name: str, kind: Kind) -> Codes:
    """A column of both sides, one below the other, as whole numbers from 0."""
    if kind == "numeric":
        # Trees know no more of a number than its rank, and a rank is never infinite or missing:
        # NaN is the last one.
        numbers = np.concatenate([side.numbers(name) for side in sides])
        return np.unique(numbers, return_inverse=True)[1]
    texts = [side.table({name: kind})[name].cast(pa.string()) for side in sides]
    return _codes(pa.chunked_array([chunk for text in texts for chunk in text.chunks], pa.string()))


def _codes(texts: pa.ChunkedArray) -> Codes:
    """Numbers of the categories, null being one; those after the most frequent share the last."""
    counted = pc.value_counts(texts)
    order = pc.array_sort_indices(counted.field("counts"), order="descending")[:_OWN_CODES]
    own = pc.index_in(texts, value_set=counted.field("values").take(order))
    codes: Codes = own.fill_null(_OWN_CODES).to_numpy()
    return codes
