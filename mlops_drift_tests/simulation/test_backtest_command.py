"""The command `backtest`: its JSON, its table, its page, and what it refuses."""

import json

import pytest
from click.testing import CliRunner

from mlops_drift.cli.main import main
from mlops_drift_tests.story import write_story
from mlops_drift_tests.tiny import day


@pytest.fixture(scope="module")
def told(new_world):
    """The command on the story, with a page and a policy of its own."""
    world = new_world("commanded")
    write_story(world)
    policies = world.root / "policies.yaml"
    policies.write_text("quiet: {retrain_on: []}")
    page = world.root / "page.html"
    with world.active():
        given = ["backtest", "tiny", "--processes", "1", "--every", "3"]
        arguments = [*given, "--html", str(page)]
        asked = [*arguments, "--policies", str(policies)]
        short = [*given, "--policies", str(policies), "--until", str(day(0))]
        as_json = CliRunner().invoke(main, [*asked, "--until", str(day(3)), "--format", "json"])
        as_text = CliRunner().invoke(main, [*short, "--only", "quiet", "--only", "never"])
        unknown = CliRunner().invoke(main, [*asked, "--only", "nobody"])
        policies.write_text("quiet: {retrain_on: []}\nquiet: {cooldown_days: 3}")
        twice = CliRunner().invoke(main, asked)
        nowhere = CliRunner().invoke(main, [*arguments, "--html", str(page / "page.html")])
    return as_json, as_text, unknown, page, twice, nowhere


def test_the_command_prints_json_of_every_policy(told):
    result = json.loads(told[0].stdout)
    assert result["model"] == "tiny"
    assert list(result["policies"]) == [
        "never",
        "every 3 days",
        "on failed checks",
        "hybrid",
        "quiet",
    ]
    for policy in result["policies"].values():
        assert {
            "periods",
            "alarms",
            "decisions",
            "versions",
            "retrainings",
            "mean_value",
            "seconds",
        } <= set(policy)
        assert {"start", "end", "n", "metric", "value", "version"} == set(policy["periods"][0])


def test_what_cannot_work_is_said_before_the_work(told):
    _, _, _, page, twice, nowhere = told
    assert (twice.exit_code, nowhere.exit_code) == (1, 2)
    assert "quiet is given twice" in twice.stderr
    assert f"--html {page / 'page.html'} cannot be written: {page} is no folder" in nowhere.stderr


def test_the_command_prints_a_table_of_the_policies_asked_for(told):
    text = told[1].stdout
    assert told[1].exit_code == 0
    assert "quiet" in text
    assert "never" in text
    assert "hybrid" not in text


def test_an_unknown_policy_is_answered_with_the_known_ones(told):
    assert told[2].exit_code == 2
    assert "there is no such policy" in told[2].stderr
    assert "'on failed checks'" in told[2].stderr


def test_the_page_has_a_curve_and_a_table_for_each_policy_and_needs_nothing_else(told):
    page = told[3].read_text()
    assert page.count('<path class="line ') >= 1
    assert "quiet" in page
    for outside in ("<link", "<img", "href=", "src=", "@import"):
        assert outside not in page
