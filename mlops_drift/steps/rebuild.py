"""A version made again from what was stored of it, and held against what was registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_drift.digests import learning_code_digest
from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.learning.metrics import Array
from mlops_drift.registry.base import LIBRARIES, RegistryError, VersionRegistry
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.training import RECIPE, SPEC, logged_params

if TYPE_CHECKING:
    from mlops_drift.learning.recipe import Recipe


@dataclass(frozen=True)
class Rebuilt:
    """What came of making a version again.

    Attributes:
        version: its number.
        rows: rows of the training set, both parts, that both predicted.
        different: rows whose prediction or score is not the same to the last bit.
        largest: the largest difference of a score.
        same_code: whether code and libraries are those that made the version.
        same_recipe: whether a new search found the same recipe; None where none was made.
    """

    version: int
    rows: int
    different: int
    largest: float
    same_code: bool
    same_recipe: bool | None

    @property
    def is_same(self) -> bool:
        """Whether the version came out again."""
        return not self.different and self.same_recipe is not False


def rebuild(
    spec: ModelSpec,
    model: ModelLake,
    registry: VersionRegistry,
    version: int,
    *,
    search_again: bool = False,
) -> Rebuilt:
    """Trains a version again, from its stored training set, description, recipe and seed.

    Args:
        spec: the model; of the version the description that it was made by is used.
        model: its tables.
        registry: its versions.
        version: number of the version.
        search_again: whether the search is made again too, all of its trials.

    Raises:
        LookupError: if there is no such version.
        RemovedError: if its artefacts were removed.
        CorruptionError: if its training set is damaged.
        RegistryError: if something that was logged with it is missing or was changed.
    """
    from mlops_drift.learning.families.base import predict
    from mlops_drift.learning.model import fit, train

    record = model.version(version)
    model.require_kept([version])
    training_set = model.sets.read(record.training_set)
    tags = registry.tags(spec.name, version)
    same_code = tags.get("code_digest") == learning_code_digest(LIBRARIES)
    then, recipe = _made_by(spec, registry, version, tags if same_code else {})
    names = list(then.columns)
    part = training_set.train.to_pandas()
    features, truth = part[names], part[then.target.column].to_numpy()
    seed = then.training.seed
    same_recipe = None
    if search_again:
        _, found = train(features, truth, then.columns, then.target, then.training)
        same_recipe = found.recipe == recipe
    again = fit(recipe, features, truth, then.columns, then.target, seed)
    rows = pa.concat_tables([training_set.train, training_set.test]).to_pandas()[names]
    mine = again.predict(rows)
    theirs = predict(registry.pipeline(spec.name, version), then.target, rows)
    unequal = ~(
        _same(mine["prediction"], theirs["prediction"]) & _same(mine["score"], theirs["score"])
    )
    apart = np.abs(mine["score"].to_numpy() - theirs["score"].to_numpy())
    return Rebuilt(
        version,
        len(rows),
        int(unequal.sum()),
        float(np.nanmax(apart, initial=0.0)),
        same_code,
        same_recipe,
    )


def _made_by(
    spec: ModelSpec, registry: VersionRegistry, version: int, tags: Mapping[str, str]
) -> tuple[ModelSpec, "Recipe"]:
    """The description and the recipe that made a version, held against what else is on record.

    Args:
        spec: the model.
        registry: its versions.
        version: number of the version.
        tags: of the version, if this code digests a description as the code that made it.
    """
    from mlops_drift.learning.recipe import Recipe

    name = f"version {version} of {spec.name}"
    files = {file: registry.read_json(spec.name, version, file) for file in (SPEC, RECIPE)}
    try:
        then = ModelSpec.model_validate(files[SPEC])
        recipe = Recipe.from_dict(files[RECIPE])
    except (TypeError, ValueError) as error:
        raise RegistryError(f"{SPEC} or {RECIPE} of {name} is damaged: {error}") from error
    if tags.get("spec_digest", then.learning_digest) != then.learning_digest:
        raise RegistryError(
            f"{SPEC} of {name} was changed: its digest is {then.learning_digest}, registered was "
            f"{tags['spec_digest']}; restore it from a copy"
        )
    made_by = {part: str(value) for part, value in logged_params(then, recipe).items()}
    registered = registry.params(spec.name, version)
    changed = sorted(
        part for part in made_by | registered if made_by.get(part) != registered.get(part)
    )
    if changed:
        listed = ", ".join(
            f"{part} {made_by.get(part)}, registered was {registered.get(part)}" for part in changed
        )
        raise RegistryError(
            f"{RECIPE} of {name} was changed: it says {listed}; restore it from a copy"
        )
    return then, recipe


def _same(one: pd.Series, other: pd.Series) -> Array:
    """Which values are the same, floats to the last bit."""
    left, right = one.to_numpy(), other.to_numpy()
    if left.dtype.kind == "f":
        return np.asarray(left.view("int64") == right.astype(left.dtype).view("int64"))
    return np.asarray(left == right)
