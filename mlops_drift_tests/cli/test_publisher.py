"""The publisher of a service, as one process of several that may look after a model."""

import pytest
from filelock import FileLock

from mlops_drift import settings
from mlops_drift.cli import publisher
from mlops_drift.cli.publisher import Look
from mlops_drift.gateways import open_lake
from mlops_drift.serving.deployment import PUBLISHER, read_publisher


@pytest.fixture
def look(nothing_yet):
    with open_lake() as lake:
        yield Look(lake, "tiny")


@pytest.fixture
def folder(nothing_yet):
    return settings.serving_root() / "tiny"


def test_it_says_that_it_looks_and_once_that_no_version_serves(look, folder, monkeypatch, caplog):
    monkeypatch.setattr(publisher, "WHOLE_SECONDS", 0)
    for _ in range(2):
        look.publish()
        assert read_publisher(folder).problem is None
    assert caplog.messages == [
        "tiny: no version serves yet; one that is promoted does from the next day on: "
        "mlops-drift run tiny"
    ]


def test_one_of_several_looks_until_its_process_has_ended(look, folder):
    with FileLock(settings.lock_root() / "publisher-tiny.lock"):
        look.publish()
        look.ship()
        assert not folder.exists()
    look.publish()
    assert read_publisher(folder) is not None


def test_a_folder_in_place_of_its_file_is_told_once_and_leaves_nothing(look, folder, caplog):
    (folder / PUBLISHER).mkdir(parents=True)
    for _ in range(3):
        look.publish()
    assert sum("tiny: IsADirectoryError" in one for one in caplog.messages) == 1
    assert [one.name for one in folder.iterdir()] == [PUBLISHER]


def test_a_model_whose_yaml_is_wrong_is_a_problem(nothing_yet, look, folder):
    for file in nothing_yet.root.rglob("tiny/defs.yaml"):
        file.write_text("type: [")
    look.publish()
    assert "defs.yaml" in read_publisher(folder).problem


def test_a_problem_that_lasts_ends_the_process(look, folder, monkeypatch):
    (folder / PUBLISHER).mkdir(parents=True)
    look.publish()
    assert not look.is_stuck
    monkeypatch.setattr(publisher, "STUCK_SECONDS", 0)
    assert look.is_stuck
    (folder / PUBLISHER).rmdir()
    monkeypatch.setattr(publisher, "WHOLE_SECONDS", 0)
    look.publish()
    assert not look.is_stuck
