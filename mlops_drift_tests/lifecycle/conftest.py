"""Versions for a person to approve."""

import pytest

from mlops_drift_tests.lifecycle.people import opened


@pytest.fixture
def about(three_versions, tmp_path):
    """Three versions that nobody has approved yet."""
    with opened(three_versions, tmp_path) as made:
        yield made
