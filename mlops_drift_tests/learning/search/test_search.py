import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.lightgbm import TREES
from mlops_drift.learning.families.linear import Linear
from mlops_drift.learning.families.registry import SHIPPED, family
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.model import fit
from mlops_drift.learning.search.folds import folds_of
from mlops_drift.learning.search.search import SHARE, UnlearnableError, search
from mlops_drift.learning.search.trial_cache import TrialCache
from mlops_drift_tests.learning.samples import (
    BINARY,
    MIXED,
    NUMBER,
    SENSORS,
    TARGETS,
    THREE,
    boxed,
    mixed,
)

pytestmark = pytest.mark.filterwarnings("error")

QUICK = Training(metric="accuracy", families=["linear"], trials=2, folds=2)


def test_the_defaults_of_every_family_come_first():
    features, truth = boxed(150, seed=0)
    training = Training(metric="accuracy", trials=3, folds=3)
    found = search(features, truth, SENSORS, BINARY, training)
    assert [trial.number for trial in found.trials] == [0, 1, 2]
    for name, trial in zip(training.families, found.trials, strict=False):
        assert trial.recipe.family == name
        assert trial.recipe.params.items() >= family(name).default(SENSORS, 150).items()


def test_families_take_turns():
    training = Training(metric="accuracy", trials=7, folds=2, families=["linear", "lightgbm"])
    found = search(*boxed(60, seed=0), SENSORS, BINARY, training)
    assert [trial.recipe.family for trial in found.trials] == ["linear", "lightgbm"] * 3 + [
        "linear"
    ]


def test_a_trial_worse_than_most_of_its_family_is_given_up():
    features, truth = boxed(200, seed=0)
    training = Training(metric="log_loss", trials=12, folds=3, families=["lightgbm"])
    trials = search(features, truth, SENSORS, BINARY, training).trials
    assert all(len(trial.after_folds) == 3 for trial in trials[:2])
    for trial in trials[2:]:
        earlier = [other.after_folds[0] for other in trials[: trial.number]]
        assert (len(trial.after_folds) > 1) == (trial.after_folds[0] <= np.quantile(earlier, SHARE))
    assert {len(trial.after_folds) for trial in trials} >= {1, 3}
    pruned = {trial.number for trial in trials if trial.outcome("log_loss") == "pruned"}
    assert pruned == {trial.number for trial in trials if len(trial.after_folds) < 3}
    assert trials[0].outcome("log_loss") == f"log_loss {trials[0].value:.4f}"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("validation", ["stratified", "time_ordered"])
def test_the_value_is_that_of_the_recipes_own_models_fold_by_fold(target, validation):
    features, truth = mixed(target, n=160)
    rng = np.random.default_rng(2)
    truth = np.where(rng.random(160) < 0.3, rng.permutation(truth), truth)
    metric = "rmse" if target == NUMBER else "accuracy"
    weights = ["none"] if target == NUMBER else ["none", "balanced"]
    training = Training(
        metric=metric, trials=3, folds=2, families=["lightgbm"], class_weights=weights
    ).model_copy(update={"validation": validation})
    best = search(features, truth, MIXED, target, training)
    assert best.recipe.params["n_estimators"] in TREES
    values = {}
    # Where rows are not in the order of time, no other number of trees is asked for.
    asked = TREES if validation == "time_ordered" else [best.recipe.params["n_estimators"]]
    for count in asked:
        recipe = replace(best.recipe, params={**best.recipe.params, "n_estimators": count})
        told = []
        for fit_rows, others in folds_of(truth, target, training):
            model = fit(recipe, features.iloc[fit_rows], truth[fit_rows], MIXED, target, 7)
            told.append(model.predict(features.iloc[others]).assign(truth=truth[others]))
        told = pd.concat(told)
        values[count] = evaluate(
            metric, target, told["truth"].array, told["prediction"].array, told["score"].array
        )
    assert values[best.recipe.params["n_estimators"]] == pytest.approx(best.value, abs=1e-12)
    if validation == "time_ordered":
        assert best.value == pytest.approx(
            (min if metric == "rmse" else max)(values.values()), abs=1e-12
        )


def test_the_best_trial_is_the_largest_or_the_smallest_value():
    features, truth = boxed(150, seed=0)
    for metric, best in (("accuracy", max), ("log_loss", min)):
        training = Training(metric=metric, trials=4, folds=2)
        found = search(features, truth, SENSORS, BINARY, training)
        values = [trial.value for trial in found.trials]
        assert len(set(values)) > 1
        assert found.value == best(values)
        winner = found.trials[values.index(found.value)]
        assert found.recipe == winner.recipe


