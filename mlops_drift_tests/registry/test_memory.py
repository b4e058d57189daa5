"""The registry in memory: the part of a registry that a backtest needs."""

import pytest

from mlops_drift.registry.base import CHAMPION, Birth, RegistryError
from mlops_drift.registry.memory import MemoryRegistry


def birth(identity, pipeline="a pipeline"):
    return Birth(pipeline, None, None, {"set": identity}, {"family": "linear"}, {}, {}, {})


@pytest.fixture
def registry():
    registry = MemoryRegistry()
    registry.prepare("shop")
    for identity in ("abc", "def"):
        registry.register("shop", birth(identity, f"pipeline {identity}"))
    return registry


def test_versions_are_numbered_in_the_order_of_their_registration(registry):
    assert registry.register("shop", birth("ghi")) == 3
    assert registry.register("mill", birth("abc")) == 1


def test_a_version_is_found_by_what_it_was_made_from(registry):
    assert [registry.find("shop", {"set": name}) for name in ("abc", "def", "ghi")] == [1, 2, None]
    assert registry.find("mill", {"set": "abc"}) is None


def test_a_version_has_its_pipeline_and_its_tags(registry):
    assert registry.pipeline("shop", 2) == "pipeline def"
    registry.set_tag("shop", 2, "reference", "digest")
    assert registry.tags("shop", 2) == {"family": "linear", "set": "def", "reference": "digest"}
    assert registry.tags("shop", 1) == {"family": "linear", "set": "abc"}


@pytest.mark.parametrize("number", [0, 3])
def test_a_version_that_is_not_there_is_an_error(registry, number):
    for ask in (registry.pipeline, registry.tags):
        with pytest.raises(RegistryError, match=f"no version {number} of shop"):
            ask("shop", number)


def test_an_alias_points_to_the_last_version_that_it_was_set_to(registry):
    assert registry.alias("shop", CHAMPION) is None
    for version in (1, 2):
        registry.set_alias("shop", CHAMPION, version)
    assert registry.alias("shop", CHAMPION) == 2
