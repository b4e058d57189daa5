import pickle
from dataclasses import asdict
from functools import cache

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.registry import SHIPPED, family
from mlops_drift.learning.model import fit, train
from mlops_drift.learning.recipe import Recipe
from mlops_drift_tests.learning.samples import BINARY, FEW, MIXED, SENSORS, TARGETS, boxed, mixed

pytestmark = pytest.mark.filterwarnings("error")

RANDOM_FOREST = {**family("random_forest").default(MIXED, 200), **FEW["random_forest"]}


@cache
def fitted(name, kind):
    """A small model of a family; shared."""
    (target,) = [target for target in TARGETS if target.kind == kind]
    params = {**family(name).default(MIXED, 160), **FEW[name]}
    return fit(Recipe(name, params), *mixed(target), MIXED, target, 7)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("name", SHIPPED)
class TestEveryModel:
    def test_predictions_keep_order_and_index_and_do_not_depend_on_company(self, target, name):
        model = fitted(name, target.kind)
        features, _ = mixed(target, n=30, seed=5)
        features.index = pd.Index([f"key {i}" for i in range(30)])
        predicted = model.predict(features)
        assert list(predicted.columns) == ["prediction", "score"]
        assert predicted.index.equals(features.index)
        shuffled = features.sample(frac=1, random_state=1)[reversed(features.columns)]
        alone = model.predict(features.iloc[[3]])
        pd.testing.assert_frame_equal(model.predict(shuffled).loc[features.index], predicted)
        pd.testing.assert_frame_equal(alone, predicted.iloc[[3]])

    def test_a_model_survives_being_stored(self, target, name):
        model = fitted(name, target.kind)
        features, _ = mixed(target, seed=5)
        restored = pickle.loads(pickle.dumps(model))
        pd.testing.assert_frame_equal(restored.predict(features), model.predict(features))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_training_gives_identical_predictions(name):
    training = Training(metric="accuracy", families=[name], trials=2, folds=2)
    features, _ = mixed(BINARY, seed=5)
    first, again = (
        train(*mixed(BINARY), MIXED, BINARY, training)[0].predict(features) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_a_class_name_is_plain_text():
    predicted = fitted("lightgbm", "binary").predict(mixed(BINARY)[0])
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
