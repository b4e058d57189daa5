"""What is known of a model from its tables, as of a day."""

import math
from dataclasses import replace
from datetime import datetime

import pytest

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.store.records import Promotion, Removal, RemovedError, VersionRecord
from mlops_drift_tests.store.model_samples import MONDAY, TABLES, day, put

VERSION = VersionRecord(
    version=1,
    as_of=MONDAY,
    training_set="set",
    rows=10,
    family="linear",
    metric="auc",
    value=0.8,
    lower=0.7,
    upper=0.9,
    n_test=3,
    mlflow_run="run",
)


def put_features(model, *dated):
    put(
        model,
        TABLES.features,
        [
            {"day": day(number), "id": key, "event_time": datetime(2024, 10, 7), "x": 0.5}
            for number, key in dated
        ],
    )


def put_labels(model, *dated):
    put(model, TABLES.labels, [{"day": day(n), "id": key, "y": label} for n, key, label in dated])


def put_predictions(model, *dated):
    put(
        model,
        TABLES.predictions,
        [
            {"day": day(n), "version": version, "id": key, "prediction": "yes", "score": 0.9}
            for n, version, key in dated
        ],
    )


def known(model, as_of, since=None):
    rows = model.labels.labelled(day(as_of), None if since is None else day(since)).to_pylist()
    return [(row["id"], row["y"]) for row in rows]


def test_a_label_is_known_from_the_day_it_arrived(model):
    put_features(model, (0, "b"), (0, "a"), (1, "c"))
    put_labels(model, (0, "a", "yes"), (2, "b", "no"), (3, "c", "yes"))
    assert known(model, 0) == [("a", "yes")]
    assert known(model, 1) == [("a", "yes")]
    assert known(model, 2) == [("a", "yes"), ("b", "no")]
    assert known(model, 3) == [("a", "yes"), ("b", "no"), ("c", "yes")]
    assert known(model, 3, since=1) == [("c", "yes")]
    columns = [*TABLES.features.schema.names, "y"]
    assert model.labels.labelled(day(3), None).schema.names == columns


def test_the_last_correction_that_arrived_counts(model):
    put_features(model, (0, "a"))
    put_labels(model, (1, "a", "yes"), (3, "a", "no"))
    assert [known(model, as_of) for as_of in range(4)] == [
        [],
        [("a", "yes")],
        [("a", "yes")],
        [("a", "no")],
    ]
    assert model.labels.counts(day(2)) == ({day(0): 1}, {"yes"})
    assert model.labels.counts(day(3)) == ({day(0): 1}, {"no"})


def test_a_label_of_no_event_or_from_before_its_event_is_used_nowhere(model):
    put_features(model, (2, "early"), (0, "a"))
    put(model, TABLES.events, model.lake.read(TABLES.features).to_pylist())
    put_labels(model, (1, "early", "yes"), (1, "ghost", "no"), (1, "a", "no"))
    assert known(model, 5) == [("a", "no")]
    assert model.labels.counts(day(5)) == ({day(0): 1}, {"no"})
    assert model.labels.unmatched(day(1), day(1)) == {day(1): 2}
    assert model.labels.unmatched(day(2), day(5)) == {}


def test_a_label_of_an_older_event_than_is_likely_has_an_event(model):
    put_features(model, (0, "old"), (4, "new"))
    put(model, TABLES.events, model.lake.read(TABLES.features).to_pylist())
    put_labels(model, (5, "old", "yes"), (5, "new", "yes"), (5, "ghost", "yes"))
    for likely in (None, day(0), day(3), day(5), day(6)):
        assert model.labels.unmatched(day(5), day(5), likely) == {day(5): 1}


def test_labelled_rows_are_counted_by_the_day_of_their_event(model):
    put_features(model, (0, "a"), (0, "b"), (2, "c"), (3, "d"))
    put_labels(model, (1, "a", "yes"), (4, "b", "no"), (4, "c", "no"))
    assert model.labels.counts(day(4)) == ({day(0): 2, day(2): 1}, {"yes", "no"})
    assert model.labels.counts(day(0)) == ({}, set())


