"""Which columns a fitted pipeline relies on."""

from math import isfinite, nan
from statistics import fmean

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from mlops_drift.learning.families.base import predicted
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate, worsening
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Target

MAX_ROWS = 2000
# Shuffles of each column.
REPEATS = 5


def feature_importance(
    pipeline: Pipeline,
    target: Target,
    frame: pd.DataFrame,
    labels: Array,
    metric: MetricName,
    seed: int,
) -> dict[str, float]:
    """Permutation importance of each column, as shares that sum to 1.

    How much the metric worsens when the column is shuffled, on average over five shuffles in which
    the metric is defined; a column without which it does not worsen has 0. If that is every column,
    for example because there are no rows, all have the same share: nothing says which matters.

    The frame has exactly the columns to judge; 2,000 of more rows are drawn at random. The labels
    are as for ``evaluate``. The shuffles are the same for every column.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(frame))[:MAX_ROWS]
    sample, truth = frame.iloc[drawn].reset_index(drop=True), labels[drawn]
    shuffles = [rng.permutation(len(sample)) for _ in range(REPEATS)]

    # All shuffles of a column are predicted at once.
    order, repeated = np.concatenate(shuffles), pd.concat([sample] * REPEATS, ignore_index=True)

    def values(rows: pd.DataFrame, parts: int) -> list[float]:
        answers = (np.split(each, parts) for each in predicted(pipeline, target, rows)[:2])
        return [evaluate(metric, target, truth, *part) for part in zip(*answers, strict=True)]

    [intact] = values(sample, 1) if len(sample) else [nan]

    def loss(name: str) -> float:
        shuffled = pd.DataFrame({**repeated, name: sample[name].array[order]})
        losses = [worsening(metric, intact, value) for value in values(shuffled, REPEATS)]
        return max(0.0, fmean([loss for loss in losses if isfinite(loss)] or [0.0]))

    losses = {str(name): loss(name) if isfinite(intact) else 0.0 for name in frame.columns}
    total = sum(losses.values())
    return {name: loss / total if total else 1 / len(losses) for name, loss in losses.items()}
