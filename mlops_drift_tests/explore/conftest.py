import pytest

from mlops_drift.explore.explore import explore
from mlops_drift_tests.explore.shop import orders


@pytest.fixture(scope="package")
def shop(tmp_path_factory):
    """A file with the orders of a shop."""
    folder = tmp_path_factory.mktemp("shop")
    orders().to_csv(folder / "orders.csv", index=False)
    return folder / "orders.csv"


@pytest.fixture(scope="package")
def found(shop):
    """What an exploration of the orders finds."""
    return explore(shop, target="returned")
