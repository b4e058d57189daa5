"""The store of a model, for tests that fill it."""

import pytest

from mlops_drift.store.model_store import ModelStore
from mlops_drift_tests.store.model_samples import TABLES, TARGET


@pytest.fixture
def model(lake):
    """The empty store of a small model."""
    return ModelStore(lake, "churn", TABLES, "id", TARGET)
