"""`report`: the pages of models from the command line."""

import json

import pytest
from click.testing import CliRunner

from mlops_drift import links, settings
from mlops_drift.cli.main import main
from mlops_drift_tests.tiny import day


def report(*arguments):
    return CliRunner().invoke(main, ["report", *arguments])


def test_it_writes_the_page_and_says_where_and_how_the_model_is(story):
    result = report("tiny")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("tiny: ")
    assert f"as of {day(6)}: {links.report_page('tiny')}" in result.stdout


def test_without_a_model_it_writes_those_with_a_day_and_the_index(story):
    found = json.loads(report("--format", "json").stdout)
    assert [one["model"] for one in found] == ["tiny", None]
    assert found[-1]["page"] == (settings.report_root() / "index.html").as_uri()


def test_a_page_of_its_own_is_the_same_but_for_the_way_to_the_index(story, tmp_path):
    place = tmp_path / "page.html"
    assert report("tiny", "--html", str(place)).exit_code == 0
    assert "all models" not in place.read_text("utf-8")
    assert "all models" in (settings.report_root() / "tiny.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nothing"], "nothing"),
        (["--html", "page.html"], "--html needs a MODEL"),
        (["tiny", "--days", "0"], "--days"),
        (["tiny", "--html", "page.txt"], "should end in .html"),
        (["tiny", "--html", "no/such/folder/page.html"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_named(story, arguments, problem):
    result = report(*arguments)
    assert result.exit_code != 0
    assert problem in result.stderr
    assert "Traceback" not in result.stderr


def test_a_model_without_a_day_says_what_to_do(new_world):
    world = new_world("no_day")
    world.write_model()
    with world.active():
        result = report("tiny")
    assert result.exit_code == 1
    assert "run it first: mlops-drift run tiny" in result.stderr


def test_without_a_day_of_any_model_nothing_is_written(new_world):
    world = new_world("no_days_at_all")
    world.write_model()
    with world.active():
        result = report()
        assert result.exit_code == 1
        assert "no model has a day yet; run one first" in result.stderr
        assert not settings.report_root().exists()
