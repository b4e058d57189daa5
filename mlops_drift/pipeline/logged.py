"""What was logged with a version of how it was made, compared with what else is on record."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import BaseModel

from mlops_drift.config.spec import learning_digest
from mlops_drift.learning.config import Training
from mlops_drift.plugins import NOT_THERE
from mlops_drift.registry.base import LIBRARIES, RegistryError, VersionRegistry
from mlops_drift.registry.code_digests import learning_code_digest
from mlops_drift.schema.columns import Column, Target

if TYPE_CHECKING:
    from mlops_drift.learning.model import TrainedModel
    from mlops_drift.learning.recipe import Recipe

# Files of what made a version, and of what its recipe predicts of rows that it was not fitted on.
SPEC, RECIPE = "spec.json", "recipe.json"
OUT_OF_FOLD = "out_of_fold.json"


class Description(BaseModel):
    """What a training needs of the description of a model, as it was when a version was made."""

    columns: dict[str, Column]
    target: Target
    training: Training


def logged_params(seed: int, recipe: "Recipe") -> dict[str, object]:
    """What decides a fit besides rows and description, as the registry shows it."""
    return {
        "family": recipe.family,
        "seed": seed,
        "class_weight": recipe.class_weight,
        "threshold": recipe.threshold,
        **recipe.params,
    }


def is_of_this_code(tags: Mapping[str, str], training: Training) -> bool:
    """Whether the code and the libraries that run now made the version with these tags.

    The training is as it was described when the version was made.
    """
    return tags.get("code_digest") == learning_code_digest(LIBRARIES, training.own_paths)


def description_of(registry: VersionRegistry, model: str, version: int) -> Description:
    """The description that a version was made by.

    Raises:
        RegistryError: if it was not logged, is damaged, or names a user's code that is gone.
    """
    try:
        return Description.model_validate(registry.read_json(model, version, SPEC))
    except ValueError as error:
        gone = [one["msg"] for one in getattr(error, "errors", list)() if NOT_THERE in one["msg"]]
        if gone:
            raise RegistryError(
                f"version {version} of {model} was made by code that is gone: "
                f"{gone[0].removeprefix('Value error, ')}"
            ) from error
        raise RegistryError(
            f"{SPEC} of version {version} of {model} is damaged: {error}"
        ) from error


def made_by(registry: VersionRegistry, model: str, version: int) -> tuple[Description, "Recipe"]:
    """The description and the recipe that made a version.

    Raises:
        RegistryError: if one of them was not logged, is damaged, or was changed.
    """
    from mlops_drift.learning.recipe import Recipe

    name = f"version {version} of {model}"
    then = description_of(registry, model, version)
    try:
        recipe = Recipe(**registry.read_json(model, version, RECIPE))
    except (TypeError, ValueError) as error:
        raise RegistryError(f"{RECIPE} of {name} is damaged: {error}") from error
    tags = registry.tags(model, version)
    # Other code may digest the same description otherwise.
    registered, now = tags.get("spec_digest"), learning_digest(then)
    if is_of_this_code(tags, then.training) and registered not in (None, now):
        raise RegistryError(
            f"{SPEC} of {name} was changed: its digest is {now}, registered was {registered}; "
            "restore it from a copy"
        )
    params, before = logged_params(then.training.seed, recipe), registry.params(model, version)
    found = {part: str(value) for part, value in params.items()}
    changed = [
        f"{part} {found.get(part)}, registered was {before.get(part)}"
        for part in sorted({*found, *before})
        if found.get(part) != before.get(part)
    ]
    if changed:
        listed = ", ".join(changed)
        raise RegistryError(f"{RECIPE} of {name} was changed: {listed}; restore it from a copy")
    return then, recipe


def refit(then: Description, recipe: "Recipe", train_part: pd.DataFrame) -> "TrainedModel":
    """A version's recipe, fitted again by the description and the seed of its own time."""
    from mlops_drift.learning.model import fit

    features, truth = train_part[list(then.columns)], train_part[then.target.column].to_numpy()
    return fit(recipe, features, truth, then.columns, then.target, then.training.seed)
