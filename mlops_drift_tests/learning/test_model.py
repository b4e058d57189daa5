import pickle
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.registry import SHIPPED, family
from mlops_drift.learning.model import fit, train
from mlops_drift.learning.recipe import Recipe
from mlops_drift_tests.learning.samples import BINARY, MIXED, SENSORS, TARGETS, boxed, mixed

pytestmark = pytest.mark.filterwarnings("error")

RANDOM_FOREST = family("random_forest").default(MIXED, 200)
METRIC = {"binary": "accuracy", "multiclass": "accuracy", "regression": "rmse"}


def trained(target, family="lightgbm", seed=7, trials=2):
    training = Training(
        metric=METRIC[target.kind], families=[family], trials=trials, folds=2, seed=seed
    )
    return train(*mixed(target), MIXED, target, training)[0]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("family", SHIPPED)
class TestEveryModel:
    def test_predictions_keep_order_and_index_and_do_not_depend_on_company(self, target, family):
        model = trained(target, family)
        features, _ = mixed(target, n=30, seed=5)
        features.index = pd.Index([f"key {i}" for i in range(30)])
        predicted = model.predict(features)
        assert list(predicted.columns) == ["prediction", "score"]
        assert predicted.index.equals(features.index)
        shuffled = features.sample(frac=1, random_state=1)[reversed(features.columns)]
        alone = model.predict(features.iloc[[3]])
        pd.testing.assert_frame_equal(model.predict(shuffled).loc[features.index], predicted)
        pd.testing.assert_frame_equal(alone, predicted.iloc[[3]])

    def test_the_same_training_gives_identical_predictions(self, target, family):
        features, _ = mixed(target, seed=5)
        first, again = (trained(target, family).predict(features) for _ in range(2))
        pd.testing.assert_frame_equal(first, again, check_exact=True)

    def test_a_model_survives_being_stored(self, target, family):
        model = trained(target, family)
        features, _ = mixed(target, seed=5)
        restored = pickle.loads(pickle.dumps(model))
        pd.testing.assert_frame_equal(restored.predict(features), model.predict(features))


def test_a_class_name_is_plain_text():
    predicted = trained(BINARY).predict(mixed(BINARY)[0])
    assert {type(name) for name in predicted["prediction"]} == {str}


def test_the_truth_may_come_as_an_object_array():
    features, truth = mixed(BINARY)
    training = Training(metric="accuracy", trials=2, folds=2)
    _, found = train(features, truth, MIXED, BINARY, training)
    _, from_objects = train(features, truth.astype(object), MIXED, BINARY, training)
    assert found == from_objects


def test_training_on_a_box_with_the_usual_budget_predicts_new_products():
    model, _ = train(*boxed(150, seed=0), SENSORS, BINARY, Training(metric="accuracy"))
    features, truth = boxed(1000, seed=100)
    assert np.mean(model.predict(features)["prediction"] == truth) >= 0.87


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_a_recipe_makes_the_same_model_at_every_call(class_weight):
    features, truth = mixed(BINARY)
    training = Training(
        metric="f1", trials=2, folds=2, class_weights=[class_weight], decision_threshold="search"
    )
    model, found = train(features, truth, MIXED, BINARY, training)
    recipe = Recipe(**asdict(found.recipe))
    again = fit(recipe, features, truth, MIXED, BINARY, training.seed)
    new, _ = mixed(BINARY, seed=5)
    predicted = model.predict(new)
    pd.testing.assert_frame_equal(again.predict(new), predicted, check_exact=True)
    decided = np.where(predicted["score"] >= found.recipe.threshold, "good", "bad")
    assert list(decided) == list(predicted["prediction"])


def test_two_seeds_are_two_models_and_one_seed_is_one():
    features, truth = mixed(BINARY)
    recipe = Recipe("random_forest", RANDOM_FOREST)
    first, again, other = (fit(recipe, features, truth, MIXED, BINARY, seed) for seed in (1, 1, 2))
    scores = [model.predict(features)["score"].to_numpy() for model in (first, again, other)]
    assert (scores[0] == scores[1]).all()
    assert (scores[0] != scores[2]).any()
