"""The backtest, its variants and its summary: decisions as in a run, policies side by side."""

import itertools
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from mlops_drift import settings
from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import Model, find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.resources import open_lake
from mlops_drift.simulation.backtest import Backtest
from mlops_drift.simulation.historical_run import HistoricalRun
from mlops_drift.simulation.instance import open_instance, quiet
from mlops_drift.simulation.variants import (
    HYBRID,
    NEVER,
    ON_FAILED_CHECKS,
    every,
    read_policies,
    standard_policies,
)
from mlops_drift_tests.conftest import write_story
from mlops_drift_tests.tiny import SPEC, day, events_of, labels_of

STORY = ("alarms", "warnings", "decisions", "versions")


# A search of a shipped model that takes no time; what is decided is the same.
SHORT = {"trials": 2, "folds": 2}


def write_short(world, model):
    """A shipped model under another name, with a short search."""
    described = yaml.safe_load((settings.SHIPPED_DEFS / model / "defs.yaml").read_text())
    described["attributes"]["name"] = f"short_{model}"
    described["attributes"]["training"] |= {**SHORT, "families": ["linear"]}
    folder = world.defs / model
    folder.mkdir()
    (folder / "defs.yaml").write_text(yaml.safe_dump(described))


def shortened(model):
    """The description of a model of the active world, with a short search."""
    spec = find_model(model).spec
    return spec.model_copy(update={"training": spec.training.model_copy(update=SHORT)})


def backtest(model, policies=None, last=None, **changes):
    """A backtest of a model of the active world, under its own policy if nothing is said."""
    found = find_model(model)
    spec = shortened(model).model_copy(update=changes)
    with quiet():
        return Backtest(Model(spec, found.folder), last=last).run(policies or {"own": spec})


def told_by_a_run(model, days):
    """What a replay through Dagster leaves behind, which decides at the end of some days only."""
    found = find_model(model)
    with open_instance() as instance:
        for until in days:
            HistoricalRun(found, instance, last=until, step=100).run(lambda step, what: None)
    with open_lake() as lake:
        timeline = read_timeline(ModelContext.of(lake, found.spec), found.spec.start_date, until)
    return timeline.to_dict()


def story(told):
    return {name: told[name] for name in STORY}


# The same as a run


def test_a_run_and_a_backtest_of_a_shipped_model_tell_the_same_story(new_world):
    world = new_world("parity")
    write_short(world, "insurance")
    days = [date(2019, 12, 29), date(2019, 12, 31)]
    with world.active():
        ran = told_by_a_run("short_insurance", days)
        tested = backtest("short_insurance", last=days[-1])["policies"]["own"]
    assert story(tested) == story(ran)
    assert [row["outcome"] for row in tested["decisions"]] == ["promoted"]


@pytest.fixture(scope="module")
def retold(told_story):
    """The story as it ran and as it is tested, and the files in its data folder before and after.

    Returns:
        The run, the backtest, and the files before and after the backtest.
    """
    world = told_story.world
    with world.active():
        with open_lake() as lake:
            spec = find_model("tiny").spec
            ran = read_timeline(ModelContext.of(lake, spec), day(0), day(6)).to_dict()
        before = sorted(world.data.rglob("*"))
        tested = backtest("tiny")["policies"]["own"]
        return ran, tested, before, sorted(world.data.rglob("*"))


def test_the_tiny_story_is_the_same_too(retold):
    ran, tested, _, _ = retold
    assert story(tested) == story(ran)
    assert [row["outcome"] for row in tested["decisions"]] == ["promoted", "promoted"]


def test_a_backtest_leaves_no_trace_in_the_data_folder(retold):
    _, _, before, after = retold
    assert after == before


# Policies


@pytest.fixture(scope="module")
def compared(new_world):
    """Glassware without retraining, under one that sees failed checks, and one that only alerts."""
    world = new_world("compared")
    world.write_model()
    with world.active():
        spec = shortened("glassware")
        standard = standard_policies(spec)
        alerting = spec.policy.model_copy(update={"mode": "alert"})
        policies = {
            **{name: standard[name] for name in (NEVER, ON_FAILED_CHECKS)},
            "alert": spec.model_copy(update={"policy": alerting}),
        }
        # Up to the day before it is found that the rule has changed a second time.
        yield backtest("glassware", policies, last=date(2019, 8, 5))


