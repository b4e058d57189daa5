"""The store of a model, for tests that fill it."""

import duckdb
import pytest

from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.model_store import ModelStore
from mlops_drift_tests.store.model_samples import TABLES, TARGET


@pytest.fixture(scope="module")
def connection():
    """A DuckDB that reads the lakes of a whole test file."""
    return duckdb.connect()


@pytest.fixture
def model(tmp_path, connection):
    """The empty store of a small model."""
    return ModelStore(DeltaLake(tmp_path, connection), "churn", TABLES, "id", TARGET)
