"""The functions of the guide train, measure, judge and watch a model, up to a rebuilt version."""

import sys
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.lifecycle.decisions import plan_digest
from mlops_drift.lifecycle.promotion import approve
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.registry.code_digests import learning_code_digest, own_code_digest
from mlops_drift_tests import steps
from mlops_drift_tests.lifecycle.people import ANN
from mlops_drift_tests.test_docs import GUIDE, blocks, write_package
from mlops_drift_tests.tiny import SPEC, day, events_of, labels_of, merged

PAGE = GUIDE / "own-estimators.md"
NAMES = {"a": "tenure", "b": "charge", "c": "plan"}
PACKAGE = "shop"


def forget_code():
    """As in a new process."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    for cached in (family, metric_named, learning_code_digest, own_code_digest):
        cached.cache_clear()


@pytest.fixture(scope="module")
def shop(new_world):
    """A world with the package and the YAML of the guide, and three days with a champion."""
    world = new_world("functions")
    package = write_package(world.root)
    sections = [yaml.safe_load(text) for text in blocks(PAGE, "yaml")]
    changes = {"columns": dict.fromkeys(NAMES, ...)}
    for section in sections:
        changes = merged(changes, section)
    changes["columns"] |= {NAMES[name]: SPEC["columns"][name] for name in NAMES}
    changes["gates"] |= {"trusted_columns": ["tenure"]}
    changes["gates"]["metrics"]["accuracy"] = 0.7
    with pytest.MonkeyPatch.context() as patch, world.active():
        patch.syspath_prepend(world.root)
        forget_code()
        folder = world.write_model(changes)
        events = pd.concat([events_of(number).rename(columns=NAMES) for number in range(6)])
        events.to_csv(folder / "events.csv", index=False)
        labels = pd.concat([labels_of(number) for number in range(6)])
        labels.to_parquet(folder / "labels.parquet", index=False)
        with steps.opened(world) as about:
            steps.do_days(world, about, 0, 3)
            run = steps.train(about, day(3))
            gates = run.judge_gates()
            run.record_baseline()
            approve(about, ANN, 1)
            steps.do_days(world, about, 4, 5)
            yield SimpleNamespace(world=world, about=about, package=package, gates=gates)
    forget_code()


def test_a_function_is_searched_gated_promoted_and_scores(shop):
    record = shop.about.store.versions.get(1)
    assert record.family == "shop.estimators:monotone"
    trials = shop.about.registry.read_json("tiny", 1, "trials.json")["trials"]
    assert [trial["family"].partition(":")[2] for trial in trials] == ["linear"] + 5 * ["monotone"]
    assert {gate.name: gate.verdict for gate in shop.gates if gate.verdict != "pass"} == {}
    assert {"test_profit", "both_classes"} <= {gate.name for gate in shop.gates}
    predictions = shop.about.store.tables.predictions
    scored = shop.about.store.lake.rows("SELECT DISTINCT version, day FROM p", p=predictions)
    assert sorted((row["version"], row["day"]) for row in scored) == [(1, day(4)), (1, day(5))]


def test_its_metric_is_measured_in_production_with_an_interval(shop):
    [found] = [
        one
        for one in shop.about.store.checks.find(day(5))
        if one.check == "performance_drop" and one.production_day == day(4) and one.window == 1
    ]
    assert found.subject == "shop.metrics:profit"
    assert found.lower < found.value < found.upper
    [own] = [one for one in shop.about.store.checks.find(day(5)) if one.check == "enough_events"]
    assert (own.verdict, own.n) == ("pass", 60)


def test_the_version_is_rebuilt_bit_for_bit_with_its_search(shop):
    made = rebuild(shop.about, 1, search_again=True)
    assert (made.is_same, made.same_code, made.same_recipe) == (True, True, True)


def test_a_plain_pipeline_passes_every_gate_and_is_rebuilt(shop):
    spec = shop.about.spec
    alone = {"families": ["shop.estimators:linear"], "search_space": {}}
    training = spec.training.model_copy(update=alone)
    store = shop.about.store
    about = ModelContext.of(
        store.lake, spec.model_copy(update={"training": training}), shop.about.registry
    )
    run = steps.train(about, day(3), name="plain")
    judged = run.judge_gates()
    # It need not be better than the champion.
    assert {one.name for one in judged if one.verdict != "pass"} <= {"beats_champion"}
    made = rebuild(about, run.version)
    assert (made.is_same, made.same_code) == (True, True)


def test_the_same_code_gives_the_same_version_and_another_source_a_new_one(shop):
    assert steps.train(shop.about, day(3), name="again").version == 1
    planned = plan_digest(shop.about.spec)
    signs = shop.package / "signs.py"
    before = signs.read_text()
    try:
        signs.write_text(before.replace("1}", "-1}"))
        forget_code()
        made = rebuild(shop.about, 1)
        assert (made.is_same, made.same_code) == (False, False)
        assert plan_digest(shop.about.spec) != planned
        run = steps.train(shop.about, day(5), name="changed")
        assert run.version > 1
        [compared] = [one for one in run.judge_gates() if one.name == "beats_champion"]
        assert compared.n >= 10
        assert (
            compared.numbers["lower"] < compared.numbers["difference"] < compared.numbers["upper"]
        )
    finally:
        signs.write_text(before)
        forget_code()


def test_a_gate_is_no_part_of_a_version_but_of_the_plan_of_a_retraining(shop):
    planned = plan_digest(shop.about.spec)
    gates = shop.package / "gates.py"
    before = gates.read_text()
    try:
        gates.write_text(before + "\n")
        forget_code()
        assert plan_digest(shop.about.spec) != planned
        assert rebuild(shop.about, 1).same_code
    finally:
        gates.write_text(before)
        forget_code()


def test_a_version_whose_code_is_gone_says_what_to_bring_back(shop):
    module = shop.package / "estimators.py"
    away = module.rename(shop.package / "renamed.py")
    try:
        forget_code()
        message = "version 1 of tiny was made by code that is gone: 'shop.estimators:linear' cannot"
        with pytest.raises(UserError, match=message):
            rebuild(shop.about, 1)
    finally:
        away.rename(module)
        forget_code()


def test_a_function_that_fails_ends_the_training_with_its_sentence(shop):
    module = shop.package / "estimators.py"
    before = module.read_text()
    try:
        module.write_text(before.replace("by_type = ", "by_type = 1 / 0\n    by_type = "))
        forget_code()
        message = r"^shop.estimators:linear failed: ZeroDivisionError: division by zero \(estima"
        with pytest.raises(UserError, match=message):
            steps.train(shop.about, day(3), name="broken")
    finally:
        module.write_text(before)
        forget_code()
