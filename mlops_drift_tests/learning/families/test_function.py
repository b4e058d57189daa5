"""Estimators that a function of the user's makes are searched, fitted and checked like others."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import predict
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.model import fit, train
from mlops_drift.learning.recipe import Recipe
from mlops_drift.learning.search.search import search
from mlops_drift.learning.threshold_classifier import decided
from mlops_drift.learning.window_choice import choose_window
from mlops_drift.own_code import OwnCodeError
from mlops_drift_tests.learning.families import own
from mlops_drift_tests.learning.samples import BINARY, MIXED, TARGETS, mixed

pytestmark = pytest.mark.filterwarnings("error")

HERE = own.__name__
SPACE = {
    "num_leaves": {"low": 4, "high": 31, "log": True},
    "learning_rate": {"low": 0.05, "high": 0.2},
    "boosting_type": ["gbdt", "goss"],
}


def training(*names, **further):
    return Training(
        metric=further.pop("metric", "log_loss"),
        families=[name if name == "linear" else f"{HERE}:{name}" for name in names],
        folds=2,
        **further,
    )


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("name", ["plain", "monotone"])
def test_a_pipeline_is_searched_trained_and_trained_again_to_the_last_bit(name, target):
    features, truth = mixed(target, n=200)
    metric, least = ("r2", 0.5) if not target.is_classification else ("accuracy", 0.6)
    chosen = training(name, metric=metric)
    model, found = train(features, truth, MIXED, target, chosen)
    predicted = model.predict(features)
    answers = predicted["prediction"].to_numpy(), predicted["score"].to_numpy()
    assert evaluate(metric, target, truth, *answers) > least
    again = fit(found.recipe, features, truth, MIXED, target, chosen.seed)
    pd.testing.assert_frame_equal(again.predict(features), predicted, check_exact=True)
    loaded = pickle.loads(pickle.dumps(model.pipeline))
    pd.testing.assert_frame_equal(predict(loaded, target, features), predicted, check_exact=True)


@pytest.mark.parametrize("target", TARGETS[:2], ids=lambda target: target.kind)
def test_an_estimator_that_takes_classes_as_numbers_gets_them(target):
    features, truth = mixed(target, n=200)
    chosen = training("numbered", metric="accuracy", class_weights=["none", "balanced"])
    model, _ = train(features, truth, MIXED, target, chosen)
    own_names = fit(Recipe(f"{HERE}:plain", {}), features, truth, MIXED, target, chosen.seed)
    numbered = fit(Recipe(f"{HERE}:numbered", {}), features, truth, MIXED, target, chosen.seed)
    pd.testing.assert_frame_equal(numbered.predict(features), own_names.predict(features))
    assert set(model.predict(features)["prediction"]) <= set(target.classes)


def test_constraints_of_the_function_hold():
    features, truth = mixed(BINARY, n=300)
    recipe = Recipe(f"{HERE}:monotone", {})
    model = fit(recipe, features, truth, MIXED, BINARY, 7)
    rising = features.head(1).loc[[features.index[0]] * 50].reset_index(drop=True)
    rising["x"] = np.linspace(features["x"].min(), features["x"].max(), 50)
    assert (np.diff(model.predict(rising)["score"]) >= 0).all()


def test_a_search_space_is_searched_beginning_with_its_middle_and_first_choices():
    features, truth = mixed(BINARY, n=200)
    name = f"{HERE}:monotone"
    chosen = training("monotone", trials=6, search_space={name: SPACE})
    trials = search(features, truth, MIXED, BINARY, chosen).trials
    assert trials[0].recipe.params == {
        "num_leaves": 11,
        "learning_rate": 0.125,
        "boosting_type": "gbdt",
    }
    assert len({str(trial.recipe.params) for trial in trials}) == 6
    assert all(4 <= trial.recipe.params["num_leaves"] <= 31 for trial in trials)
    assert all(isinstance(trial.recipe.params["num_leaves"], int) for trial in trials)
    again = search(features, truth, MIXED, BINARY, chosen).trials
    assert again == trials


def test_without_a_space_there_is_one_trial_of_each_way_to_weight_and_others_go_on():
    features, truth = mixed(BINARY, n=100)
    weights = ["none", "balanced"]
    chosen = training("plain", "linear", trials=6, class_weights=weights)
    trials = search(features, truth, MIXED, BINARY, chosen).trials
    names = [trial.recipe.family.rpartition(":")[2] for trial in trials]
    assert names == ["plain", "linear", "plain", "linear", "linear", "linear"]
    mine = [trial.recipe.class_weight for trial in trials if trial.recipe.family != "linear"]
    assert mine == weights


def test_weights_reach_the_last_step_and_probabilities_stay_those_of_the_rows():
    features, truth = mixed(BINARY, n=400)
    kept = (truth != BINARY.positive) | (np.arange(400) % 5 == 0)
    features, truth = features[kept], truth[kept]
    chosen = family(f"{HERE}:plain")
    pipeline = chosen.build({}, MIXED, BINARY, 7)
    balanced = decided(pipeline, BINARY, "balanced", 0.5).fit(features, truth)
    bare = pipeline.fit(features, truth)
    shares = [predict(one, BINARY, features)["score"].mean() for one in (balanced, bare)]
    assert shares[0] == pytest.approx(shares[1], abs=0.03)
    inner = balanced.pipeline_.predict_proba(features)[:, 1].mean()
    assert inner > 1.3 * shares[1]


def test_seeds_and_threads_are_set_in_nested_steps():
    made = family(f"{HERE}:forest").build({}, MIXED, BINARY, 11).get_params()
    last = "estimator__randomforestclassifier"
    assert made[f"{last}__random_state"] == 11
    assert made[f"{last}__n_jobs"] == 1


def test_the_window_of_a_training_is_chosen_by_the_function_too():
    features, truth = mixed(BINARY, n=200)
    days = pd.date_range("2024-01-01", periods=200, freq="h")
    rows = features.assign(id=range(200), day=days.date, event_time=days, **{BINARY.column: truth})
    candidates = {"all": None, "since": days[80].date()}
    table = pa.Table.from_pandas(rows, preserve_index=False)
    chosen = choose_window(table, candidates, MIXED, BINARY, training("plain"), "id")
    assert all(np.isfinite(score.value) for score in chosen.scores)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fails_when_asked", r":fails_when_asked failed: KeyError: 'kind' \(own.py, line \d+\)"),
        ("a_class", "returned the class LogisticRegression; return LogisticRegression(...)"),
        ("a_dictionary", "returned a dict without fit, get_params, predict_proba; a binary"),
        ("without_probabilities", "without predict_proba; .*CalibratedClassifierCV adds"),
        ("unpicklable", "cannot be pickled, and so not stored: TypeError: cannot pickle"),
        ("without_nulls", "made an estimator that failed: ValueError: Input X contains NaN"),
        ("backwards", "whose classes_ are .*; those of the rows in alphabetical order are"),
        ("not_finite", "whose predict_proba gives numbers that are not finite"),
    ],
)
def test_what_is_no_estimator_or_fails_is_one_sentence(name, message):
    features, truth = mixed(BINARY, n=60)
    features.loc[::7, "x"] = np.nan
    with pytest.raises(OwnCodeError, match=message) as raised:
        search(features, truth, MIXED, BINARY, training(name))
    assert str(raised.value).startswith(f"{HERE}:{name}")
    assert "\n" not in str(raised.value)


def test_an_estimator_that_takes_no_weights_says_so():
    features, truth = mixed(BINARY, n=60)
    with pytest.raises(OwnCodeError, match="KNeighborsClassifier takes no sample_weight"):
        search(features, truth, MIXED, BINARY, training("nearest", class_weights=["balanced"]))


def test_a_later_trial_that_fails_is_given_up_with_its_reason():
    features, truth = mixed(BINARY, n=60)
    space = {f"{HERE}:fails_when_asked": {"kind": ["good", "bad"]}}
    chosen = training("fails_when_asked", trials=6, search_space=space)
    found = search(features, truth, MIXED, BINARY, chosen)
    failed = [trial for trial in found.trials if trial.error]
    assert {trial.recipe.params["kind"] for trial in failed} == {"bad"}
    assert failed[0].outcome("log_loss").startswith(f"failed, {HERE}:fails_when_asked failed: Run")
    assert "no such kind (own.py, line" in failed[0].to_dict()["error"]
    assert found.recipe.params == {"kind": "good"}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"linear": {"C": [1.0]}}, "names linear; the families of your own are .*:plain"),
        ({f"{HERE}:forest": {}}, "names .*:forest; the families of your own are .*:plain"),
        ({f"{HERE}:plain": {"strength": []}}, "gives strength nothing to choose from"),
        ({f"{HERE}:plain": {"strength": {"low": 2, "high": 1}}}, "low 2 is above high 1"),
        ({f"{HERE}:plain": {"strength": {"low": 0, "high": 1, "log": True}}}, "a low above 0"),
    ],
)
def test_a_space_that_fits_nothing_is_an_error(space, message):
    with pytest.raises(ValueError, match=message):
        training("linear", "plain", search_space=space)


def test_a_class_has_no_space_in_yaml():
    name = "mlops_drift_tests.learning.test_third_party:Plain"
    with pytest.raises(ValueError, match="names plain, which is no function"):
        family(name).searching({"C": [1.0]})
