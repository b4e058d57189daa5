"""The daily drift path on a lake: profiles, windows, verdicts and what explains them."""

import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.explain import rank
from mlops_drift.drift.profile import profile
from mlops_drift.pipeline.profiles import fit_reference, prediction_kinds
from mlops_drift.store.memory import MemoryLake
from mlops_drift_tests.pipeline.served import (
    COLUMNS,
    IMPORTANCE,
    Served,
    distances,
    expected_distances,
    features_of,
    predictions_of,
    shifted,
    values_of,
    verdicts,
)
from mlops_drift_tests.tiny import SPEC, day


def nine_quiet_days(lake):
    """A champion of day -1, and the days that it served."""
    made = Served(lake)
    made.reference = made.promote(1, on=-1)
    made.put_days(*(features_of(number) for number in range(9)))
    return made


@pytest.fixture(scope="module")
def quiet(tmp_path_factory, database):
    return nine_quiet_days(MemoryLake(tmp_path_factory.mktemp("quiet"), database))


@pytest.fixture
def served(quiet, tmp_path):
    """The quiet days, to go their own way."""
    root = shutil.copytree(quiet.model.lake.root, tmp_path / "lake")
    made = Served(quiet.model.lake.copy(root))
    made.reference = quiet.reference
    return made


# Values: exact distances


def test_a_window_of_one_day_has_the_exact_distances_of_its_values(served):
    (found,) = served.measure(4)
    mine = verdicts(found)
    for column in ("a", "b"):
        born = values_of(features_of(-1, 600), column=column)
        today = values_of(features_of(4), column=column)
        assert distances(mine[column]) == expected_distances(born, today)
    born, today = predictions_of(-1, 1, 300)["score"], predictions_of(4)["score"]
    assert distances(mine["score"]) == expected_distances(born, today)
    for column in ("c", "prediction"):
        assert distances(mine[column]) == (None, None, None)


def test_longer_windows_have_exact_distances_only_for_the_columns_that_are_judged_by_them(
    memory_lake,
):
    own = {"b": {"metric": "ks"}, "score": {"metric": "wasserstein"}}
    served = Served(memory_lake, columns=own)
    served.promote(1, on=-1)
    served.put_days(*(features_of(number) for number in range(5)))
    ranged = served.measure(0, 4)[-1]
    (alone,) = served.measure(4)
    for found in (ranged, alone):
        mine = verdicts(found, window=3)
        assert {name for name in COLUMNS if mine[name].measures.value("ks") is not None} == set(own)
        born = values_of(features_of(-1, 600), column="b")
        union = values_of(*(features_of(number) for number in (2, 3, 4)), column="b")
        assert distances(mine["b"]) == expected_distances(born, union)
        assert (mine["b"].metric, mine["b"].value) == ("ks", mine["b"].measures.value("ks"))
        assert mine["b"].p == mine["b"].measures.ks_p
        union = pd.concat([predictions_of(number) for number in (2, 3, 4)])["score"]
        born = predictions_of(-1, 1, 300)["score"]
        assert distances(mine["score"]) == expected_distances(born, union)
        assert mine["score"].value == mine["score"].measures.value("wasserstein")


def test_windows_of_days_without_exact_metrics_carry_none(served):
    found = served.measure(0, 4)[-1]
    assert all(distances(item) == (None, None, None) for item in verdicts(found, window=3).values())


# Counts: profiles and windows


def profile_of(served, *numbers):
    """The profile of some days' rows, all at once."""
    names = served.spec.columns
    features = pd.concat([features_of(number) for number in numbers])[list(names)]
    predicted = pd.concat([predictions_of(number) for number in numbers])
    return {
        **profile(served.reference.select(names), pa.Table.from_pandas(features)),
        **profile(
            served.reference.select(prediction_kinds(served.spec)), pa.Table.from_pandas(predicted)
        ),
    }


def test_a_days_stored_profile_counts_its_rows(served):
    served.measure(0, 3)
    rows = served.stored("profiles")
    assert len(rows) == 4 * len(COLUMNS)
    of_day = {day(number): profile_of(served, number) for number in range(4)}
    for row in rows:
        assert ColumnProfile.from_dict(row) == of_day[row["day"]][row["column"]]
        assert row["version"] == 1


