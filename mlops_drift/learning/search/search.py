"""The search for a family and its hyperparameters, by cross-validation in the train split."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf, isnan, nan
from typing import NamedTuple, cast

import numpy as np
import optuna
import pandas as pd
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from mlops_drift.learning.config import ClassWeight, Training
from mlops_drift.learning.families.base import Learner
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import metric_for
from mlops_drift.learning.recipe import Recipe
from mlops_drift.learning.search.folds import folds_of
from mlops_drift.learning.search.trial_cache import TrialCache
from mlops_drift.learning.search.validation import STAGE, THRESHOLD, CrossValidation
from mlops_drift.own_code import OwnCodeError
from mlops_drift.schema.columns import Column, Target

FEWEST_ROWS = 4
# Names of what a trial is asked beside the parameters of its family.
FAMILY = "family"
CLASS_WEIGHT = "class_weight"
# Name of what a trial notes of own code that failed.
ERROR = "error"
# A trial must be among this share of its family's, after each fold but the last.
SHARE = 0.2
# Earlier trials that are needed to tell.
FEWEST_PEERS = 2


class UnlearnableError(ValueError):
    """Nothing can be learned from these rows; more or other rows could change that."""


@dataclass(frozen=True)
class Trial:
    """One recipe and its outcome.

    Attributes:
        number: place in the search, from 0.
        value: the metric over its out-of-fold predictions; nan if that is undefined, or if the
            trial was given up as worse than most before it.
        pruned: whether it was given up.
        after_folds: the metric over the rows predicted so far, after each fold where it is defined.
        error: why a user's own estimator failed with these hyperparameters; empty if it did not.
    """

    number: int
    recipe: Recipe
    value: float
    after_folds: tuple[float, ...]
    pruned: bool = False
    error: str = ""

    def outcome(self, metric: str) -> str:
        """Its value in words.

        >>> Trial(6, Recipe("linear", {}), nan, (0.5,), pruned=True).outcome("f1")
        'pruned'
        """
        if self.error:
            return f"failed, {self.error}"
        if self.pruned:
            return "pruned"
        return f"{metric} undefined" if isnan(self.value) else f"{metric} {self.value:.4f}"

    def to_dict(self) -> dict[str, object]:
        """As plain data, ready for JSON; an undefined value is None."""
        value = None if isnan(self.value) else self.value
        found = {"value": value, "after_folds": list(self.after_folds)}
        error = {"error": self.error} if self.error else {}
        return {"number": self.number, **asdict(self.recipe), **found, **error}


class _FamilySearch(NamedTuple):
    """The search of one family, by its name in the description."""

    name: str
    family: Learner
    study: optuna.Study


# Called after each trial of a search.
OnTrial = Callable[[Trial], None]


class SearchResult(NamedTuple):
    """The recipe of the best trial, its metric over the out-of-fold predictions, and all trials."""

    recipe: Recipe
    value: float
    trials: list[Trial]


def search(
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
    on_trial: OnTrial | None = None,
    memory: TrialCache | None = None,
) -> SearchResult:
    """The best recipe by cross-validation.

    The families take turns, since which is best shows only after many trials of each; one that has
    nothing to choose has one trial. A family's
    defaults are tried first, then Optuna's TPE sampler proposes. A trial predicts every row by a
    model that was fitted without the row's fold; its value is ``training.metric`` over all these
    predictions together. One that is worse after a fold than most earlier trials of its family were
    is given up. A family that adds round after round is asked after each few of them, and the best
    number is taken. Folds are shuffled, and stratified by class; or in the order of time, where the
    rows of the first block are not predicted. Of equal trials the earlier wins.

    The same arguments give the same result, unless a time budget ends the search. A trial that
    memory holds is not computed again, and nothing else follows from there being a memory: a search
    that was cut short ends, begun again, as it would have ended.

    Features are one row per event with at least the declared columns, in the order of time; the
    truth, shape (n,), is class names or finite numbers. After each trial ``on_trial`` is called
    with it.

    Raises:
        UnlearnableError: If the train split cannot be learned from, or the metric is undefined in
            every trial.
        OwnCodeError: If a function of the user's own fails in its first trial; later ones are
            given up.
    """
    started = time.monotonic()
    metric = metric_for(training.metric, target.kind)
    training.require_fit(target)
    _require_learnable(truth, target, training)
    folds = folds_of(truth, target, training)
    if not folds:
        raise UnlearnableError(
            f"none of the {training.folds} folds in the order of time has two classes in its "
            "earlier rows: train on a longer window, or validate stratified"
        )
    validation = CrossValidation(features, truth, columns, target, training, folds)
    searches = [
        _search(name, columns, len(truth), training, metric.greater_is_better)
        for name in training.families
    ]

    trials: list[Trial] = []
    for number, turn in enumerate(_turns(searches, training)):
        late = time.monotonic() - started > (training.time_budget_seconds or inf)
        if late and number >= len(searches):
            break
        name, _, study = searches[turn]
        if number >= len(searches):
            study.enqueue_trial({FAMILY: name})
        asked = study.ask()
        recipe = _suggested(asked, searches[turn], columns, len(truth), training)
        known = memory.recall(number, asked.params) if memory else None
        value = _run(validation, asked, recipe) if known is None else _repeat(asked, known)
        finished = _tell(study, asked, value)
        # As a trial of the search, not of its family's study, which adds notes of its own.
        finished.number, finished.system_attrs = number, {}
        if memory and known is None:
            memory.keep(finished)
        trials.append(_trial(recipe, finished))
        if on_trial is not None:
            on_trial(trials[-1])

    defined = [trial for trial in trials if not isnan(trial.value)]
    if not defined:
        raise UnlearnableError(
            f"{training.metric} is undefined in all {len(trials)} trials on "
            f"{len(features)} rows; choose another metric or train on more rows"
        )
    best = (max if metric.greater_is_better else min)(defined, key=lambda trial: trial.value)
    return SearchResult(best.recipe, best.value, trials)


def _require_learnable(truth: Array, target: Target, training: Training) -> None:
    if len(truth) < FEWEST_ROWS:
        raise UnlearnableError(
            f"the train split has {len(truth)} rows; at least {FEWEST_ROWS} are needed"
        )
    if not target.is_classification:
        return
    counts = pd.Series(truth, dtype=object).value_counts(dropna=False)
    unknown = [name for name in counts.index if name not in (target.classes or [])]
    if unknown:
        raise ValueError(f"truth has {unknown[0]!r}; the target's classes are {target.classes}")
    if counts.min() < 2 and training.validation == "stratified":
        raise UnlearnableError(
            f"the train split has a single row of the class {counts.idxmin()!r}; at least two are "
            "needed to cross-validate: train on a longer window or wait for more labels"
        )


def _search(
    name: str, columns: Mapping[str, Column], n_rows: int, training: Training, maximize: bool
) -> _FamilySearch:
    """The study of one family, in memory, that begins with its defaults."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if maximize else "minimize",
        sampler=optuna.samplers.TPESampler(seed=training.seed),
        pruner=PeerPruner(SHARE),
    )
    chosen = family(name).searching(training.search_space.get(name))
    defaults = chosen.default(columns, n_rows).items()
    named = {chosen.parameter(key): value for key, value in defaults}
    # Without anything to choose, the other ways of weighting are all that is left to try.
    ways = training.class_weights[: 1 if chosen.has_choices else None]
    for weight in ways:
        study.enqueue_trial({FAMILY: name, CLASS_WEIGHT: weight, **named})
    return _FamilySearch(name, chosen, study)