def test_trees_win_on_a_box_and_a_line_wins_on_a_line():
    training = Training(metric="accuracy", trials=4)
    assert search(*boxed(400, seed=1), SENSORS, BINARY, training).recipe.family == "lightgbm"
    training = Training(metric="rmse", trials=4)
    assert search(*mixed(NUMBER, n=200), MIXED, NUMBER, training).recipe.family == "linear"


def test_of_equal_trials_the_earlier_wins():
    features, _ = mixed(BINARY)
    truth = np.where(features["flag"], "good", "bad")
    training = Training(metric="accuracy", families=["lightgbm"], trials=4, folds=2)
    found = search(features, truth, MIXED, BINARY, training)
    assert [trial.value for trial in found.trials] == [1.0] * 4
    assert found.recipe == found.trials[0].recipe


def test_the_same_search_twice_is_the_same_and_another_seed_differs():
    features, truth = boxed(150, seed=0)
    training = Training(metric="accuracy", trials=4, folds=2)
    first, again = (search(features, truth, SENSORS, BINARY, training) for _ in range(2))
    other = training.model_copy(update={"seed": 8})
    assert first == again
    assert first.trials != search(features, truth, SENSORS, BINARY, other).trials


def test_progress_is_told_trial_by_trial():
    told = []
    found = search(
        *mixed(BINARY),
        MIXED,
        BINARY,
        QUICK,
        on_trial=lambda trial: told.append((trial.number, trial.value)),
    )
    assert told == [(trial.number, trial.value) for trial in found.trials]


def test_the_value_is_of_rows_that_the_model_did_not_see():
    rng = np.random.default_rng(0)
    features, _ = boxed(200, seed=0)
    truth = rng.choice(["good", "bad"], 200)
    training = Training(metric="accuracy", families=["lightgbm"], trials=1)
    assert search(features, truth, SENSORS, BINARY, training).value == pytest.approx(0.5, abs=0.12)


def test_a_failing_trial_is_not_swallowed(monkeypatch):
    def broken(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(Linear, "estimator", broken)
    with pytest.raises(RuntimeError, match="no memory"):
        search(*mixed(BINARY), MIXED, BINARY, QUICK)


def test_a_small_class_lowers_the_number_of_folds():
    features, truth = mixed(THREE)
    high = np.flatnonzero(truth == "high")
    kept = np.setdiff1d(np.arange(len(truth)), high[2:])
    training = QUICK.model_copy(update={"folds": 5})
    found = search(features.iloc[kept], truth[kept], MIXED, THREE, training)
    assert not math.isnan(found.value)


def test_an_undefined_trial_never_wins_and_only_undefined_trials_are_an_error():
    features, _ = boxed(60, seed=0)
    truth = np.array(["good"] * 2 + ["bad"] * 58)
    training = Training(metric="precision", families=["linear"], trials=2, folds=2)
    with pytest.raises(ValueError, match="precision is undefined in all 2 trials on 60 rows"):
        search(
            features.assign(temp=0.0, pressure=0.0, duration=0.0), truth, SENSORS, BINARY, training
        )


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (["good"] + ["bad"] * 9, "a single row of the class 'good'"),
        ([None] + ["bad"] * 9, "truth has None; the target's classes are"),
    ],
)
def test_a_truth_that_cannot_be_learned_says_why(truth, message):
    features, _ = mixed(BINARY, n=10)
    with pytest.raises(ValueError, match=message):
        search(features, np.array(truth, dtype=object), MIXED, BINARY, QUICK)


def test_other_wrong_inputs_say_why():
    features, truth = mixed(NUMBER, n=10)
    training = Training(metric="rmse", trials=1)
    with pytest.raises(ValueError, match="has 3 rows; at least 4 are needed"):
        search(features.head(3), truth[:3], MIXED, NUMBER, training)
    with pytest.raises(ValueError, match="'accuracy' is not defined for a regression target"):
        search(features, truth, MIXED, NUMBER, QUICK)


@pytest.mark.parametrize("n", [4, 5, 8])
def test_a_handful_of_rows_is_enough_for_both_families(n):
    training = Training(metric="rmse", trials=4)
    assert len(search(*mixed(NUMBER, n=n), MIXED, NUMBER, training).trials) == 4


ALL = Training(
    metric="f1",
    families=list(SHIPPED),
    trials=8,
    folds=2,
    class_weights=["none", "balanced"],
    decision_threshold="search",
)


