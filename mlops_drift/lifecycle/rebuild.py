"""A version trained again from what is stored of it, and compared with what was registered."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.learning.metrics.base import Array
from mlops_drift.pipeline.logged import is_of_this_code, made_by, refit


@dataclass(frozen=True)
class Rebuilt:
    """A version and its repetition.

    Attributes:
        version: its number.
        rows: rows of the training set, both splits, that both predicted.
        different: predictions that differ: rows whose prediction or score is not the same to the
            last bit.
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
        """Whether the repetition is the same version."""
        return not self.different and self.same_recipe is not False


def rebuild(
    model: ModelContext,
    version: int,
    *,
    search_again: bool = False,
) -> Rebuilt:
    """Trains a version again, from its stored training set, description, recipe and seed.

    Args:
        model: the model; of the version the description that it was made by is used.
        version: number of the version.
        search_again: whether the search is made again too, all of its trials.

    Raises:
        LookupError: if there is no such version.
        RemovedError: if it was removed.
        CorruptionError: if its training set is damaged.
        RegistryError: if what was logged with it is missing, damaged, or was changed.
    """
    from mlops_drift.learning.families.base import predict
    from mlops_drift.learning.model import train

    record = model.store.versions.get(version)
    model.store.versions.require_kept([version])
    training_set = model.store.training_sets.read(record.training_set)
    train_split = training_set.train.to_pandas()
    then, recipe = made_by(model.registry, model.spec.name, version)
    again = refit(then, recipe, train_split)
    same_recipe = None
    if search_again:
        features = train_split[list(then.columns)]
        truth = train_split[then.target.column].to_numpy()
        _, found = train(features, truth, then.columns, then.target, then.training)
        same_recipe = found.recipe == recipe
    rows = pa.concat_tables([training_set.train, training_set.test]).to_pandas()
    rows = rows[list(then.columns)]
    mine = again.predict(rows)
    theirs = predict(model.registry.pipeline(model.spec.name, version), then.target, rows)
    unequal = ~(
        _same(mine["prediction"], theirs["prediction"]) & _same(mine["score"], theirs["score"])
    )
    apart = np.abs(mine["score"].to_numpy() - theirs["score"].to_numpy())
    return Rebuilt(
        version,
        len(rows),
        int(unequal.sum()),
        float(np.nanmax(apart, initial=0.0)),
        is_of_this_code(model.registry.tags(model.spec.name, version)),
        same_recipe,
    )


def _same(one: pd.Series, other: pd.Series) -> Array:
    """Which values are the same, floats to the last bit."""
    left, right = one.to_numpy(), other.to_numpy()
    if left.dtype.kind == "f":
        return np.asarray(left.view("int64") == right.astype(left.dtype).view("int64"))
    return np.asarray(left == right)