def test_the_standard_policies_are_never_by_age_on_checks_and_both():
    assert list(standard_policies(ModelSpec(**SPEC))) == [
        NEVER,
        every(30),
        ON_FAILED_CHECKS,
        HYBRID,
    ]
    assert (NEVER, ON_FAILED_CHECKS, HYBRID) == ("never", "on failed checks", "hybrid")


def test_only_the_policies_that_see_failed_checks_repair_the_model(compared):
    retrained = {name: found["retrainings"] for name, found in compared["policies"].items()}
    assert (retrained[NEVER], retrained[ON_FAILED_CHECKS], retrained["alert"]) == (0, 1, 0)
    values = {name: found["mean_value"] for name, found in compared["policies"].items()}
    assert values[ON_FAILED_CHECKS] > values[NEVER] + 0.1
    assert values["alert"] != values["alert"] or values["alert"] <= values[NEVER]


def test_periods_are_calendar_months_of_what_was_served(compared):
    periods = compared["policies"][NEVER]["periods"]
    assert [(row["start"], row["end"], row["version"]) for row in periods] == [
        (date(2019, 7, 13), date(2019, 7, 31), 1),
        (date(2019, 8, 1), date(2019, 8, 5), 1),
    ]
    assert [row["metric"] for row in periods] == ["accuracy", "accuracy"]
    # The labels of the last two days never arrive.
    assert [row["n"] for row in periods] == [19 * 192, 3 * 192]
    assert 0.5 < periods[1]["value"] < periods[0]["value"] < 0.9


def test_a_backtest_says_how_late_a_change_was_found_and_what_it_cost(compared):
    found = compared["policies"][ON_FAILED_CHECKS]
    assert found["detection_delay"] == 2.0
    assert found["labels_used"] == sum(row["rows"] for row in found["versions"])
    assert compared["policies"][NEVER]["detection_delay"] is None


def test_a_policy_that_only_alerts_records_that_a_first_version_is_due(compared):
    decisions = compared["policies"]["alert"]["decisions"]
    assert [(row["action"], row["rules"]) for row in decisions] == [("alert", ["no_champion"])]
    assert compared["policies"]["alert"]["periods"] == []


@pytest.fixture(scope="module")
def stable(new_world):
    """Glassware as it never changes, where challengers must be no worse, or better."""
    world = new_world("stable")
    world.write_model()
    with world.active():
        spec = shortened("glassware")
        source = spec.source.model_copy(update={"stationary": True})
        age = spec.monitors.model_copy(update={"age": AgeMonitor(max_days=12)})
        own = spec.model_copy(update={"monitors": age})
        gates = spec.gates.model_copy(update={"comparison": "better"})
        policies = {"own": own, "better": own.model_copy(update={"gates": gates})}
        last = date(2019, 7, 25)
        found = backtest("glassware", policies, last=last, source=source, end_date=None)
    return found["policies"]


def test_in_a_stable_world_nothing_is_retrained_but_by_age(stable):
    found = stable["own"]
    assert {rule for row in found["decisions"] for rule in row["rules"]} == {
        "no_champion",
        "model_age",
    }
    # One day in a thousand may look like drift; it retrains nothing.
    drifting = {alarm["day"] for alarm in found["alarms"] if alarm["check"] != "model_age"}
    assert len(drifting) <= 1
    assert found["retrainings"] == 1


def test_where_a_challenger_must_be_better_a_stable_world_keeps_its_champion(stable):
    decisions = stable["better"]["decisions"]
    assert [row["rules"] for row in decisions] == [["no_champion"], ["model_age"]]
    outcomes = [row["outcome"] for row in decisions]
    assert outcomes[0] == "promoted"
    # One challenger in twenty may look better than its equal.
    assert outcomes.count("rejected") >= 1
    days = [row["day"] for row in decisions]
    assert all((b - a).days >= 12 for a, b in itertools.pairwise(days))