def test_an_empty_lake_answers_every_question(model):
    assert model.landing.last_day() is None
    assert model.versions.promotions() == []
    assert model.versions.champions(day(9), day(9)) == {day(9): None}
    assert model.versions.all() == []
    assert model.decisions.records() == []
    assert model.labels.labelled(day(9), None).num_rows == 0
    assert model.labels.counts(day(9)) == ({}, set())
    assert model.labels.unmatched(day(0), day(9)) == {}
    assert model.predictions.touched(day(0), day(9)) == []
    assert model.predictions.outcomes({}, day(9), 3).num_rows == 0
    assert model.checks.daily_values(day(9)) == []
    assert model.checks.find() == model.checks.latest(day(9)) == []
    assert model.checks.performance_history(day(0), day(9)) == []
    model.coverage.count_on(day(0), day(9), 3)
    assert model.coverage.by_age(day(9), [(0, 3)]) == []
    assert model.predictions.errors_in_order(1, day(9)).num_rows == 0
    assert model.predictions.of_version(1, day(0), {day(9): 1}, 3, []).num_rows == 0
    assert model.predictions.final_outcomes(day(0), day(9)).num_rows == 0


def test_the_last_day_is_the_last_that_has_features(model):
    put_features(model, (0, "a"), (4, "b"))
    assert model.landing.last_day() == day(4)


def promotion(number, as_of, version, decision="initial"):
    return Promotion(number, day(as_of), version, number - 1 or None, "set", "digest", decision)


def test_a_promoted_version_serves_from_the_next_day(model):
    for item in (promotion(1, 0, 1), promotion(2, 3, 2, "d1")):
        model.versions.add_promotion(item)
    serving = model.versions.champions(day(0), day(5)).values()
    assert [item and item.version for item in serving] == [None, 1, 1, 1, 2, 2]
    assert model.versions.promotions(until=day(2)) == [promotion(1, 0, 1)]


def test_of_two_promotions_on_one_day_the_later_serves(model):
    for item in (promotion(2, 1, 3, "d2"), promotion(1, 1, 2, "d1")):
        model.versions.add_promotion(item)
    assert model.versions.champions(day(2), day(2))[day(2)].version == 3


def test_versions_and_promotions_are_recorded_once(model):
    for _ in range(2):
        model.versions.add(VERSION)
        model.versions.add_promotion(promotion(1, 0, 1))
    assert model.versions.all() == [VERSION]
    assert model.versions.get(1) == VERSION
    assert len(model.versions.promotions()) == 1
    with pytest.raises(LookupError, match="has no version 7; materialize challenger"):
        model.versions.get(7)


def outcome_rows(model, first, last, reach=0):
    strides = dict.fromkeys(model.predictions.touched(day(first), day(last)), 1)
    rows = model.predictions.outcomes(strides, day(last), reach).to_pylist()
    return [(row["key"], row["version"], row["label"], row["label_day"]) for row in rows]


def test_outcomes_have_a_row_for_each_version_and_each_arrival_up_to_the_day(model):
    put_predictions(model, (1, 1, "a"), (1, 2, "a"))
    put_labels(model, (0, "a", "no"), (2, "a", "yes"), (4, "a", "no"))
    assert outcome_rows(model, 2, 2) == [("a", 1, "yes", day(2)), ("a", 2, "yes", day(2))]
    assert len(outcome_rows(model, 4, 4)) == 4
    assert outcome_rows(model, 0, 0) == []
    assert outcome_rows(model, 3, 3) == []


def test_outcomes_reach_back_from_the_days_that_labels_are_about(model):
    put_predictions(model, *((number, 1, f"k{number}") for number in range(5)))
    put_labels(model, *((number, f"k{number}", "no") for number in range(4)), (4, "k3", "yes"))
    assert [row[0] for row in outcome_rows(model, 4, 4)] == ["k3", "k3"]
    assert [row[0] for row in outcome_rows(model, 4, 4, reach=2)] == ["k1", "k2", "k3", "k3"]


