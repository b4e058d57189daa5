import math

import numpy as np
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.linear import Linear
from mlops_drift.learning.families.lookup import family
from mlops_drift.learning.search import search
from mlops_drift_tests.learning.samples import BINARY, MIXED, NUMBER, SENSORS, THREE, boxed, mixed

pytestmark = pytest.mark.filterwarnings("error")

QUICK = Training(metric="accuracy", families=["linear"], trials=2, folds=2)


def test_the_defaults_of_every_family_come_first():
    features, truth = boxed(150, seed=0)
    training = Training(metric="accuracy", trials=3, folds=3)
    found = search(features, truth, SENSORS, BINARY, training)
    assert [trial["number"] for trial in found.trials] == [0, 1, 2]
    for name, trial in zip(training.families, found.trials, strict=False):
        assert trial["family"] == name
        assert trial["params"] == family(name).default(SENSORS, 150)


def test_the_best_trial_is_the_largest_or_the_smallest_value():
    features, truth = boxed(150, seed=0)
    for metric, best in (("accuracy", max), ("log_loss", min)):
        training = Training(metric=metric, trials=6, folds=2)
        found = search(features, truth, SENSORS, BINARY, training)
        values = [trial["value"] for trial in found.trials]
        assert len(set(values)) > 1
        assert found.value == best(values)
        winner = found.trials[values.index(found.value)]
        assert (found.family, found.params) == (winner["family"], winner["params"])


def test_trees_win_on_a_box_and_a_line_wins_on_a_line():
    training = Training(metric="accuracy", trials=4)
    assert search(*boxed(400, seed=1), SENSORS, BINARY, training).family == "lightgbm"
    training = Training(metric="rmse", trials=4)
    assert search(*mixed(NUMBER, n=200), MIXED, NUMBER, training).family == "linear"


def test_of_equal_trials_the_earlier_wins():
    features, _ = mixed(BINARY)
    truth = np.where(features["flag"], "good", "bad")
    training = Training(metric="accuracy", families=["lightgbm"], trials=4, folds=2)
    found = search(features, truth, MIXED, BINARY, training)
    assert [trial["value"] for trial in found.trials] == [1.0] * 4
    assert found.params == found.trials[0]["params"]


def test_the_same_search_twice_is_the_same_and_another_seed_differs():
    features, truth = boxed(150, seed=0)
    training = Training(metric="accuracy", trials=5, folds=2)
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
        on_trial=lambda number, value: told.append((number, value)),
    )
    assert told == [(trial["number"], trial["value"]) for trial in found.trials]


def test_the_value_is_of_rows_that_the_model_did_not_see():
    rng = np.random.default_rng(0)
    features, _ = boxed(200, seed=0)
    truth = rng.choice(["good", "bad"], 200)
    training = Training(metric="accuracy", families=["lightgbm"], trials=1)
    assert search(features, truth, SENSORS, BINARY, training).value == pytest.approx(0.5, abs=0.12)


def test_a_failing_trial_is_not_swallowed(monkeypatch):
    def broken(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(Linear, "build", broken)
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
        (["good"] * 10, "only the class 'good' in its 10 rows; at least two are needed"),
        (["good"] + ["bad"] * 9, "a single row of the class 'good'"),
        (["odd"] + ["bad"] * 9, "truth has 'odd'; the target's classes are"),
        ([None] + ["bad"] * 9, "truth has None"),
        (["good", "bad"] * 4, "found 8 values for 10 rows"),
    ],
)
def test_a_truth_that_cannot_be_learned_says_why(truth, message):
    features, _ = mixed(BINARY, n=10)
    with pytest.raises(ValueError, match=message):
        search(features, np.array(truth, dtype=object), MIXED, BINARY, QUICK)


def test_other_wrong_inputs_say_why():
    features, truth = mixed(NUMBER, n=10)
    training = Training(metric="rmse", trials=1)
    with pytest.raises(ValueError, match=r"lack the columns \['flag', 'city'\]"):
        search(features[["x", "count"]], truth, MIXED, NUMBER, training)
    with pytest.raises(ValueError, match="has 3 rows; at least 4 are needed"):
        search(features.head(3), truth[:3], MIXED, NUMBER, training)
    truth[0] = np.nan
    with pytest.raises(ValueError, match="1 missing or infinite values in 10 rows"):
        search(features, truth, MIXED, NUMBER, training)
    with pytest.raises(ValueError, match="'accuracy' is not defined for a regression target"):
        search(features, truth, MIXED, NUMBER, QUICK)


@pytest.mark.parametrize("n", [4, 5, 8])
def test_a_handful_of_rows_is_enough_for_both_families(n):
    training = Training(metric="rmse", trials=4)
    assert len(search(*mixed(NUMBER, n=n), MIXED, NUMBER, training).trials) == 4
