"""What the drift checks say about days that were judged."""

from datetime import timedelta

import dagster as dg
import numpy as np
import pytest

from mlops_drift.checks.monitors import monitor_specs
from mlops_drift.schema.numbers import rounded
from mlops_drift_tests.checks.judged_days import (
    CHECKS,
    IMPORTANCE,
    KEY,
    TINY,
    judged,
    lost,
    plain,
    records,
    results,
    rows_of,
    unserved,
)
from mlops_drift_tests.tiny import day


@pytest.fixture(scope="module")
def quiet():
    return judged()


@pytest.fixture(scope="module")
def reported(drifted):
    """What the checks say about that day."""
    return results(drifted)


# Verdicts


def test_every_check_is_declared_described_and_reported(quiet):
    declared = monitor_specs(TINY, "drift_metrics", KEY)
    names = [one.name for one in CHECKS]
    assert [item.name for item in declared] == names == list(results(quiet))
    assert {item.asset_key for item in declared} == {KEY}
    assert all(len(item.description) > 40 for item in declared)
    assert not any(item.blocking for item in declared)


def test_a_quiet_day_passes_and_says_what_came_nearest(quiet):
    for name, found in results(quiet).items():
        about = plain(found)
        assert found.passed
        assert about["verdict"] == "pass"
        assert "failing days" not in about
        assert 0 <= about["value"] < float(about["limit"])
        nearest = max(
            item.excess
            for item in quiet.verdicts
            if (item.rule == "nulls") == (name == "null_spike")
            and (name == "null_spike" or (item.column in TINY.columns) == (name == "feature_drift"))
        )
        assert about["value"] / float(about["limit"]) == pytest.approx(nearest, abs=0.001)
        assert found.description.startswith(f"{day(5)}: {about['subject']} ")


def test_before_the_first_champion_all_is_unknown_with_the_reason_and_the_events():
    for found in results(unserved(0), unserved(1)).values():
        about = plain(found)
        assert not found.passed
        assert found.severity == dg.AssetCheckSeverity.WARN
        assert found.description == f"unknown: {day(1)}: no champion serves yet"
        assert (about["verdict"], about["version"]) == ("unknown", "none serves yet")
        assert "value" not in about
        assert about["day"] == str(day(1))
        assert "next step" not in about


def test_a_day_with_few_rows_is_unknown_with_the_reason():
    few = {1: rows_of(1, 20), 7: rows_of(2, 40)}
    for found in results(judged(windows=few)).values():
        about = plain(found)
        assert not found.passed
        assert found.severity == dg.AssetCheckSeverity.WARN
        assert about["verdict"] == "unknown"
        assert "at least 50 are needed" in found.description
        assert "chart" not in about


def test_a_failure_is_an_error_of_the_check_that_it_belongs_to(reported):
    assert [item.passed for item in reported.values()] == [False, True, True]
    assert reported["feature_drift"].severity == dg.AssetCheckSeverity.ERROR
    served = judged(windows={1: rows_of(1, score=np.sqrt)})
    assert [item.passed for item in results(served).values()] == [True, False, True]
    lacking = judged(windows={1: rows_of(1, b=lost)})
    assert [item.passed for item in results(lacking).values()] == [False, True, False]


# Sentences and numbers


def test_the_sentence_names_column_number_limit_and_window_of_each_failed_column(drifted, reported):
    told = reported["feature_drift"].description
    day_, _, rest = told.partition(": ")
    assert day_ == str(day(5))
    sentences = rest.split("; ")
    moved = [sentence for sentence in sentences if " moved: " in sentence]
    by_column = {v.column: v for v in drifted.verdicts if v.verdict == "fail" and v.rule == "drift"}
    assert set(by_column) == {"a", "b", "d"}
    for sentence in moved:
        verdict = by_column[sentence.split()[0]]
        assert f"JS distance {verdict.value:.3f} (limit 0.100, q < 0.0001)" in sentence
        assert f"over {verdict.window} day" in sentence
        assert f"{verdict.measures.n:,} rows" in sentence
    assert {sentence.split()[0] for sentence in moved} == {"a", "b", "d"}


def test_the_numbers_are_those_of_the_furthest_column(drifted, reported):
    found = reported["feature_drift"]
    about = plain(found)
    (furthest,) = [
        item
        for item in drifted.verdicts
        if (item.column, item.window, item.rule) == ("a", 1, "drift")
    ]
    assert isinstance(found.metadata["value"], dg.FloatMetadataValue)
    assert about["subject"] == "a"
    assert (about["value"], about["q"]) == (rounded(furthest.value), "< 0.0001")
    assert furthest.q < 0.0001
    assert (about["rows"], about["reference rows"], about["window"]) == ("1,000", "1,000", "1 day")
    assert (about["day"], about["version"]) == (str(day(5)), "3")
    assert "pipeline" in about["next step"]


