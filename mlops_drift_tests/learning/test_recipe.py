import json

import pytest

from mlops_drift.learning.recipe import Recipe

RECIPE = Recipe("lightgbm", {"n_estimators": 70, "learning_rate": 0.1 + 0.2}, "balanced", 1 / 3)


def test_a_recipe_goes_through_json_and_back_to_the_last_bit():
    assert Recipe.from_dict(json.loads(json.dumps(RECIPE.to_dict()))) == RECIPE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "forest"}, "family must be one of lightgbm, linear.*found 'forest'"),
        ({"class_weight": "heavy"}, "class_weight must be one of none, balanced, found 'heavy'"),
        ({"threshold": 1.0}, r"threshold must be a number between 0 and 1, found 1\.0"),
        ({"threshold": "search"}, "found 'search'"),
        ({"params": [1]}, "params must be given by name"),
        ({"metric": "f1"}, "a recipe has .*, found .*'metric'"),
    ],
)
def test_what_is_no_recipe_says_why(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(RECIPE.to_dict() | change)


def test_a_part_that_is_missing_is_an_error():
    content = RECIPE.to_dict()
    del content["params"]
    with pytest.raises(ValueError, match=r"a recipe has .*'params'"):
        Recipe.from_dict(content)
