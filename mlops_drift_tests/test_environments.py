"""One setting moves tables, runs and aliases; versions are the same wherever they are made."""

import pytest

from mlops_drift import settings
from mlops_drift.gateways import open_registry
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import day


@pytest.fixture(scope="module")
def environments(begin):
    """A model with three days more in production than in development, trained in both."""
    world = begin("environments")
    told = {}
    with pytest.MonkeyPatch.context() as moved, world.active():
        for name in ("dev", "prod"):
            moved.setenv(settings.ENVIRONMENT_VARIABLE, name)
            with open_instance() as instance:
                if name == "dev":
                    world.replay(instance, until=day(1), step=2)
                runs = len(instance.get_runs())
            with world.lake() as model:
                promotions = model.versions.promotions()
            told[name] = settings.lake_root(), runs, promotions
        aliases = dict(open_registry().client.get_registered_model("tiny").aliases)
        versions = open_registry().client.search_model_versions("name = 'tiny'")
    return told, aliases, versions


def test_each_environment_has_its_own_tables_and_runs(environments):
    (dev_lake, dev_runs, _), (lake, runs, _) = environments[0].values()
    assert dev_lake.parent.name == "dev"
    assert lake.parent == dev_lake.parent.parent
    assert (dev_runs, runs) == (2, 5)


def test_the_same_data_description_and_code_are_the_same_version_in_both(environments):
    told, aliases, versions = environments
    assert told["dev"][2] == told["prod"][2]
    assert [version.version for version in versions] == [1]
    assert aliases == {"dev-champion": 1, "champion": 1}
