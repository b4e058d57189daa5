"""What all tests of learning share."""

import lightgbm  # noqa: F401
import pytest
import sklearn.ensemble  # noqa: F401
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """Threads that wait for each other cost more than the small tables of these tests."""
    with threadpool_limits(1):
        yield
