"""A challenger that waits for approval, through Dagster: scored, shown, approved, and no longer."""

import json

import dagster as dg
import pytest
from click.testing import CliRunner

from mlops_drift.assets.champion import show_transition
from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_registry
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests import steps
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.pages import latest_checks
from mlops_drift_tests.sensors.test_episodes import write
from mlops_drift_tests.tiny import ROWS, day, evaluations, materialization, metadata_of

LAST = 7
SHADOW = "shadow: accuracy of version 2 compared with version 1"
PENDING = ("champion", "approval_pending")


@pytest.fixture(scope="module")
def told(begin):
    """Version 1 serves; the rule turns around on day 3, and version 2 waits from day 4 to day 6."""
    world = begin("shadowed")
    policy = {"approval": "manual", "training_windows": ["since_change"]}
    write(world.write_model({"end_date": day(LAST), "policy": policy}), LAST)
    found = {}
    with world.active(), open_instance() as instance:
        world.replay(instance, until=day(4))
        run_day(world, instance, 5)
        with world.lake() as model:
            found["waiting"] = model.decisions.records(idle=False)[-1]
        found["pending before labels"] = latest_checks(world, instance)[PENDING]
        found["before labels"] = shown(instance, "performance_metrics")
        found["status before labels"] = CliRunner().invoke(main, ["status", "tiny"]).output
        run_day(world, instance, 6)
        for name in ("production_predictions", "performance_metrics"):
            found[name] = shown(instance, name)
        for style in ("text", "json"):
            found[style] = CliRunner().invoke(main, ["status", "tiny", "--format", style]).stdout
        found["pending"] = latest_checks(world, instance)[PENDING]
        found["approval"] = materialization(
            world.move(instance, by="ann", reason="it does better"), "tiny", "champion"
        )
        found["approved"] = latest_checks(world, instance)[PENDING]
        run_day(world, instance, LAST)
        found["after"] = shown(instance, "production_predictions")
        found["status after"] = json.loads(
            CliRunner().invoke(main, ["status", "tiny", "--format", "json"]).stdout
        )
        yield world, instance, found


@pytest.fixture
def story(told):
    with told[0].active():
        yield told


def run_day(world, instance, number):
    """Lands a day, and runs the assets that tell of a challenger and those they rest on."""
    with steps.opened(world) as about:
        steps.land_days(world, about, number, number)
    selection = ["production_predictions", "drift_metrics", "performance_metrics"]
    assert world.run_days(instance, day(number), selection=selection).success


def shown(instance, asset):
    event = instance.get_latest_materialization_event(dg.AssetKey(["tiny", asset]))
    return metadata_of(event.asset_materialization)


def days_of(world, table):
    with world.lake() as model:
        found = model.lake.rows(
            "SELECT day, version, count(*) AS n FROM t GROUP BY ALL ORDER BY day",
            t=getattr(model.tables, table),
        )
    return [(row["day"], row["version"], row["n"]) for row in found]


def test_the_challenger_scores_beside_the_champion_while_it_waits(story):
    world, _, _ = story
    assert days_of(world, "shadow_predictions") == [
        (day(number), 2, ROWS) for number in range(5, 7)
    ]
    assert days_of(world, "predictions") == [
        *((day(number), 1, ROWS) for number in range(2, 7)),
        (day(7), 2, ROWS),
    ]


def test_the_page_of_the_predictions_says_which_version_shadows(story):
    found = story[2]["production_predictions"]
    assert (found["versions"], found["shadow"]) == ("1", "version 2")
    assert (found["shadow rows"], found["added shadow rows"]) == (ROWS, ROWS)
    assert not [name for name in story[2]["after"] if "shadow" in name]


def test_the_page_of_the_performance_shows_both_side_by_side(story):
    found = story[2]["performance_metrics"]
    table = [record.data for record in found[SHADOW].records]
    assert [row["window"] for row in table] == [
        "since the wait began",
        f"1 day to {day(5)}",
    ]
    assert [(row["scored"], row["labelled"]) for row in table] == [
        (2 * ROWS, ROWS),
        (ROWS, ROWS),
    ]
    # The rule has turned around: one of them is wrong where the other is right.
    assert table[0]["champion"] < 0.3 < 0.7 < table[0]["challenger"]
    lower, upper = map(float, table[0]["95 % interval"].split(" to "))
    assert 0 < lower < table[0]["difference"] < upper
    assert table[0]["predictions that differ"] > 0.5
    assert found["shadow since"] == str(day(4))


def test_both_lines_are_drawn_once_there_are_labels(story):
    before, after = (story[2][name] for name in ("before labels", "performance_metrics"))
    assert SHADOW in before
    assert "shadow by production day" not in before
    drawn = Drawing.shown(after["shadow by production day"])
    assert drawn.labels() == ["champion, version 1", "challenger, version 2"]
    (champion,), (challenger,) = (drawn.points(label) for label in drawn.labels())
    assert champion[1] > challenger[1]


