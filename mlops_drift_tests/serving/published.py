"""Versions of trees that are trained, proven and promoted, for a publisher to hand over."""

import duckdb
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.baseline import record_baseline
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.pipeline.test_gates import Shop, labelled

TREES = {"training": {"families": ["lightgbm"]}}


class Shops:
    """A model whose versions are promoted one by one; `columns` are of their training rows."""

    def __init__(self, folder, changes=TREES, **columns):
        self._columns = columns
        self.connection = duckdb.connect()
        self.shop = Shop(DeltaLake(folder / "lake", self.connection), changes)
        self.about = ModelContext(self.shop.spec, self.shop.model, self.shop.registry)

    def promoted(self, seed):
        """The number of a new version, which is promoted."""
        version = self.shop.train(labelled(seed=seed, **self._columns), trainer=None)
        evaluate_gates(self.about, version)
        record_baseline(self.about, version)
        self.shop.promote(version)
        return version

    def rows(self, n=30):
        return pa.Table.from_pandas(labelled(n, seed=9), preserve_index=False)
