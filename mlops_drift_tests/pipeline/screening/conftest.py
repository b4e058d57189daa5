"""The lake that rows are screened for."""

import pytest


@pytest.fixture
def lake(memory_lake):
    return memory_lake
