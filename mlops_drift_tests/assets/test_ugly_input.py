"""Every way in which a day's data may be wrong, through the daily job with a serving champion."""

import json

import dagster as dg
import numpy as np
import pytest
from click.testing import CliRunner

from mlops_drift.cli.main import main
from mlops_drift.schema.numbers import rounded
from mlops_drift.store.lake import Scan
from mlops_drift_tests.assets.faulty_days import (
    DUPLICATES,
    EARLY_LABEL,
    EARLY_ROW,
    EMPTY,
    EVENTS,
    FIRST,
    LABELS,
    LAST,
    MISSING_FILE,
    MISSING_KEY,
    NEW_CATEGORY,
    NULLS,
    UNDATED,
    WRONG_LABELS,
    WRONG_VALUES,
)
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.tiny import (
    ROWS,
    day,
    evaluations,
    events_of,
    failures,
    labels_of,
    materialization,
    metadata_of,
)


@pytest.fixture(scope="module")
def faulty(begin):
    """All days, each run once."""
    world = begin("faulty")
    folder = world.write_model(
        {
            "end_date": day(LAST),
            "source": {
                "events": {"path": "events/{day}.csv"},
                "labels": {"path": "labels/{day}.csv", "missing": "empty"},
            },
        }
    )
    (folder / "events").mkdir()
    (folder / "labels").mkdir()
    for number in range(FIRST, LAST + 1):
        if number != MISSING_FILE:
            events = EVENTS.get(number, lambda n=number: events_of(n))()
            events.to_csv(folder / "events" / f"{day(number)}.csv", index=False)
        labels = LABELS.get(number, lambda n=number: labels_of(n - 1))()
        labels.to_csv(folder / "labels" / f"{day(number)}.csv", index=False)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        days = range(FIRST, LAST + 1)
        results = {number: world.run_days(instance, day(number)) for number in days}
        yield world, instance, results


@pytest.fixture
def world(faulty):
    with faulty[0].active():
        yield faulty[0]


@pytest.fixture
def results(faulty):
    return faulty[2]


def check(result, asset, name):
    """A check of a run: whether it passed, and its evaluation with plain metadata."""
    (found,) = [
        item
        for item in result.get_asset_check_evaluations()
        if item.check_name == name and item.asset_key.path[-1] == asset
    ]
    return found, metadata_of(found)


def rows(world, table, number):
    with world.lake() as model:
        scan = Scan(getattr(model.tables, table), day(number), day(number))
        return model.lake.read(scan).to_pylist()


def quarantined(world, number, source):
    return [row for row in rows(world, "quarantined", number) if row["source"] == source]


def reasons(world, number, source="events"):
    return sorted(row["reason"] for row in quarantined(world, number, source))


# What cannot be read stops the day, and says what to do


def test_a_missing_file_fails_the_day_and_names_the_file(results):
    result = results[MISSING_FILE]
    assert not result.success
    (message,) = failures(result).values()
    assert f"{day(MISSING_FILE)}.csv: no such file" in message
    assert "defs.yaml" in message


def test_a_day_without_its_key_fails_and_names_the_column_and_those_found(results, world):
    result = results[MISSING_KEY]
    assert not result.success
    (message,) = failures(result).values()
    assert "missing columns: 'id'; found 'day', 'a', 'b', 'c'" in message
    assert rows(world, "events", MISSING_KEY) == []


@pytest.mark.parametrize("number", range(EMPTY, LAST + 1))
def test_every_other_day_is_run_to_its_end(results, number):
    assert results[number].success, failures(results[number])


# What can be read is screened


def test_an_empty_day_is_unknown_and_never_green(results, world):
    result = results[EMPTY]
    assert rows(world, "events", EMPTY) == rows(world, "predictions", EMPTY) == []
    for asset, name in (
        ("events", "data_quality"),
        ("drift_metrics", "feature_drift"),
        ("drift_metrics", "prediction_drift"),
        ("drift_metrics", "null_spike"),
    ):
        found, about = check(result, asset, name)
        assert not found.passed
        assert found.severity == dg.AssetCheckSeverity.WARN
        assert about["verdict"] == "unknown"