def test_policies_in_processes_of_their_own_say_the_same(new_world, processes):
    world = new_world("apart")
    write_story(world)
    seen = set()
    with world.active():
        found = find_model("tiny")
        history = Backtest(found, last=day(2))
        alerting = found.spec.policy.model_copy(update={"mode": "alert"})
        policies = {
            NEVER: standard_policies(found.spec)[NEVER],
            "alert": found.spec.model_copy(update={"policy": alerting}),
        }
        with quiet():
            together = history.run(policies)
            apart = history.run(policies, lambda policy, when: seen.add(policy), processes=2)
    for result in (together, apart):
        for policy in result["policies"].values():
            del policy["seconds"]
    # As text: an undefined number equals no other.
    assert repr(apart) == repr(together)
    assert seen == set(policies)


# What it is asked


def policies_of(folder, text):
    file = folder / "policies.yaml"
    file.write_text(text)
    spec = ModelSpec(**SPEC)
    return read_policies(file, spec, standard_policies(spec)), spec


def test_policies_of_a_file_differ_from_the_own_one_in_what_they_name(tmp_path):
    text = "careful: {cooldown_days: 30, retrain_on: [performance_drop]}\nold: {max_age_days: 60}"
    found, spec = policies_of(tmp_path, text)
    careful, old = found.values()
    assert careful.policy.cooldown_days == 30
    assert careful.policy.first_training_rows == spec.policy.first_training_rows
    assert careful.monitors == spec.monitors
    assert (old.policy, old.monitors.age.max_days) == (spec.policy, 60)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {cooldown: 30}", "policy 'a', cooldown: there is no such field; there are"),
        ("a: {max_age_days: 0}", "policy 'a', max_age_days: Input"),
        ("a: {max_age_days: abc}", "policy 'a', max_age_days: .* valid integer"),
        ("a: {mode: alert}", "policy 'a': mode: nobody approves .* leave it out"),
        ("a: {approval: manual}", "policy 'a': approval: nobody approves .* leave it"),
        ("a: {training_windows: [recent]}", "policy 'a': .* needs window_days"),
        ("a: {retrain_on: [error_drift]}", "policy 'a': .* needs .*streaming"),
        ("a: {first_training_rows: 20}", "policy 'a': .* 6 test rows, fewer than the 10"),
        ("never: {cooldown_days: 3}", "policy 'never': the name belongs to a standard policy"),
        ("a: {}\n---\nb: {}", "policies.yaml holds 2 documents; make them one"),
        ("", "policies.yaml must map a name to fields of a policy"),
    ],
)
def test_a_mistake_in_the_file_of_policies_is_named(tmp_path, text, told):
    with pytest.raises(UserError, match=told):
        policies_of(tmp_path, text)


def test_days_that_the_model_does_not_have_are_refused():
    with pytest.raises(UserError, match=f"--until {day(9)}"):
        Backtest(Model(ModelSpec(**SPEC), Path()), last=day(9))


def test_a_history_without_labels_has_no_version_and_no_value(new_world):
    world = new_world("unlabelled")
    folder = world.write_model()
    pd.concat([events_of(number) for number in range(7)]).to_csv(folder / "events.csv", index=False)
    labels_of(0).head(0).to_parquet(folder / "labels.parquet", index=False)
    with world.active():
        found = backtest("tiny")["policies"]["own"]
    assert (found["periods"], found["versions"], found["decisions"]) == ([], [], [])
    assert found["retrainings"] == found["labels_used"] == 0


# The command


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "off: {retrain_on: []}",
            'line 1, column 1: YAML reads off as false; put it in quotes: "o',
        ),
        ("a:\n  cooldown_days: 012", "line 2, column 18: YAML reads 012 as 10; write a number in"),
        ("a: {max_age_days: 1_000}", "line 1, column 19: YAML reads 1_000 as 1000"),
        ("a: {mode: {alert}", "line 1, column 11: braces make a mapping; put a text in quotes"),
        ("- a", "line 1, column 1: fields are expected here"),
        ("a: 3", "line 1, column 4: found '3', where fields are expected"),
        ("a: {cooldown: 30}", "policies.yaml: policy 'a', cooldown: there is no such field"),
    ],
)
def test_the_file_of_policies_is_read_as_strictly_as_a_model(tmp_path, text, told):
    file = tmp_path / "policies.yaml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["backtest", "glassware", "--policies", str(file)])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


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
    assert page.count("<polyline") >= 1
    assert "quiet" in page
    for outside in ("http://", "https://", "<script", "src="):
        assert outside not in page