def performance(number, production_day, *, version=1, window=1, value=0.8, n=10, verdict="pass"):
    return CheckEvaluation(
        check="performance_drop",
        day=day(number),
        production_day=day(production_day),
        version=version,
        subject="auc",
        window=window,
        verdict=verdict,
        code="",
        reason="because",
        value=value,
        threshold=0.05,
        n=n,
    )


def test_daily_values_are_as_last_measured_up_to_a_day(model):
    found = [
        performance(1, 0, value=0.8, n=10),
        performance(3, 0, value=0.6, n=20),
        performance(3, 0, value=0.1, window=7),
        performance(3, 2, value=math.nan, n=1),
        performance(3, 1, version=2, value=0.5),
    ]
    model.checks.replace("performance_metrics", day(1), day(3), found)

    def values(until):
        rows = model.checks.daily_values(day(until))
        return [(row["day"], row["version"], row["value"], row["n"]) for row in rows]

    assert values(2) == [(day(0), 1, 0.8, 10)]
    assert values(3) == [(day(0), 1, 0.6, 20), (day(1), 2, 0.5, 10)]


def drift(number, *, version=1, verdict="fail", subject="x"):
    found = performance(number, number, version=version, verdict=verdict, value=0.4)
    return replace(found, check="feature_drift", subject=subject)


def test_what_checks_found_is_read_by_day_check_and_verdict(model):
    drifted = [drift(1), drift(2), drift(3), drift(3, verdict="pass", subject="z"), drift(4)]
    model.checks.replace("drift_metrics", day(1), day(4), drifted)
    realized = [performance(3, 1, verdict="fail"), performance(3, 2, verdict="unknown")]
    model.checks.replace("performance_metrics", day(3), day(3), realized)
    assert model.checks.find(day(2), day(3), failed=True) == [drift(2), drift(3), realized[0]]
    assert model.checks.find(checks={"performance_drop"}) == realized
    assert model.checks.latest(day(3)) == [drifted[2], drifted[3], *realized]
    model.checks.replace("drift_metrics", day(1), day(4), [])
    assert model.checks.find() == realized


# What was removed


def test_labelled_rows_that_were_removed_still_count(model):
    put_features(model, (0, "a"), (0, "b"), (1, "c"), (5, "d"))
    put_labels(model, (1, "a", "yes"), (1, "b", "no"), (2, "c", "yes"), (6, "d", "yes"))
    before = [model.labels.counts(day(number)) for number in (5, 9)]
    model.labels.remember_counts(day(1), day(9))
    empty = TABLES.features.schema.empty_table()
    model.lake.replace_days(TABLES.features, day(0), day(0), empty)
    assert [model.labels.counts(day(number)) for number in (5, 9)] == before
    model.labels.remember_counts(day(2), day(9))
    model.lake.replace_days(TABLES.features, day(0), day(1), empty)
    assert [model.labels.counts(day(number)) for number in (5, 9)] == before


def test_rows_that_come_back_are_not_counted_twice(model):
    put_features(model, (0, "a"), (0, "b"))
    put_labels(model, (1, "a", "yes"), (1, "b", "no"))
    model.labels.remember_counts(day(1), day(9))
    assert model.labels.counts(day(9)) == ({day(0): 2}, {"yes", "no"})


def test_a_removed_version_says_when_and_why_it_went(model):
    model.versions.add(VERSION)
    model.versions.require_kept([1, 2])
    removal = Removal(1, day(20), "set", "nothing points to it any more")
    model.versions.add_removal(removal)
    model.versions.add_removal(Removal(1, day(21), "set", "again"))
    assert model.versions.removals() == {1: removal}
    model.versions.require_kept([2])
    told = f"version 1 was removed by the retention on {day(20)} .nothing points to it any more"
    with pytest.raises(RemovedError, match=told):
        model.versions.require_kept([2, 1])
