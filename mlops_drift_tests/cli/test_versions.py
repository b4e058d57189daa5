"""Approve, reject, roll back and approve again: by the command line and by the page."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from mlops_drift.cli.main import main
from mlops_drift.gateways import open_registry
from mlops_drift.simulation.instance import open_instance
from mlops_drift.store.versions import VersionRepository
from mlops_drift_tests.tiny import day, failures, materialization, wait


@pytest.fixture(scope="module")
def unmoved(three_versions, tmp_path_factory):
    """A world for what changes nothing."""
    return three_versions.copy(tmp_path_factory.mktemp("unmoved"))


@pytest.fixture
def world(three_versions, tmp_path):
    copied = three_versions.copy(tmp_path)
    with copied.active():
        yield copied


def said(*arguments):
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def waiting(world, version, decision):
    with world.lake() as model:
        wait(model, version, decision)


def logbook(world):
    """What was decided: action, outcome, challenger and person, as the command tells it."""
    code, text = said("log", "tiny", "--format", "json")
    assert code == 0
    rows = json.loads(text)
    return sorted((row["action"], row["outcome"], row["challenger"], row["person"]) for row in rows)


STORY = [
    ("promote", "promoted", 1, "ann"),
    ("retrain", "rejected", 2, "bob"),
    ("retrain", "promoted", 3, "ann"),
    ("rollback", "promoted", 1, "bob"),
    ("promote", "promoted", 3, "ann"),
]


@pytest.fixture(scope="module")
def moved_once(three_versions, tmp_path_factory):
    """A world in which versions came and went by the command line."""
    world = three_versions.copy(tmp_path_factory.mktemp("moved"))
    ann, bob = ("--by", "ann", "--reason", "better"), ("--by", "bob", "--reason", "complaints")
    with world.active():
        told = [said("approve", "tiny", "--version", "1", *ann)]
        waiting(world, 2, "d2")
        told.append(said("reject", "tiny", *bob))
        waiting(world, 3, "d3")
        told.append(said("approve", "tiny", *ann))
        told.append(said("rollback", "tiny", *bob))
        told.append(said("approve", "tiny", "--version", "3", *ann))
    return world, told


@pytest.fixture
def moved(moved_once):
    with moved_once[0].active():
        yield moved_once


def test_each_move_by_the_command_line_says_what_came_of_it(moved):
    expected = [
        "version 1 of tiny is the champion",
        "version 2 of tiny is rejected",
        "version 3 of tiny is the champion",
        "again, in place of version 3",
        "version 3 of tiny is the champion",
    ]
    for (code, text), words in zip(moved[1], expected, strict=True):
        assert (code, words in text) == (0, True), text


def test_moves_by_the_command_line_are_in_the_log(moved):
    assert logbook(moved[0]) == sorted(STORY)
    code, text = said("log", "tiny")
    assert code == 0
    assert "rollback (by hand), version 3 serves\n  version 3 taken back by bob: complaints" in text
    assert "promoted: version 1 brought back by bob: complaints" in text
    moves = [line.split("  ")[1] for line in text.splitlines() if "(by hand)" in line]
    assert moves == [
        "promote (by hand), no version serves",
        "rollback (by hand), version 3 serves",
        "promote (by hand), version 1 serves",
    ]


def test_by_the_page(world):
    ann, bob = {"by": "ann", "reason": "better"}, {"by": "bob", "reason": "complaints"}
    with dg.DagsterInstance.ephemeral() as instance:

        def move(**config):
            result = world.move(instance, **config)
            assert result.success
            return materialization(result, "tiny", "champion")

        assert move(version=1, **ann)["version"] == 1
        waiting(world, 2, "d2")
        rejected = move(transition="REJECT", **bob)
        assert rejected["outcome"] == "rejected by bob: complaints"
        assert rejected["version"] == 1
        waiting(world, 3, "d3")
        assert move(**ann)["by"] == "ann"
        assert move(transition="ROLLBACK", **bob)["previous"] == 3
    assert logbook(world) == sorted(STORY[:-1])


def test_the_page_asks_who_and_why_where_approval_is_manual(world):
    with dg.DagsterInstance.ephemeral() as instance:
        (told,) = failures(world.move(instance, version=1)).values()
        assert "needs a name and a reason" in told
        (told,) = failures(
            world.move(instance, transition="ROLLBACK", by="ann", reason="x")
        ).values()
        assert "no earlier champion to go back to" in told
    with world.lake() as model:
        assert model.versions.promotions() == []
        assert model.decisions.records() == []


def test_who_approves_by_the_page_is_told_that_somebody_has_rejected(world):
    waiting(world, 2, "d2")
    assert said("reject", "tiny", "--by", "bob", "--reason", "complaints")[0] == 0
    with dg.DagsterInstance.ephemeral() as instance:
        (told,) = failures(world.move(instance, by="ann", reason="better")).values()
    assert "no challenger of tiny waits for approval; the last one: rejected by bob" in told
    with world.lake() as model:
        assert model.versions.promotions() == []


@pytest.fixture(scope="module")
def killed(three_versions, tmp_path_factory):
    """A world in which an approval was killed after its promotion was on record."""
    world = three_versions.copy(tmp_path_factory.mktemp("killed"))
    add_promotion = VersionRepository.add_promotion

    def die(self, promotion):
        add_promotion(self, promotion)
        raise SystemExit(9)

    with world.active(), pytest.MonkeyPatch.context() as patched:
        waiting(world, 2, "d2")
        patched.setattr(VersionRepository, "add_promotion", die)
        assert said("approve", "tiny", "--by", "ann", "--reason", "better")[0] == 9
        assert logbook(world) == [("retrain", "waiting", 2, None)]
    return world


@pytest.mark.parametrize("through", ["the next day", "the next run"])
def test_an_approval_that_was_killed_is_completed_and_shown(killed, tmp_path, through):
    world = killed.copy(tmp_path)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        if through == "the next day":
            selection = ["production_predictions"]
            assert world.run_days(instance, day(5), selection=selection).success
        else:
            world.replay(instance, until=day(0))
        shown = instance.get_latest_materialization_event(dg.AssetKey(["tiny", "champion"]))
        assert shown.asset_materialization.description == "better (ann)"
        assert logbook(world) == [("retrain", "promoted", 2, "ann")]
        assert open_registry().alias("tiny", "champion") == 2


def test_a_transition_by_the_command_line_shows_on_the_pages(moved):
    with open_instance() as instance:
        for asset, words in (
            ("champion", "better (ann)"),
            ("decisions", "promote: ann: better → promoted v3 by ann"),
        ):
            event = instance.get_latest_materialization_event(dg.AssetKey(["tiny", asset]))
            assert words in event.asset_materialization.description
            if asset == "champion":
                page = event.asset_materialization.metadata["mlflow version"].value
                assert page.endswith("/#/models/tiny/versions/3?workflowType=machine_learning")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("approve", "tiny"), "Missing option '--reason'"),
        (("approve", "tiny", "--reason", " "), "needs a name and a reason"),
        (("approve", "tiny", "--reason", "x"), "no challenger of tiny waits for approval"),
        (("approve", "tiny", "--version", "9", "--reason", "x"), "its versions are 1, 2, 3"),
        (("reject", "tiny", "--reason", "x"), "no challenger of tiny waits for approval"),
        (("rollback", "tiny", "--reason", "x"), "no version has served yet"),
        (("rollback", "nobody", "--reason", "x"), "there is no model 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(unmoved, arguments, told):
    with unmoved.active():
        code, text = said(*arguments)
    assert code in (1, 2)
    assert told in text
    assert "Traceback" not in text


def stored(world):
    return {path: path.stat().st_mtime_ns for path in world.data.rglob("*")}


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "tiny"),
        ("log", "tiny"),
        ("explain", "tiny", "--version", "1"),
        ("cleanup", "tiny"),
        ("sql",),
        ("backtest", "tiny", "--until", str(day(0)), "--only", "never"),
    ],
)
def test_a_command_that_reads_needs_no_right_to_write(unmoved, arguments):
    shutil.rmtree(unmoved.data / "locks", ignore_errors=True)
    before = stored(unmoved)
    with unmoved.active():
        assert said(*arguments)[0] == 0
    assert stored(unmoved) == before


def test_a_database_of_versions_that_is_gone_is_named_and_not_made(world):
    place = world.data / "mlflow.db"
    for spoil in (Path.unlink, Path.touch):
        spoil(place)
        before = stored(world)
        code, text = said("explain", "tiny", "--version", "1")
        assert (code, stored(world)) == (1, before)
        assert text == (
            f"Error: {place} is missing or empty: it holds all versions; bring it back from a "
            "backup\n"
        )


def test_an_account_without_a_name_is_asked_for_one(world, monkeypatch):
    def unknown():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", unknown)
    code, text = said("approve", "tiny", "--version", "1", "--reason", "x")
    assert (code, "give --by NAME" in text) == (2, True)


def test_an_empty_log_is_reported(world):
    assert said("log", "tiny") == (0, "tiny: no decisions yet\n")
