import json
from dataclasses import asdict

import pytest

from mlops_drift.learning.recipe import Recipe

RECIPE = Recipe("lightgbm", {"n_estimators": 70, "learning_rate": 0.1 + 0.2}, "balanced", 1 / 3)


def test_a_recipe_goes_through_json_and_back_to_the_last_bit():
    assert Recipe(**json.loads(json.dumps(asdict(RECIPE)))) == RECIPE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "forest"}, "'forest' is not one of mlops_drift.families: lightgbm, linear"),
        ({"class_weight": "heavy"}, "class_weight\n.*'none' or 'balanced'"),
        ({"threshold": 1.0}, "threshold\n.*less than 1"),
        ({"threshold": "search"}, "threshold\n.*valid number"),
        ({"params": [1]}, "params\n.*valid dictionary"),
        ({"metric": "f1"}, "metric\n.*Unexpected keyword"),
    ],
)
def test_what_is_no_recipe_says_why(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**asdict(RECIPE) | change)


def test_a_recipe_has_parameters():
    with pytest.raises(ValueError, match="params"):
        Recipe("linear")
