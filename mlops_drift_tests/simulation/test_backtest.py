"""The backtest and its variants: decisions as in a run, policies side by side."""

import itertools
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mlops_drift import project
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import Model, find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake
from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.simulation.backtest import Backtest
from mlops_drift.simulation.historical_run import HistoricalRun
from mlops_drift.simulation.instance import open_instance, quiet
from mlops_drift.simulation.variants import (
    HYBRID,
    NEVER,
    ON_FAILED_CHECKS,
    every,
    standard_policies,
)
from mlops_drift_tests.processes import fresh_processes
from mlops_drift_tests.simulation.backtests import SHORT, STORY, backtest, shortened
from mlops_drift_tests.story import write_story
from mlops_drift_tests.tiny import SPEC, day, events_of, labels_of


def write_short(world, model):
    """A shipped model under another name, with a short search."""
    described = yaml.safe_load((project.SHIPPED_DEFS / model / "defs.yaml").read_text())
    described["attributes"]["name"] = f"short_{model}"
    described["attributes"]["training"] |= {**SHORT, "families": ["linear"]}
    # Half of the month that it learns from.
    described["attributes"]["policy"]["first_training_rows"] = 750
    folder = world.defs / model
    folder.mkdir()
    (folder / "defs.yaml").write_text(yaml.safe_dump(described))


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
    days = [date(2019, 12, 14), date(2019, 12, 16)]
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


def test_policies_in_processes_of_their_own_say_the_same(new_world, monkeypatch):
    monkeypatch.setattr("mlops_drift.simulation.backtest.get_context", lambda _: fresh_processes())
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