def _turns(searches: Sequence[_FamilySearch], training: Training) -> list[int]:
    """Which family each trial is of: they take turns, while there is anything left to try."""
    most = [inf if one.family.has_choices else len(training.class_weights) for one in searches]
    turns: list[int] = []
    for turn in range(training.trials):
        able = [number for number, limit in enumerate(most) if turn < limit]
        turns += able
    return turns[: training.trials]


def _suggested(
    asked: optuna.Trial,
    search: _FamilySearch,
    columns: Mapping[str, Column],
    n_rows: int,
    training: Training,
) -> Recipe:
    """What the sampler proposes to a trial."""
    asked.suggest_categorical(FAMILY, training.families)
    params = search.family.suggest(asked, columns, n_rows)
    weights = training.class_weights
    # A choice of one would cost the sampler a random number.
    weight = weights[0] if len(weights) == 1 else asked.suggest_categorical(CLASS_WEIGHT, weights)
    return Recipe(search.name, params, cast(ClassWeight, weight))


def _run(validation: CrossValidation, asked: optuna.Trial, recipe: Recipe) -> float | None:
    """Cross-validates a trial; one whose own code fails is undefined, but the first must work."""
    try:
        return validation.run(asked, recipe)
    except OwnCodeError as error:
        if asked.number == 0:
            raise
        asked.set_user_attr(ERROR, str(error))
        return nan


def _repeat(asked: optuna.Trial, known: FrozenTrial) -> float | None:
    """Says of a trial what was found when it was computed."""
    for name, content in known.user_attrs.items():
        asked.set_user_attr(name, content)
    for step, value in sorted(known.intermediate_values.items()):
        asked.report(value, step)
    if known.state == TrialState.PRUNED:
        return None
    return nan if known.state == TrialState.FAIL else cast(float, known.value)


def _tell(study: optuna.Study, asked: optuna.Trial, value: float | None) -> FrozenTrial:
    """Ends a trial: None gave it up, nan is undefined."""
    if value is None:
        return study.tell(asked, state=TrialState.PRUNED)
    if isnan(value):
        return study.tell(asked, state=TrialState.FAIL)
    return study.tell(asked, value)


def _trial(recipe: Recipe, finished: FrozenTrial) -> Trial:
    value = cast(float, finished.value) if finished.state == TrialState.COMPLETE else nan
    params = {**recipe.params, **finished.user_attrs.get(STAGE, {})}
    whole = replace(recipe, params=params, threshold=finished.user_attrs.get(THRESHOLD, 0.5))
    steps = sorted(finished.intermediate_values.items())
    after_folds = tuple(value for _, value in steps)
    pruned, error = finished.state == TrialState.PRUNED, finished.user_attrs.get(ERROR, "")
    return Trial(finished.number, whole, value, after_folds, pruned, error)


class PeerPruner(BasePruner):
    """Gives up a trial that is worse than most earlier ones of its study were on the same rows.

    Earlier trials count whether they were given up or not. The share, above 0 and at most 1, is
    that of the trials among whose best one must be.
    """

    def __init__(self, share: float) -> None:
        self._share = share

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None:
            return False
        reached = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False)
            if other.number < trial.number and step in other.intermediate_values
        ]
        if len(reached) < FEWEST_PEERS:
            return False
        value = trial.intermediate_values[step]
        if study.direction == StudyDirection.MAXIMIZE:
            return bool(value < np.quantile(reached, 1 - self._share))
        return bool(value > np.quantile(reached, self._share))
