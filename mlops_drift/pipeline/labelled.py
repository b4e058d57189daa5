"""The labelled rows that a training learns from: all that are known, or a sample of them."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.learning.sampling import allocate


@dataclass(frozen=True)
class TrainingRows:
    """Rows with features and label, and how many labelled rows there are in all."""

    rows: pa.Table
    known: int

    @property
    def note(self) -> str:
        """That they are a sample, for the end of a sentence; empty where they are all rows."""
        if self.rows.num_rows == self.known:
            return ""
        return f", in a sample of {self.rows.num_rows:,} of {self.known:,} labelled rows"


def labelled_rows(model: ModelContext, as_of: date, since: date | None) -> TrainingRows:
    """Rows with labels known at the end of `as_of`, of events from `since` on.

    At most `training.max_rows` of them, each class and each day with its share: see `allocate`.
    """
    training, labels = model.spec.training, model.store.labels
    if training.max_rows is not None:
        strata = labels.strata(as_of, since)
        known = sum(stratum.n for stratum in strata)
        if known > training.max_rows:
            taken = allocate(strata, training.max_rows)
            return TrainingRows(labels.sample(as_of, since, taken, training.seed), known)
    rows = labels.labelled(as_of, since)
    return TrainingRows(rows, rows.num_rows)
