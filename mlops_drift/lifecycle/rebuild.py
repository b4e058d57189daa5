"""A version trained again from what is stored of it, and compared with what was registered."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.from_source import FromSource, make_from_source
from mlops_drift.lifecycle.transitions import known_version
from mlops_drift.pipeline.logged import is_of_this_code, made_by, refit
from mlops_drift.sources.base import Source


@dataclass(frozen=True)
class Rebuilt:
    """A version and its repetition.

    Both predicted the rows of the training set, and so many differ in a bit of prediction or score,
    by at most `largest`. `same_recipe` is None where no new search was made, `from_source` where
    the source was not read again.
    """

    version: int
    rows: int
    different: int
    largest: float
    same_code: bool
    same_recipe: bool | None
    from_source: FromSource | None = None

    @property
    def is_same(self) -> bool:
        """Whether the repetition is the same version, and its training set, where made again."""
        is_same_set = self.from_source is None or self.from_source.is_same
        return not self.different and self.same_recipe is not False and is_same_set


def rebuild(
    model: ModelContext,
    version: int,
    *,
    search_again: bool = False,
    source: Source | None = None,
) -> Rebuilt:
    """Trains a version again, from its stored training set, description, recipe and seed.

    With `search_again`, the search is made again too, all of its trials; with a source, the
    training set too is made again, from that.

    Raises:
        UserError: if there is no such version, or it was removed.
        CorruptionError: if its training set is damaged.
        RegistryError: if what was logged with it is missing, damaged, or was changed.
    """
    from mlops_drift.learning.families.base import predict
    from mlops_drift.learning.model import train

    record = known_version(model, version)
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
    # Floats print all their digits.
    unequal = (mine.map(repr) != theirs.map(repr)).any(axis=1)
    apart = (mine["score"] - theirs["score"]).abs()
    return Rebuilt(
        version,
        len(rows),
        int(unequal.sum()),
        float(np.nanmax(apart, initial=0.0)),
        is_of_this_code(model.registry.tags(model.spec.name, version), then.training),
        same_recipe,
        None if source is None else make_from_source(model, version, then, source),
    )