def test_a_column_of_nulls_is_scored_and_fails_both_checks_of_features(results, world):
    assert len(rows(world, "predictions", NULLS)) == ROWS - 2
    for name, told in (("feature_drift", "b moved: "), ("null_spike", "b lost values: ")):
        found, about = check(results[NULLS], "drift_metrics", name)
        assert not found.passed
        assert about["verdict"] == "fail"
        assert about["subject"] == "b"
        assert found.description.startswith(f"{day(NULLS)}: {told}")


def test_a_new_category_is_scored_and_fails_feature_drift(results, world):
    assert {row["c"] for row in rows(world, "features", NEW_CATEGORY)} == {"green"}
    assert len(rows(world, "predictions", NEW_CATEGORY)) == ROWS - 6
    _, about = check(results[NEW_CATEGORY], "drift_metrics", "feature_drift")
    assert (about["verdict"], about["subject"]) == ("fail", "c")


def test_duplicate_keys_are_kept_aside_and_the_first_row_stays(results, world):
    found = reasons(world, DUPLICATES)
    assert [reason for reason in found if reason.startswith("id")] == [
        *["id: duplicate key"] * 3,
        *["id: the key exists on an earlier day"] * 2,
    ]
    assert len(rows(world, "events", DUPLICATES)) == ROWS - 2
    evaluation, about = check(results[DUPLICATES], "events", "data_quality")
    assert not evaluation.passed
    assert about["value"] == pytest.approx(6 / (ROWS + 4))


def test_wrong_and_infinite_values_are_kept_aside_with_their_reason(results, world):
    assert reasons(world, WRONG_VALUES) == [
        "a: 1,5 is not a number",
        "a: abc is not a number",
        "a: missing",
        "a: not finite",
        "a: not finite",
        "id: the key is missing",
    ]
    kept = rows(world, "features", WRONG_VALUES)
    assert len(kept) == ROWS - 6
    assert all(np.isfinite(row["a"]) for row in kept)
    raw = [json.loads(row["row"]) for row in quarantined(world, WRONG_VALUES, "events")]
    assert "abc" in {row["a"] for row in raw}


def test_the_failed_quality_check_names_the_reasons_and_the_table(results):
    found, about = check(results[WRONG_VALUES], "events", "data_quality")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert f"6 of {ROWS} events cannot be used (10.0 %" in found.description
    assert (about["value"], about["limit"], about["rows"]) == (0.1, "0.01", str(ROWS))
    assert "landing.tiny_quarantined" in about["next step"]


def test_labels_without_an_event_are_kept_counted_and_used_nowhere(results, world):
    assert reasons(world, WRONG_LABELS, "labels") == [
        "id: duplicate key",
        "y: missing",
        "y: perhaps is not an allowed value (no, yes)",
    ]
    landed = rows(world, "labels", WRONG_LABELS)
    assert {900001, 900002} <= {row["id"] for row in landed}
    found, about = check(results[WRONG_LABELS], "labels", "data_quality")
    assert not found.passed
    assert about["value"] == rounded(5 / (ROWS + 1))
    assert "no event has this key so far (2)" in found.description
    with world.lake() as model:
        assert not {900001, 900002} & set(model.labels.labelled(day(LAST), None)["id"].to_pylist())


def test_a_label_before_its_event_is_used_nowhere(world):
    key = int(events_of(EARLY_LABEL + 1)["id"][EARLY_ROW])
    assert key in {row["id"] for row in rows(world, "events", EARLY_LABEL + 1)}
    assert key in {row["id"] for row in rows(world, "labels", EARLY_LABEL)}
    with world.lake() as model:
        early_on = model.labels.labelled(day(EARLY_LABEL), None)["id"].to_pylist()
    assert key not in early_on


