"""Which rows to retrain on: the training window that predicts the most recent truth best."""

from collections.abc import Mapping
from datetime import date
from math import isnan, nan
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import predicted
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.learning.threshold import judged
from mlops_drift.learning.threshold_classifier import decided
from mlops_drift.learning.training_set import split_by_time
from mlops_drift.learning.windows import WindowChoice, WindowScore
from mlops_drift.schema.columns import Column, Target

# More rows are predicted more surely, but they reach back further into the old world.
MOST_EVALUATED_ROWS = 400
# With fewer rows the choice would be a coin toss.
FEWEST_ROWS = 50
# A fit sees at most so many rows, so that a choice costs about a second.
MOST_FIT_ROWS = 2000
FOLDS = 4
Name = TypeVar("Name", bound=str)


def choose_window(
    labelled: pa.Table,
    candidates: Mapping[Name, date | None],
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
    key: str,
) -> WindowChoice:
    """The training window that predicts the most recent labelled rows best.

    All candidates predict the same rows: the latest 400, or all rows of the shortest candidate if
    these are fewer. Each row is predicted by a model that was fitted on the candidate's rows
    without the row's fold, one of four; of more than 2,000 such rows 2,000 are drawn at random. So
    the question is whether older rows help to predict what is true now; what more than 2,000 rows
    add by their number alone is not seen. The models are the defaults of each family with the
    first of the class weights, and a candidate's best family counts; a threshold that is searched
    is the best one for its predictions. Of equal candidates the longest wins.

    A candidate with fewer than 50 rows, without two classes to fit on, or without a class that
    the longest has, which its version could never predict, has the value nan and is chosen only if
    none has another: then the longest is. Candidates with the same rows have
    the same value; where all have the same rows, nothing is scored. The same arguments give the
    same choice.

    Labelled rows have `day`, `event_time`, the key, the features and the label. Candidates, at
    least one, are the first event day by name; None takes every row.
    """
    longest_first = sorted(candidates.items(), key=lambda candidate: candidate[1] or date.min)
    windows = {name: _since(labelled, since) for name, since in longest_first}
    scorable = {
        window.num_rows
        for window in windows.values()
        if window.num_rows >= FEWEST_ROWS and _classes(window, target) == _classes(labelled, target)
    }
    values: dict[int, float] = {}
    evaluated = 0
    if scorable and len({window.num_rows for window in windows.values()}) > 1:
        evaluated = min(MOST_EVALUATED_ROWS, *scorable)
        parts = split_by_time(labelled, key, training.test_share)
        ordered = pa.concat_tables([parts.train, parts.test]).to_pandas()
        with threadpool_limits(1):
            values = {
                count: _value(ordered.tail(count), evaluated, columns, target, training)
                for count in scorable
            }
    scores = tuple(
        WindowScore(name, since, windows[name].num_rows, values.get(windows[name].num_rows, nan))
        for name, since in longest_first
    )
    defined = [score for score in scores if not isnan(score.value)]
    pick = max if metric_named(training.metric).greater_is_better else min
    best = pick(defined, key=lambda score: score.value) if defined else scores[0]
    return WindowChoice(best.name, best.since, scores, evaluated)


def _since(labelled: pa.Table, since: date | None) -> pa.Table:
    return labelled if since is None else labelled.filter(pc.field("day") >= since)


def _classes(rows: pa.Table, target: Target) -> int:
    """How many classes there are; a regression has none."""
    return pc.count_distinct(rows[target.column]).as_py() if target.is_classification else 0


def _value(
    window: pd.DataFrame,
    evaluated: int,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
) -> float:
    """The metric over the last `evaluated` rows of a candidate, by its best family."""
    rng = np.random.default_rng(training.seed)
    truth = window[target.column].to_numpy()
    fold = np.full(len(window), -1)
    fold[-evaluated:] = _folds(truth[-evaluated:], rng)
    fits = [_drawn(np.flatnonzero(fold != number), rng) for number in range(FOLDS)]
    if target.is_classification and any(len(set(truth[rows])) < 2 for rows in fits):
        return nan
    values = []
    for name in training.families:
        chosen = family(name).searching(training.search_space.get(name))
        prediction, score = np.empty(len(window), dtype=object), np.empty(len(window))
        for number, rows in enumerate(fits):
            params = chosen.default(columns, len(rows))
            bare = chosen.build(params, columns, target, training.seed)
            weight = training.class_weights[0]
            pipeline = decided(bare, target, weight, training.fit_threshold)
            others = fold == number
            with chosen.errors_named():
                pipeline.fit(window.iloc[rows], truth[rows])
                found = predicted(pipeline, target, window.iloc[others])
            prediction[others], score[others], _ = found
        late = slice(-evaluated, None)
        value, _ = judged(training, target, truth[late], prediction[late], score[late])
        values.append(value)
    pick = np.nanmax if metric_named(training.metric).greater_is_better else np.nanmin
    return nan if np.isnan(values).all() else float(pick(values))


def _folds(truth: Array, rng: np.random.Generator) -> Array:
    """The fold of each row, with every class, or every range of numbers, dealt out evenly."""
    codes, _ = pd.factorize(truth, sort=True)
    fold = np.empty(len(truth), dtype=int)
    fold[np.lexsort((rng.random(len(truth)), codes))] = np.arange(len(truth)) % FOLDS
    return fold


def _drawn(rows: Array, rng: np.random.Generator) -> Array:
    if len(rows) <= MOST_FIT_ROWS:
        return rows
    return np.sort(rng.choice(rows, MOST_FIT_ROWS, replace=False))