def test_lost_values_are_told_with_both_shares_and_what_to_do():
    found = results(judged(windows={1: rows_of(1, b=lost)}))["null_spike"]
    about = plain(found)
    assert found.description.startswith(
        f"{day(5)}: b lost values: share of null went from 0.0 % to 25.0 % (limit +5.0 %, q "
    )
    assert found.description.endswith("over 1 day, 1,000 rows")
    assert (about["subject"], about["value"], about["limit"]) == ("b", 0.25, "0.05")
    assert "failed join" in about["next step"]
    moved = records(found, "moved bins")
    assert moved[0] == {"column": "b", "bin": "null", "before": 0.0, "after": 0.25}


# Tables


def test_columns_are_in_the_order_of_drift_times_importance(reported):
    found = records(reported["feature_drift"], "columns")
    assert {row["column"] for row in found} == set(TINY.columns)
    failed = [row for row in found if row["verdict"] == "fail"]
    assert found[: len(failed)] == failed
    priorities = [row["value"] / row["limit"] * row["importance"] for row in failed]
    assert priorities == sorted(priorities, reverse=True)
    assert failed[0]["column"] == "b"
    assert {row["column"]: row["importance"] for row in found} == IMPORTANCE
    assert {row["column"]: row["window"] for row in failed} == {"a": 1, "b": 7, "d": 1}
    before_and_now = records(reported["feature_drift"], "columns before and now")
    (a,) = [row for row in before_and_now if row["column"] == "a"]
    assert a["mean before"] == pytest.approx(0, abs=0.1)
    assert a["mean"] == pytest.approx(3, abs=0.1)


def test_predictions_have_no_importance_of_their_own(reported):
    found = records(reported["prediction_drift"], "columns")
    assert {row["column"] for row in found} == {"score", "prediction"}
    assert all("importance" not in row for row in found)


def test_every_column_has_a_row_for_each_window(reported):
    found = records(reported["feature_drift"], "windows")
    assert [(row["column"], row["window"]) for row in found] == [
        (column, window) for column in "abcde" for window in (1, 7)
    ]
    assert {(row["column"], row["window"]) for row in found if row["verdict"] == "fail"} == {
        ("a", 1),
        ("b", 7),
        ("d", 1),
    }
    assert {row["against"] for row in found} == {"reference"}
    rows = records(reported["feature_drift"], "other distances")
    assert {row["rows"] for row in rows if row["window"] == 7} == {2000}


def test_moved_bins_are_those_of_the_columns_that_failed(reported):
    found = records(reported["feature_drift"], "moved bins")
    assert {row["column"] for row in found} == {"a", "b", "d"}
    assert all(row["before"] != row["after"] for row in found)
    top = next(row for row in found if row["column"] == "a")
    assert top["bin"].startswith(">= ")
    assert top["after"] > 0.9 > 0.2 > top["before"]


def test_segments_say_where_a_failed_column_moved(reported):
    found = records(reported["feature_drift"], "segments")
    assert [row["segment"] for row in found] == ["red", "blue", "green", "grey", "pink"]
    assert found[0] == {
        "column": "b",
        "by": "c",
        "segment": "red",
        "share of the shift": 0.9,
        "rows before": 0.1,
        "rows": 0.2,
        "distance within": 0.5,
    }


def test_a_check_that_passes_explains_nothing(reported):
    for name in ("prediction_drift", "null_spike"):
        about = plain(reported[name])
        assert not {"▾ moved bins", "▾ segments", "chart", "next step"} & set(about)


# Ranges


def test_a_range_is_told_by_its_worst_day_and_names_every_failing_day(quiet, drifted):
    mild = judged(number=4, windows={1: rows_of(1, e=lambda values: values + 0.5)})
    later = judged(number=6)
    found = results(unserved(3), mild, drifted, later)["feature_drift"]
    about = plain(found)
    assert found.description.startswith(f"{day(5)}: ")
    assert (about["verdict"], about["day"], about["subject"]) == ("fail", str(day(5)), "a")
    assert about["failing days"] == f"{day(4)}, {day(5)}"


def test_of_a_range_one_day_that_could_be_judged_decides(quiet):
    few = judged(number=4, windows={1: rows_of(1, 20), 7: rows_of(2, 40)})
    assert few.day == quiet.day - timedelta(days=1)
    for found in results(few, quiet).values():
        assert found.passed
        assert plain(found)["day"] == str(day(5))