def test_a_window_is_the_profile_of_its_days_together(served):
    for found in (served.measure(0, 4)[-1], served.measure(4)[0]):
        assert list(found.windows) == [1, 3]
        assert found.windows[1] == profile_of(served, 4)
        assert found.windows[3] == profile_of(served, 2, 3, 4)


def test_every_window_and_column_has_a_verdict_of_each_rule(served):
    found = served.measure(0, 4)[-1]
    assert [(item.window, item.column, item.rule) for item in found.verdicts] == [
        (window, column, rule)
        for window in (1, 3)
        for column in sorted(COLUMNS)
        for rule in ("drift", "nulls")
    ]
    assert {item.verdict for item in found.verdicts} == {"pass"}
    assert {item.measures.n for item in verdicts(found, window=3).values()} == {600}
    assert (found.day, found.events, found.champion.version) == (day(4), 200, 1)


# Days and ranges


def judged(days):
    return [(found.day, found.champion, found.windows, found.verdicts) for found in days]


def tables(served):
    return [repr(served.stored(name)) for name in ("checks", "drift", "profiles")]


def test_a_range_of_days_says_what_day_after_day_says(served):
    served.promote(2, on=1)
    served.put_days(*(shifted(number) for number in (3, 4)), version=2)
    served.put(served.tables.predictions, predictions_of(2, 2), predictions_of(5, 2))
    found = [served.measure(number)[0] for number in range(6)]
    alone, stored = judged(found), tables(served)
    assert judged(served.measure(0, 5)) == alone
    assert tables(served) == stored
    assert judged([*served.measure(0), *served.measure(1, 3), *served.measure(4, 5)]) == alone
    assert tables(served) == stored
    assert verdicts(found[4], window=3)["a"].verdict == "fail"


def test_a_day_that_is_run_again_changes_nothing(served):
    before = judged(served.measure(0, 4))
    stored = tables(served)
    assert judged(served.measure(2)) == before[2:3]
    assert judged(served.measure(4)) == before[4:]
    assert tables(served) == stored


def test_the_stored_rows_are_the_verdicts_with_their_numbers(lake):
    served = nine_quiet_days(lake)
    found = served.measure(0, 4)
    numbers = {(r["day"], r["column"], r["window"]): r for r in served.stored()}
    rows = {(r["day"], r["check"], r["subject"], r["window"]): r for r in served.stored("checks")}
    verdicts = [(item.day, verdict) for item in found for verdict in item.verdicts]
    assert (2 * len(numbers), len(rows)) == (len(verdicts), len(verdicts))
    for on, verdict in verdicts:
        of_features = "feature_drift" if verdict.column in IMPORTANCE else "prediction_drift"
        check = "null_spike" if verdict.rule == "nulls" else of_features
        row = rows[on, check, verdict.column, verdict.window]
        for name in ("value", "threshold", "p", "q", "verdict", "reason"):
            assert row[name] == getattr(verdict, name)
        measured = numbers[on, verdict.column, verdict.window]
        expected = verdict.measures.to_dict()
        assert {name: measured[name] for name in expected} == expected


# Who served


def test_a_window_begins_after_the_promotion(served):
    served.promote(2, on=4)
    served.put(served.tables.predictions, *(predictions_of(number, 2) for number in range(5, 9)))
    found = served.measure(3, 8)
    assert [item.champion.version for item in found] == [1, 1, 2, 2, 2, 2]
    reached = [{window: one["a"].n for window, one in item.windows.items()} for item in found]
    assert reached == [
        {1: 200},
        {1: 200, 3: 400},
        {1: 200},
        {1: 200, 3: 400},
        {1: 200, 3: 600},
        {1: 200, 3: 600},
    ]
    assert judged(served.measure(5)) == judged(found[2:3])
    assert found[0].reference.digest != found[2].reference.digest


def test_each_version_is_judged_by_what_it_predicted_itself(served):
    served.put(served.tables.predictions, predictions_of(4, 1), predictions_of(4, 2, n=50))
    (found,) = served.measure(4)
    assert found.windows[1]["score"].n == 200


def test_a_version_that_comes_back_is_judged_by_the_days_since_it_came_back(served):
    served.promote(2, on=1)
    served.put(served.tables.predictions, *(predictions_of(number, 2) for number in (2, 3)))
    served.promote(1, on=3, number=3)
    alone = judged(served.measure(number)[0] for number in range(7))
    stored = tables(served)
    assert [champion.number for _, champion, *_ in alone] == [1, 1, 2, 2, 3, 3, 3]
    reached = [windows[max(windows)]["a"].n for _, _, windows, _ in alone]
    assert reached == [200, 400, 200, 400, 200, 400, 600]
    assert judged(served.measure(0, 6)) == alone
    assert tables(served) == stored


