"""What the tests of several steps begin with."""

import pytest

from mlops_drift.config.loading import find_model
from mlops_drift.resources import model_store, open_lake, open_registry


@pytest.fixture
def parts(story):
    """The description, the tables and the registry of the story."""
    spec = find_model("tiny").spec
    with open_lake() as lake:
        yield spec, model_store(lake, spec), open_registry()