def test_status_shows_both_side_by_side(story):
    shadow = json.loads(story[2]["json"])["shadow"]
    assert (shadow["version"], shadow["since"]) == (2, str(day(4)))
    assert [(row["window"], row["scored"], row["n"]) for row in shadow["windows"]] == [
        (0, 2 * ROWS, ROWS),
        (1, ROWS, ROWS),
    ]
    assert {(row["day"], row["champion"], row["challenger"]) for row in shadow["windows"]} == {
        (str(day(6)), 1, 2)
    }
    for status, last in {"text": 6, "status before labels": 5}.items():
        assert (
            f"Version 2 waits for approval since {day(4)}; beside champion 1, accuracy as of "
            f"{day(last)}"
        ) in story[2][status]
    assert "nan" not in story[2]["status before labels"]
    assert story[2]["status after"]["shadow"] is None


def test_whoever_approves_sees_how_the_version_did(story):
    found = story[2]["approval"]
    assert (found["version"], found["by"]) == (2, "ann")
    table = [record.data for record in found[SHADOW].records]
    assert (table[0]["scored"], table[0]["labelled"]) == (2 * ROWS, ROWS)


def test_an_approval_by_the_command_line_shows_it_too(story):
    world, _, _ = story
    with world.lake() as model, dg.DagsterInstance.ephemeral() as instance:
        spec, decision = find_model("tiny").spec, model.versions.promotions()[-1].decision
        show_transition(instance, ModelContext(spec, model, open_registry()), decision)
        found = shown(instance, "champion")
    table = [record.data for record in found[SHADOW].records]
    assert (table[0]["scored"], table[0]["labelled"]) == (2 * ROWS, ROWS)


def test_days_done_again_after_the_approval_change_nothing(story):
    world, _, _ = story
    before = world.tables()
    assert {"predictions.tiny_shadow", "monitoring.tiny_shadow"} <= set(before)
    with steps.opened(world) as about:
        steps.do_days(world, about, 6, LAST)
    assert world.tables() == before


def test_the_champion_warns_of_the_challenger_that_waits_with_its_numbers_and_the_commands(story):
    before, now, after = (
        story[2][name] for name in ("pending before labels", "pending", "approved")
    )
    assert not before["success"]
    assert before["severity"] == "WARN"
    assert before["description"].startswith(
        f"Version 2 waits for approval since {day(4)}: accuracy on its test split 1.000; no event"
    )
    text = now["description"]
    assert not now["success"]
    assert text.startswith(f"Version 2 waits for approval since {day(4)}: accuracy +")
    assert f"on {ROWS} events against version 1. mlops-drift approve tiny --version 2" in text
    assert "or mlops-drift reject tiny --version 2 --reason …" in text
    assert after["success"]
    assert after["description"] == "no challenger waits for approval"


def test_where_nobody_waits_a_day_reports_nothing_about_it(story):
    world, instance, _ = story
    before = len(evaluations(instance, "tiny", *PENDING))
    run_day(world, instance, LAST)
    assert len(evaluations(instance, "tiny", *PENDING)) == before


def test_runs_say_what_became_of_them(story):
    runs = story[1].get_runs()
    outcomes = [run.tags.get("mlops_drift/outcome") for run in runs]
    trained = [one for run, one in zip(runs, outcomes, strict=True) if "retraining" in run.job_name]
    assert trained == ["promoted v2 by ann", "v2 waits for approval", "promoted v1"]
    assert any(one and "failed: " in one and "performance_drop" in one for one in outcomes)


# The decision that waited


def test_where_approval_is_manual_a_challenger_waits_for_a_person(story):
    waiting = story[2]["waiting"]
    assert (waiting.id, waiting.status) == (f"tiny-v1-{day(4)}", "waiting")
    assert waiting.challenger == 2
    assert "waits for a person who approves or rejects it" in waiting.outcome_reason


def test_materializing_champion_approves_the_waiting_challenger(story):
    with story[0].lake() as model:
        records, promotions = model.decisions.records(idle=False), model.versions.promotions()
    assert [(record.id, record.status) for record in records] == [
        (f"tiny-v0-{day(1)}", "promoted"),
        (f"tiny-v1-{day(4)}", "promoted"),
    ]
    assert [item.decision for item in promotions] == [record.id for record in records]
    assert (promotions[-1].person, promotions[-1].reason) == ("ann", "it does better")
    assert records[-1].outcome.person == "ann"
    assert "approved by ann: it does better" in records[-1].outcome_reason
    assert [item.as_of for item in promotions] == [day(1), day(6)]
