"""What the checks say about the days of the story."""

import dagster as dg
import pytest

from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.tiny import ROWS, day, evaluations, metadata_of

CHECKS = {
    "data_quality": "events",
    "feature_drift": "drift_metrics",
    "prediction_drift": "drift_metrics",
    "null_spike": "drift_metrics",
    "performance_drop": "performance_metrics",
}


@pytest.fixture
def said(instance):
    """The evaluations of a check by day."""

    def of(check, asset=None):
        found = evaluations(instance, "tiny", asset or CHECKS[check], check)
        return dict(zip([day(number) for number in range(7)], found, strict=True))

    return of


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_is_evaluated_once_a_day(said, check):
    assert list(said(check)) == [day(number) for number in range(7)]


@pytest.mark.parametrize("check", ["feature_drift", "prediction_drift", "null_spike"])
def test_drift_is_unknown_before_the_first_champion(said, check):
    for number in (0, 1):
        found = said(check)[day(number)]
        about = metadata_of(found)
        assert not found.passed
        assert found.severity == dg.AssetCheckSeverity.WARN
        assert (about["verdict"], about["version"]) == ("unknown", "none serves yet")
        assert "no champion serves yet" in found.description


def test_performance_is_unknown_until_labels_are_due(said):
    found = said("performance_drop")
    for number, version in ((2, 1), (5, 2)):
        unknown = found[day(number)]
        assert not unknown.passed
        assert unknown.severity == dg.AssetCheckSeverity.WARN
        assert metadata_of(unknown)["verdict"] == "unknown"
        assert f"no label arrived for a prediction of version {version};" in unknown.description
        assert "labels are due 1 day after their event" in unknown.description

    assert found[day(0)].description == f"unknown: {day(0)}: no champion serves yet"


@pytest.mark.parametrize("check", CHECKS)
def test_the_value_is_a_float_of_the_same_name_every_time_and_nothing_else_is_plotted(said, check):
    for found in said(check).values():
        plotted = {
            name
            for name, value in found.metadata.items()
            if isinstance(value, dg.FloatMetadataValue | dg.IntMetadataValue)
        }
        assert plotted <= {"value", "lower", "upper"}
        assert "value" in plotted or metadata_of(found)["verdict"] == "unknown"


def test_a_failed_performance_drop_says_what_failed_by_how_much_and_what_to_do(said):
    found = said("performance_drop")[day(4)]
    about = metadata_of(found)
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert about["verdict"] == "fail"
    assert about["value"] < float(about["limit"]) < float(about["test value"])
    assert about["lower"] <= about["value"] <= about["upper"]
    assert (about["rows"], about["window"], about["version"]) == (str(ROWS), "1 day", "1")
    assert about["subject"] == "accuracy"
    assert about["production day"] == about["failing production days"] == str(day(3))
    assert "concept drift" in about["next step"]
    assert found.description.startswith(f"{day(4)}: accuracy of version 1 on {day(3)}: 0.0")


def test_a_failed_check_shows_a_chart_as_an_image(said):
    found = Drawing.shown(metadata_of(said("performance_drop")[day(4)])["chart"])
    (_, first), *_, (_, last) = found.points("accuracy of version 1")
    assert first < found.points("limit")[0][1] < last


def test_a_failed_check_lists_its_windows_in_a_table(said):
    table = metadata_of(said("performance_drop")[day(4)])["▾ all windows"]
    records = [record.data for record in table.records]
    assert {record["production days"] for record in records} == {str(day(3)), f"3 days to {day(3)}"}
    assert {record["verdict"] for record in records} == {"fail"}


def test_the_new_champion_is_judged_by_its_own_days(said):
    found = said("performance_drop")[day(6)]
    about = metadata_of(found)
    assert found.passed
    assert (about["version"], about["production day"]) == ("2", str(day(5)))
    assert "failing production days" not in about
    assert "next step" not in about


def test_quiet_features_pass_with_every_column_in_the_table(said):
    found = said("feature_drift")[day(6)]
    about = metadata_of(found)
    assert found.passed
    assert about["version"] == "2"
    assert {record.data["column"] for record in about["▾ columns"].records} == {"a", "b", "c"}
    assert "chart" not in about
    assert "next step" not in about


def test_quality_of_both_sources_passes_with_all_rows(said):
    for asset, first in (("events", 0), ("labels", 1)):
        for number in range(first, 7):
            found = said("data_quality", asset)[day(number)]
            about = metadata_of(found)
            assert found.passed
            assert (about["value"], about["rows"]) == (0.0, str(ROWS))


def test_a_day_on_which_no_label_arrives_is_unknown(said):
    found = said("data_quality", "labels")[day(0)]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert found.description == f"unknown: {day(0)}: no labels arrived"