def test_days_before_the_first_champion_are_counted_and_not_judged(memory_lake):
    served = Served(memory_lake)
    served.put_days(*(features_of(number) for number in range(4)))
    served.promote(1, on=1)
    found = served.measure(0, 3)
    assert [item.events for item in found] == [200] * 4
    assert [item.champion and item.champion.version for item in found] == [None, None, 1, 1]
    assert not found[0].verdicts
    assert not found[0].windows
    assert {row["day"] for row in served.stored()} == {day(2), day(3)}


def test_an_empty_day_is_unknown_and_counts_as_no_rows_in_a_window(memory_lake):
    served = Served(memory_lake)
    served.promote(1, on=-1)
    served.put_days(features_of(0), features_of(2))
    _, empty, after = served.measure(0, 2)
    assert (empty.events, empty.windows[1]["a"].n, empty.windows[3]["a"].n) == (0, 0, 200)
    assert {item.verdict for item in verdicts(empty).values()} == {"unknown"}
    assert "a was not judged: 0 rows over 1 day" in verdicts(empty)["a"].reason
    assert {item.verdict for item in verdicts(empty, window=3).values()} == {"pass"}
    assert after.windows[3]["a"].n == 400
    assert judged([served.measure(1)[0]]) == judged([empty])
    assert served.measure(20)[0].events == 0


def test_a_day_without_predictions_is_unknown_for_those_alone(memory_lake):
    served = Served(memory_lake)
    served.promote(1, on=-1)
    served.put(served.tables.features, features_of(0))
    (found,) = served.measure(0)
    assert {name: item.verdict for name, item in verdicts(found).items()} == {
        **dict.fromkeys(["a", "b", "c"], "pass"),
        **dict.fromkeys(["score", "prediction"], "unknown"),
    }


def test_a_regression_is_judged_by_its_score(memory_lake):
    served = Served(memory_lake)
    target = {"column": "y", "kind": "regression", "label_delay_days": 1}
    changes = {"training": {"metric": "mae"}, "gates": {"metrics": {"mae": 1}, "min_rows": 10}}
    served.spec = ModelSpec(**{**SPEC, "target": target, **changes})
    assert list(prediction_kinds(served.spec)) == ["score"]
    made = features_of(0)
    trained, tested = map(pa.Table.from_pandas, (made.assign(y=1.5), predictions_of(0)))
    columns = fit_reference(served.spec, trained, tested).columns
    assert list(columns) == ["a", "b", "c", "y", "score"]
    assert columns["y"].kind == "numeric"


# What failed


def test_lost_values_are_told_under_their_own_check(served):
    usual = features_of(4)
    served.put_days(usual.assign(b=usual["b"].where(np.arange(200) >= 60)))
    served.measure(0, 4)
    before = features_of(-1, 600)["b"].isna().mean()
    failed = [row for row in served.stored("checks") if row["verdict"] == "fail"]
    by_check = {(row["check"], row["window"]): row for row in failed}
    assert {row["subject"] for row in failed} == {"b"}
    row = by_check["null_spike", 1]
    share = (60 + usual["b"].iloc[60:].isna().sum()) / 200
    assert row["threshold"] == 0.05
    assert row["value"] == pytest.approx(share - before)
    assert row["q"] < 0.001
    assert row["reason"].startswith("b lost values: share of null went from ")
    assert ("feature_drift", 1) in by_check


def test_columns_are_ranked_by_how_far_they_moved_times_how_much_they_matter(memory_lake):
    served = Served(memory_lake)
    served.promote(1, on=-1, importance={"a": 0.05, "b": 0.9, "c": 0.05})
    served.put_days(shifted(0, column="b", by=1.0, a=np.full(200, 9.0)))
    (found,) = served.measure(0)
    features = [item for item in found.verdicts if item.column in IMPORTANCE]
    order = rank(features, found.importance)
    assert [item.worst.column for item in order] == ["b", "a", "c"]
    assert [item.importance for item in order] == [0.9, 0.05, 0.05]
    b, a, _ = order
    assert a.worst.excess > b.worst.excess
    assert b.priority == pytest.approx(b.worst.value / b.worst.threshold * 0.9)
