"""A challenger that waits, on a real lake: it scores once, and is held against the champion."""

import shutil
from math import nan

import duckdb
import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.shadow.scoring import measure_shadows, score_shadows, shadow_summary
from mlops_drift.pipeline import scoring
from mlops_drift.pipeline.logged import SPEC
from mlops_drift.pipeline.monitoring import measure_drift, measure_performance
from mlops_drift.pipeline.scoring import Served, score_days
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.registry.base import VersionPackage
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.records import Promotion
from mlops_drift_tests import tiny
from mlops_drift_tests.pipeline.watched import N, Watched, events, flipped
from mlops_drift_tests.tiny import day

OTHER = {"prediction": "yes", "score": 0.8}


class Shadowed(Watched):
    """Served days of version 1, beside which version 2 waits."""

    def wait(self, version, on, decision="d2"):
        self.model.decisions.record(Decision("retrain", "because", day(on), decision))
        self.settle("waiting", version, on, decision)

    def settle(self, stage, version, on, decision="d2"):
        outcome = Outcome(stage, day(on), "because", version)
        self.model.decisions.record_outcome(decision, outcome)

    def shadow(self, *frames, version=2):
        self._put(self.tables.shadow_predictions, *(f.assign(version=version) for f in frames))

    def read(self, table):
        return self.model.lake.read(getattr(self.tables, table)).to_pylist()

    def score(self, registry, first, last=None):
        last = first if last is None else last
        return score_shadows(ModelContext(self.spec, self.model, registry), day(first), day(last))

    def compared(self, first, last=None):
        last = first if last is None else last
        return measure_shadows(ModelContext(self.spec, self.model), day(first), day(last))

    def rows(self, number):
        """The rows of a day by window."""
        return {row["window"]: row for row in self.read("shadow") if row["day"] == day(number)}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The folder of a lake in which version 1 has served five days."""
    folder = tmp_path_factory.mktemp("served")
    with duckdb.connect() as connection:
        made = Shadowed(DeltaLake(folder, connection))
        made.promote(1, on=0)
        made.serve(*(events(number) for number in range(1, 6)))
    return folder


@pytest.fixture
def watched(served, lake):
    shutil.copytree(served, lake.root)
    return Shadowed(lake)


def pipeline(target_of):
    """A pipeline that has learned from `a` what a function says."""
    rows = events(-9, 300)
    pick = ColumnTransformer([("a", "passthrough", ["a"])])
    return Pipeline([("pick", pick), ("model", LogisticRegression())]).fit(rows, target_of(rows))


@pytest.fixture(scope="module")
def registry():
    """Version 1 knows the rule, version 2 the opposite, version 3 guesses."""
    made = MemoryRegistry()
    rules = (
        lambda rows: rows["y"],
        lambda rows: flipped(rows)["y"],
        lambda rows: np.where(np.arange(len(rows)) % 3, "no", "yes"),
    )
    logged = {SPEC: ModelSpec(**tiny.SPEC).model_dump(mode="json")}
    for number, rule in enumerate(rules):
        identity = {"n": str(number)}
        made.register(
            "tiny", VersionPackage(pipeline(rule), None, None, identity, {}, {}, {}, logged)
        )
    return made


# Scored


def test_without_a_shadow_nothing_is_loaded_scored_or_written(watched, monkeypatch):
    monkeypatch.setattr(scoring, "predict_table", None)
    queries = []
    lake = watched.model.lake
    for name in ("query", "rows"):
        asked = getattr(lake, name)
        monkeypatch.setattr(
            lake, name, lambda *a, asked=asked, **k: queries.append(a) or asked(*a, **k)
        )
    assert watched.score(None, 3) == Served(0, 0, ())
    assert watched.compared(3) is None
    assert len(queries) == 1
    names = watched.model.lake.names()
    assert not [name for name in names if name.endswith("_shadow")]


def test_a_challenger_scores_the_days_on_which_it_waits_and_its_answers_are_its_own(
    watched, registry
):
    watched.wait(2, on=2)
    assert watched.score(registry, 1, 5) == Served(3 * N, 3 * N, (2,))
    rows = watched.read("shadow_predictions")
    assert {(row["day"], row["version"]) for row in rows} == {
        (day(number), 2) for number in (3, 4, 5)
    }
    told = events(3).set_index("id")["a"]
    mine = [row for row in rows if row["day"] == day(3)]
    agrees = [(row["prediction"] == "yes") == (told[row["id"]] < 0) for row in mine]
    assert np.mean(agrees) > 0.9
    served = watched.read("predictions")
    score_days(ModelContext(watched.spec, watched.model, registry), day(1), day(5))
    assert watched.read("predictions") == served


def test_what_was_scored_stays_and_only_what_is_new_is_added(watched, registry):
    watched.wait(2, on=2)
    late = events(3).tail(50)
    watched._put(watched.tables.features, events(3).head(N - 50))
    assert watched.score(registry, 3).added == N - 50
    before = watched.read("shadow_predictions")
    assert watched.score(registry, 3) == Served(N - 50, 0, (2,))
    # The same events with other features: what was scored was scored.
    watched._put(watched.tables.features, events(3).assign(a=0.0))
    assert watched.score(registry, 3) == Served(N, 50, (2,))
    after = watched.read("shadow_predictions")
    assert [row for row in after if row["id"] not in set(late["id"])] == before
    assert len(after) == N


def test_a_backfill_after_the_outcome_scores_what_the_days_would_have(watched, registry):
    watched.wait(2, on=1)
    watched.score(registry, 2)
    watched.settle("rejected", 2, on=3)
    watched.wait(3, on=4, decision="d3")
    assert watched.score(registry, 1, 5) == Served(3 * N, 2 * N, (2, 3))
    found = {(row["day"], row["version"]) for row in watched.read("shadow_predictions")}
    assert found == {(day(2), 2), (day(3), 2), (day(5), 3)}


# Held against the champion


def test_numbers_are_those_of_the_events_that_both_scored(watched):
    watched.wait(2, on=1)
    watched.shadow(events(2).assign(**OTHER), events(3).head(150).assign(**OTHER))
    watched.arrive(4, events(1), events(2), events(3).head(20))
    found = watched.compared(4)
    assert (found.day, found.shadow.champion, found.shadow.challenger) == (day(4), 1, 2)
    whole, last, three = (watched.rows(4)[window] for window in (0, 1, 3))
    second, third = events(2), events(3).head(150)
    assert (whole["since"], whole["scored"], whole["n"]) == (day(1), N + 150, N + 20)
    assert (last["production_day"], last["scored"], last["n"]) == (day(3), 150, 20)
    assert (three["scored"], three["n"]) == (N + 150, N + 20)
    right = [*(second["prediction"] == second["y"]), *(third["prediction"] == third["y"])[:20]]
    yes = [*(second["y"] == "yes"), *(third["y"] == "yes")[:20]]
    assert whole["champion_value"] == pytest.approx(np.mean(right))
    assert whole["challenger_value"] == pytest.approx(np.mean(yes))
    assert whole["difference"] == pytest.approx(np.mean(yes) - np.mean(right))
    assert whole["lower"] < whole["difference"] < whole["upper"] < 0
    no = [*(second["prediction"] == "no"), *(third["prediction"] == "no")]
    assert whole["disagreement"] == pytest.approx(np.mean(no))
    assert whole["challenger_score"] == pytest.approx(0.8)
    assert whole["champion_score"] == pytest.approx(np.mean([*second["score"], *third["score"]]))
    assert [(item.day, item.n) for item in found.days] == [(day(2), N), (day(3), 20)]


def test_the_champion_alone_has_the_same_value_as_in_its_own_measurement(watched):
    watched.wait(2, on=1)
    watched.shadow(events(2).assign(**OTHER))
    watched.arrive(3, events(2))
    watched.compared(3)
    [own] = watched.verdicts(3)
    assert (own.value, own.n) == (watched.rows(3)[1]["champion_value"], N)


def test_labels_count_from_the_day_they_arrive_and_a_correction_from_its_own(watched):
    watched.wait(2, on=1)
    watched.shadow(*(events(number).assign(**OTHER) for number in (2, 3, 4)))
    watched.arrive(3, events(2))
    watched.arrive(4, flipped(events(2)), events(3).head(10))
    watched.compared(2, 4)
    assert [watched.rows(number)[0]["n"] for number in (2, 3, 4)] == [0, N, N + 10]
    before, after = watched.rows(3)[0]["champion_value"], watched.rows(4)[3]
    assert watched.rows(3)[1]["champion_value"] == before
    share = (N * (1 - before) + 10 * watched.rows(4)[1]["champion_value"]) / (N + 10)
    assert after["champion_value"] == pytest.approx(share)


def test_a_range_of_days_says_what_day_after_day_says(watched):
    watched.wait(2, on=1)
    watched.shadow(*(events(number).assign(**OTHER) for number in (2, 3, 4)))
    watched.arrive(3, events(2))
    watched.arrive(4, flipped(events(2)).head(70), events(3))
    watched.arrive(5, events(4))
    watched.settle("rejected", 2, on=4)
    for number in range(1, 6):
        latest = watched.compared(number)
        assert (latest is None) == (number in (1, 5))
    one_by_one = sorted(map(repr, watched.read("shadow")))
    assert {row["day"] for row in watched.read("shadow")} == {day(2), day(3), day(4)}
    together = watched.compared(1, 5)
    assert together.day == day(4)
    assert sorted(map(repr, watched.read("shadow"))) == one_by_one


def test_a_day_without_events_still_counts_the_labels_that_arrive_on_it(watched):
    watched.wait(2, on=4)
    watched.shadow(events(5).assign(**OTHER))
    watched.arrive(7, events(5))
    assert watched.compared(6).windows[0].n == 0
    assert watched.compared(7).windows[0].n == N


def test_without_labels_there_is_only_how_much_they_differ(watched):
    watched.wait(2, on=1)
    watched.shadow(events(2).assign(**OTHER))
    assert watched.compared(2).days == []
    found = watched.rows(2)[0]
    assert (found["scored"], found["n"]) == (N, 0)
    assert found["disagreement"] == np.mean(events(2)["prediction"] == "no")
    assert np.isnan([found["champion_value"], found["difference"], found["upper"]]).all()


def test_events_that_only_one_of_them_scored_are_left_out(watched):
    watched.wait(2, on=1)
    watched.shadow(events(6).assign(**OTHER))
    assert watched.compared(6) is None
    assert watched.read("shadow") == []


def test_after_a_change_of_champion_only_days_of_the_new_one_count(watched):
    watched.wait(2, on=1)
    watched.promote(3, on=3)
    watched.serve(events(4), events(5), version=3)
    watched.shadow(*(events(number).assign(**OTHER) for number in (2, 3, 4, 5)))
    watched.arrive(5, *(events(number) for number in (2, 3, 4)))
    watched.compared(3, 5)
    assert (watched.rows(3)[0]["champion"], watched.rows(3)[0]["scored"]) == (1, 2 * N)
    assert (watched.rows(5)[0]["champion"], watched.rows(5)[0]["scored"]) == (3, 2 * N)
    assert watched.rows(5)[0]["n"] == N


def test_the_summary_is_of_the_last_day_on_which_the_version_shadowed(watched):
    watched.wait(2, on=1)
    watched.shadow(*(events(number).assign(**OTHER) for number in (2, 3)))
    watched.arrive(3, events(2))
    watched.settle("promoted", 2, on=3)
    watched.compared(2, 5)
    found = shadow_summary(watched.model, 2)
    assert [(row["day"], row["window"]) for row in found] == [(day(3), 0), (day(3), 1)]
    assert found[0] == watched.rows(3)[0]
    assert shadow_summary(watched.model, 3) == []


def test_one_class_leaves_a_metric_undefined_and_is_stored(lake):
    watched = Shadowed(lake, {"training": {"metric": "recall"}})
    watched.promote(1, on=0)
    watched.serve(events(1), events(2))
    watched.wait(2, on=1)
    watched.shadow(events(2).assign(**OTHER))
    watched.arrive(3, events(2).assign(y="no"))
    watched.compared(3)
    found = watched.rows(3)[0]
    assert (found["metric"], found["n"]) == ("recall", N)
    assert repr([found["champion_value"], found["lower"]]) == repr([nan, nan])


def test_what_is_measured_of_the_champion_is_the_same_with_a_shadow(tmp_path, registry):
    stored = []
    with duckdb.connect() as connection:
        for name in ("alone", "shadowed"):
            watched = Shadowed(DeltaLake(tmp_path / name, connection))
            watched.promote(1, on=0)
            watched._put(watched.tables.features, *(events(number) for number in range(1, 6)))
            if name == "shadowed":
                watched.wait(2, on=1)
            watched.arrive(4, events(1), events(2), flipped(events(3)))
            spec, model = watched.spec, watched.model
            score_days(ModelContext(spec, model, registry), day(1), day(5))
            watched.score(registry, 1, 5)
            measure_drift(ModelContext(spec, model), day(1), day(5))
            measure_performance(ModelContext(spec, model), day(1), day(5))
            watched.compared(1, 5)
            assert bool(watched.read("shadow")) == (name == "shadowed")
            tables = ("predictions", "profiles", "drift", "checks")
            stored.append({table: sorted(map(repr, watched.read(table))) for table in tables})
    assert stored[0] == stored[1]
    assert all(stored[0].values())


def test_the_model_is_measured_with_text_keys_and_numbers_too(lake):
    changes = {
        "key_type": "text",
        "target": {"kind": "regression", "classes": None, "positive": None},
        "training": {"metric": "rmse"},
        "gates": {"metrics": {"accuracy": ..., "mae": 0.5}},
    }
    watched = Shadowed(lake, changes)
    watched.model.versions.add_promotion(Promotion(1, day(0), 1, None, "set", "reference", "d1"))
    rows = events(2)
    rows = rows.assign(
        id=rows["id"].astype(str), y=3 * rows["a"], prediction=3 * rows["a"] + 1, score=rows["a"]
    )
    watched.serve(rows)
    watched.wait(2, on=1)
    watched.shadow(rows.assign(prediction=rows["y"], score=rows["y"]))
    watched.arrive(3, rows.head(60))
    watched.compared(3)
    found = watched.rows(3)[0]
    assert (found["champion_value"], found["challenger_value"]) == (pytest.approx(1), 0)
    assert (found["difference"], found["disagreement"]) == (pytest.approx(-1), 1)
    assert (found["scored"], found["n"]) == (N, 60)
