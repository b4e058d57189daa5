"""The search for a family and its hyperparameters, by cross-validation in the train part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, cast

import numpy as np
import optuna
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from mlops_drift.learning.config import FamilyName, Training
from mlops_drift.learning.families.base import Params, predict
from mlops_drift.learning.families.lookup import family
from mlops_drift.learning.metrics import Array, evaluate, metric_for
from mlops_drift.schema import Column, Target

FEWEST_ROWS = 4

OnTrial = Callable[[int, float], None]


class UnlearnableError(ValueError):
    """Nothing can be learned from these rows; more or other rows could change that."""


Folds = list[tuple[Array, Array]]


@dataclass(frozen=True)
class SearchResult:
    """The best trial of a search, and all trials in order.

    ``value`` is the metric over the out-of-fold predictions of all rows. A trial is a dict with
    ``number`` (from 0), ``family``, ``params`` and ``value``, which is nan if undefined or if the
    trial was given up as worse than most before it.
    """

    family: FamilyName
    params: Params
    value: float
    trials: list[dict[str, Any]]


def search(
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
    on_trial: OnTrial | None = None,
) -> SearchResult:
    """The best family and hyperparameters by cross-validation.

    Each family's defaults are tried first, then Optuna's TPE sampler proposes. A trial predicts
    every row by a model that was fitted without the row's fold; its value is ``training.metric``
    over all these predictions together. One that is worse after a fold than the median of the
    earlier trials was is given up. Folds are shuffled, and stratified by class. Of equal
    trials the earlier wins. The same arguments give the same result.

    Args:
        features: One row per event with at least the declared columns.
        truth: Class names, or numbers for regression; shape (n,).
        columns: The feature columns.
        target: What is predicted.
        training: Families, metric, trials, folds and seed. A class with fewer rows than folds
            lowers the number of folds.
        on_trial: Called after each trial with its number, from 0, and its value.

    Raises:
        ValueError: If the train part cannot be learned from, or the metric is undefined in every
            trial.
    """
    metric = metric_for(training.metric, target.kind)
    _check_train_part(features, truth, columns, target)
    folds = _folds(truth, target, training)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if metric.greater_is_better else "minimize",
        sampler=optuna.samplers.TPESampler(seed=training.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=len(training.families)),
    )
    for candidate in map(family, training.families):
        defaults = candidate.default(columns, len(features))
        named = {candidate.parameter(key): value for key, value in defaults.items()}
        study.enqueue_trial({"family": candidate.name, **named})

    trials: list[dict[str, Any]] = []
    for number in range(training.trials):
        trial = study.ask()
        name = cast(FamilyName, trial.suggest_categorical("family", training.families))
        params = family(name).suggest(trial, columns, len(features))
        value = _cross_validated(
            trial, name, params, features, truth, columns, target, training, folds
        )
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            value = nan
        elif isnan(value):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, value)
        trials.append({"number": number, "family": name, "params": params, "value": value})
        if on_trial is not None:
            on_trial(number, value)

    defined = [trial for trial in trials if not isnan(trial["value"])]
    if not defined:
        raise UnlearnableError(
            f"{training.metric} is undefined in all {training.trials} trials on "
            f"{len(features)} rows; choose another metric or train on more rows"
        )
    best = (max if metric.greater_is_better else min)(defined, key=lambda trial: trial["value"])
    return SearchResult(best["family"], best["params"], best["value"], trials)


def check_columns(features: pd.DataFrame, columns: Mapping[str, Column]) -> None:
    """Raises a ValueError that names the declared columns missing from the features."""
    missing = [name for name in columns if name not in features.columns]
    if missing:
        raise ValueError(
            f"features lack the columns {missing}; found {list(features.columns)}, needed are "
            f"{list(columns)}"
        )


def _check_train_part(
    features: pd.DataFrame, truth: Array, columns: Mapping[str, Column], target: Target
) -> None:
    """Raises a ValueError, in plain words, for a train part that cannot be learned from."""
    check_columns(features, columns)
    if len(features) != len(truth):
        raise ValueError(
            f"truth must have one value per row of features, found {len(truth)} values for "
            f"{len(features)} rows"
        )
    if len(truth) < FEWEST_ROWS:
        raise UnlearnableError(
            f"the training part has {len(truth)} rows; at least {FEWEST_ROWS} are needed"
        )
    if not target.is_classification:
        bad = int(np.sum(~np.isfinite(np.asarray(truth, dtype=float))))
        if bad:
            raise ValueError(
                f"truth has {bad} missing or infinite values in {len(truth)} rows; "
                "drop these rows first"
            )
        return
    counts = pd.Series(truth, dtype=object).value_counts(dropna=False)
    unknown = [name for name in counts.index if name not in (target.classes or [])]
    if unknown:
        raise ValueError(f"truth has {unknown[0]!r}; the target's classes are {target.classes}")
    if len(counts) == 1:
        raise UnlearnableError(
            f"the training part has only the class {counts.index[0]!r} in its {len(truth)} rows; "
            "at least two are needed: train on a longer window or wait for more labels"
        )
    if counts.min() < 2:
        raise UnlearnableError(
            f"the training part has a single row of the class {counts.idxmin()!r}; at least two "
            "are needed to cross-validate: train on a longer window or wait for more labels"
        )


def _folds(truth: Array, target: Target, training: Training) -> Folds:
    """Row numbers to fit on and to predict, per fold."""
    if target.is_classification:
        _, counts = np.unique(truth.astype(str), return_counts=True)
        most, splitter = int(counts.min()), StratifiedKFold
    else:
        most, splitter = len(truth), KFold
    folds = splitter(min(training.folds, most), shuffle=True, random_state=training.seed)
    return list(folds.split(np.zeros(len(truth)), truth))


def _cross_validated(
    trial: optuna.Trial,
    name: FamilyName,
    params: Params,
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
    folds: Folds,
) -> float | None:
    """The metric over the out-of-fold predictions; None if the trial was not worth its last folds.

    After each fold the metric over the rows predicted so far is held against the median of the
    earlier trials on the same rows.
    """
    out_of_fold: list[pd.DataFrame] = []
    value = nan
    for number, (fit_rows, other_rows) in enumerate(folds):
        pipeline = family(name).build(params, columns, target, training.seed)
        pipeline.fit(features.iloc[fit_rows], truth[fit_rows])
        out_of_fold.append(predict(pipeline, target, features.iloc[other_rows]))
        predicted = pd.concat(out_of_fold)
        rows = np.concatenate([part for _, part in folds[: number + 1]])
        value = evaluate(
            training.metric,
            target,
            truth[rows],
            predicted["prediction"].to_numpy(),
            predicted["score"].to_numpy(),
        )
        if not isnan(value):
            trial.report(value, number)
            if number + 1 < len(folds) and trial.should_prune():
                return None
    return value