def test_families_weights_and_thresholds_are_searched_together():
    features, truth = mixed(BINARY)
    found = search(features, truth, MIXED, BINARY, ALL)
    assert [trial.recipe.family for trial in found.trials[:4]] == ALL.families
    assert {trial.recipe.class_weight for trial in found.trials} == {"none", "balanced"}
    assert {trial.recipe.class_weight for trial in found.trials[:4]} == {"none"}
    assert len({trial.recipe.threshold for trial in found.trials}) > 4
    assert json.loads(json.dumps([trial.to_dict() for trial in found.trials]))


def test_a_searched_threshold_is_the_best_for_the_out_of_fold_scores():
    features, truth = mixed(BINARY, n=300)
    truth = np.where(np.random.default_rng(1).random(300) < 0.3, "bad", truth)
    by_half = QUICK.model_copy(update={"metric": "f1"})
    searched = by_half.model_copy(update={"decision_threshold": "search"})
    half, best = (search(features, truth, MIXED, BINARY, each) for each in (by_half, searched))
    assert best.value > half.value
    first = best.trials[0]
    fixed = by_half.model_copy(update={"decision_threshold": first.recipe.threshold, "trials": 1})
    assert search(features, truth, MIXED, BINARY, fixed).trials == [first]


def test_a_fixed_threshold_is_used_in_every_trial():
    training = QUICK.model_copy(update={"decision_threshold": 0.3})
    found = search(*mixed(BINARY), MIXED, BINARY, training)
    assert [trial.recipe.threshold for trial in found.trials] == [0.3, 0.3]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_in_the_order_of_time_a_row_is_predicted_from_earlier_rows(target):
    features, truth = mixed(target, n=200)
    metric = "rmse" if target == NUMBER else "accuracy"
    training = Training(metric=metric, trials=1, folds=3, validation="time_ordered")
    found = search(features, truth, MIXED, target, training)
    later = truth.copy()
    # What comes after all that models are fitted on decides the value, but not the models.
    later[150:] = truth[150:][::-1]
    other = search(features, later, MIXED, target, training)
    assert other.value != found.value
    assert other.trials[0].after_folds[:2] == found.trials[0].after_folds[:2]


def test_one_class_until_late_cannot_be_validated_in_the_order_of_time():
    features, _ = mixed(BINARY)
    truth = np.array(["good"] * 158 + ["bad"] * 2)
    training = QUICK.model_copy(update={"validation": "time_ordered"})
    with pytest.raises(UnlearnableError, match="none of the 2 folds in the order of time has two"):
        search(features, truth, MIXED, BINARY, training)


def test_a_spent_time_budget_leaves_the_defaults_of_each_family():
    training = Training(metric="accuracy", trials=50, folds=2, time_budget_seconds=1e-9)
    found = search(*mixed(BINARY), MIXED, BINARY, training)
    assert [trial.recipe.family for trial in found.trials] == training.families


class Remembered(TrialCache):
    def __init__(self):
        self.trials = {}
        self.computed = []

    def recall(self, number, params):
        known = self.trials.get(number)
        return known if known and known.params == params else None

    def keep(self, trial):
        self.computed.append(trial.number)
        self.trials[trial.number] = trial


SOME = ALL.model_copy(update={"families": ["linear", "lightgbm"]})


@pytest.mark.parametrize("training", [SOME, Training(metric="precision", trials=8, folds=3)])
def test_a_search_that_was_cut_short_ends_as_if_it_had_not_been(training):
    features, truth = boxed(60, seed=0)
    arguments = features, truth, SENSORS, BINARY, training
    alone = search(*arguments)
    memory = Remembered()
    assert repr(search(*arguments, memory=memory)) == repr(alone)
    for number in (2, 5, 6, 7):
        del memory.trials[number]
    memory.computed.clear()
    told = []
    again = search(*arguments, memory=memory, on_trial=lambda trial: told.append(trial.number))
    assert repr(again) == repr(alone)
    assert memory.computed == [2, 5, 6, 7]
    assert told == list(range(8))


def test_a_trial_of_another_search_is_not_taken_for_its_own():
    arguments = *mixed(BINARY), MIXED, BINARY
    memory = Remembered()
    search(*arguments, QUICK.model_copy(update={"families": ["lightgbm"]}), memory=memory)
    memory.computed.clear()
    assert repr(search(*arguments, QUICK, memory=memory)) == repr(search(*arguments, QUICK))
    assert memory.computed == [0, 1]