def test_a_row_without_a_day_counts_against_the_quality(results, world):
    assert len(rows(world, "events", UNDATED)) == ROWS - 2
    found, about = check(results[UNDATED], "events", "data_quality")
    assert not found.passed
    assert about["value"] == pytest.approx(6 / (ROWS + 4))
    assert "day: is not a day such as 2024-10-01 (1)" in found.description


def test_a_day_with_few_quarantined_rows_reports_them_as_metadata(results):
    about = materialization(results[WRONG_VALUES], "tiny", "events")
    assert about["dagster/row_count"] == ROWS - 6
    assert about["quarantined rows"] == 6
    assert {
        record.data["reason"]: record.data["rows"] for record in about["quarantined"].records
    } == {
        "a: is not a number": 2,
        "a: missing": 1,
        "a: not finite": 2,
        "id: the key is missing": 1,
    }


def test_bad_quality_alone_asks_for_no_retraining(faulty, world):
    with world.lake() as model:
        failed = {item.check for item in model.checks.find(day(FIRST), failed=True)}
    assert failed == {"data_quality", "feature_drift", "null_spike"}
    _, instance, _ = faulty
    (request,) = world.look(instance).run_requests
    assert request.tags["mlops_drift/reason"] == "feature_drift"
    assert request.run_key == f"tiny-v1-{day(NULLS)}"


def test_every_evaluation_of_an_unknown_is_a_warning_that_does_not_pass(faulty):
    _, instance, _ = faulty
    found = [
        evaluation
        for asset, name in (
            ("events", "data_quality"),
            ("labels", "data_quality"),
            ("drift_metrics", "feature_drift"),
            ("drift_metrics", "prediction_drift"),
            ("drift_metrics", "null_spike"),
            ("performance_metrics", "performance_drop"),
        )
        for evaluation in evaluations(instance, "tiny", asset, name)
    ]
    unknown = [item for item in found if metadata_of(item)["verdict"] == "unknown"]
    assert len(unknown) >= 5
    assert not any(item.passed for item in unknown)
    assert {item.severity for item in unknown} == {dg.AssetCheckSeverity.WARN}


@pytest.mark.parametrize(
    ("command", "undefined"),
    [
        (["status", "tiny"], False),
        (["sql", "SELECT * FROM monitoring.tiny_drift"], True),
        (["sql", "SELECT 'nan'::DOUBLE AS x, 'inf'::DOUBLE AS y"], True),
    ],
)
def test_what_cannot_be_computed_is_null_in_json(world, command, undefined):
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    result = CliRunner().invoke(main, [*command, "--format", "json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout, parse_constant=refuse)
    assert ("null" in result.stdout) or not undefined


# Drift, day by day and over a range


def test_failed_drift_says_what_moved_how_far_and_shows_it(results):
    for number, column in ((NULLS, "b"), (NEW_CATEGORY, "c")):
        found, about = check(results[number], "drift_metrics", "feature_drift")
        assert found.severity == dg.AssetCheckSeverity.ERROR
        assert isinstance(found.metadata["value"], dg.FloatMetadataValue)
        assert (about["subject"], about["version"]) == (column, "1")
        assert about["day"] == str(day(number))
        assert "See first whether the pipeline" in about["next step"]
        assert column in Drawing.shown(about["chart"]).texts("title")[0]
        table = [record.data for record in about["▾ columns"].records]
        assert table[0]["column"] == column
        assert {row["column"] for row in table} == {"a", "b", "c"}


def test_the_drift_check_of_a_range_names_every_failing_day(faulty, world):
    _, instance, _ = faulty
    result = world.run_days(instance, day(NULLS), day(NEW_CATEGORY))
    assert result.success
    found, about = check(result, "drift_metrics", "feature_drift")
    assert not found.passed
    assert about["failing days"] == f"{day(NULLS)}, {day(NEW_CATEGORY)}"
