"""What the pages of a told story show: the numbers of a day, two weeks, links, small tables."""

import dagster as dg
import pytest

from mlops_drift.assets import column_lineage
from mlops_drift.assets.failures import Failures
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.monitors.base import REPLACED
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.schema.columns import Column
from mlops_drift.schema.verdicts import overall
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.tiny import ROWS, SPEC, day, evaluations, merged, metadata_of

DAILY = ["events", "labels", "features", "production_predictions"]
ASSETS = [*DAILY, "drift_metrics", "performance_metrics", "training_set", "challenger"]
ASSETS += ["test_predictions", "champion", "decisions"]
CHECKS = {
    "events": ["data_quality", "volume", "freshness"],
    "labels": ["data_quality", "freshness"],
    "drift_metrics": ["feature_drift", "prediction_drift", "null_spike"],
    "performance_metrics": ["performance_drop", "estimated_performance", "label_drift"],
    "challenger": ["test_accuracy", "calibration", "beats_champion", "cv_test_gap"],
    "champion": ["approval_pending"],
}


@pytest.fixture
def shown(instance):
    """The metadata of the last event of an asset."""

    def of(asset):
        event = instance.get_latest_materialization_event(dg.AssetKey(["tiny", asset]))
        return metadata_of(event.asset_materialization)

    return of


@pytest.fixture
def model(story):
    with open_lake() as lake:
        yield ModelContext.of(lake, find_model("tiny").spec, open_registry())


def rows_of(table):
    return [record.data for record in table.records]


def test_the_page_of_the_performance_has_the_numbers_of_its_day_and_of_two_weeks(shown):
    about = shown("performance_metrics")
    assert list(about)[:4] == ["verdict", "accuracy", "lower", "upper"]
    assert (about["verdict"], about["day"], about["version"]) == ("pass", str(day(6)), "2")
    assert about["lower"] <= about["accuracy"] <= about["upper"]
    assert (about["rows"], about["window"]) == (str(ROWS), "1 day")
    assert about["report"].endswith("/assets/tiny/report")
    rows = rows_of(about["last 14 days"])
    assert [row["day"] for row in rows] == [str(day(number)) for number in range(6, 1, -1)]
    by_day = {row["day"]: row for row in rows}
    assert by_day[str(day(6))]["accuracy"] == about["accuracy"]
    assert by_day[str(day(4))]["accuracy"] < by_day[str(day(4))]["limit"]
    assert by_day[str(day(4))]["checks"].startswith("1 fail")
    assert [row["version"] for row in rows] == ["2", "2", "1", "1", "1"]


def test_the_page_of_the_drift_says_how_many_columns_drifted_and_the_worst(shown):
    about = shown("drift_metrics")
    assert (about["verdict"], about["columns drifted"]) == ("pass", "0 of 3")
    assert about["worst column"] in ("a", "b", "c")
    assert about["limit"] == "0.1"
    assert len(rows_of(about["last 14 days"])) == 5


def test_the_worst_evaluation_of_a_day_is_that_of_the_ranking(model):
    checks = model.store.checks
    for asset in ("performance_metrics", "drift_metrics"):
        found = checks.worst_by_day(asset, day(0), day(6))
        assert found
        for one in found:
            mine = [
                item
                for item in checks.find(one.day, one.day, checks=[one.check])
                if item.version == one.version and item.code != REPLACED
            ]
            worst = worst_first(mine)[0]
            assert one.verdict == overall([item.verdict for item in mine])
            assert (one.subject, one.window, one.n) == (worst.subject, worst.window, worst.n)
            assert one.value == worst.value or worst.value != worst.value
            assert one.subjects == len({item.subject for item in mine})


def test_a_failed_check_leads_to_the_report_the_decision_and_the_version(instance):
    found = evaluations(instance, "tiny", "performance_metrics", "performance_drop")[4]
    about = metadata_of(found)
    assert about["verdict"] == "fail"
    assert about["failing since"] == str(day(4))
    assert about["report"].endswith("/assets/tiny/report")
    assert about["decisions"].endswith(f"/assets/tiny/decisions?view=partitions&partition={day(4)}")
    assert "/#/models/tiny/versions/1" in about["mlflow version"]


def test_once_it_was_decided_a_failed_check_leads_to_the_retraining(model):
    (failed, *_) = model.store.checks.find(day(4), day(4), checks=["performance_drop"], failed=True)
    about = Failures(model).on(day(4))(failed)
    assert f"decision%3Dtiny-v1-{day(4)}" in about["retraining run"].value
    assert "retraining run" not in Failures(model).on(day(3))(failed)


def test_a_retraining_leads_back_to_the_check_that_failed(shown):
    about = shown("training_set")
    page = "/assets/tiny/performance_metrics?view=checks&checkDetail=performance_drop"
    assert about["failed performance_drop"].endswith(page)
    for asset in ("challenger", "test_predictions", "champion"):
        assert shown(asset)["report"].endswith("/assets/tiny/report")
        assert "/#/models/tiny/versions/2" in shown(asset)["mlflow version"]


def test_the_challenger_shows_all_gates_by_their_distance_to_the_limit(instance):
    records = instance.fetch_observations(dg.AssetKey(["tiny", "challenger"]), limit=9).records
    about = metadata_of(records[0].asset_observation)
    drawn = Drawing.shown(about["all gates"])
    assert drawn.texts("title") == [f"version 2: {about['gates']}"]
    assert "gates passed; tightest: " in about["gates"]
    assert any(text.endswith(": pass") for text in drawn.texts("end"))


def test_tables_have_room_and_numbers_few_digits(instance):
    found = 0
    for asset in ASSETS:
        key = dg.AssetKey(["tiny", asset])
        made = instance.fetch_materializations(key, limit=99).records
        events = [record.asset_materialization for record in made]
        for name in CHECKS.get(asset, ()):
            events += evaluations(instance, "tiny", asset, name)
        for name, value in [item for event in events for item in event.metadata.items()]:
            found += 1
            if isinstance(value, dg.TableMetadataValue):
                assert len(value.schema.columns) <= 8, (asset, name)
            elif isinstance(value, dg.FloatMetadataValue):
                assert value.value == float(f"{value.value:.4g}"), (asset, name)
            elif isinstance(value, dg.TextMetadataValue):
                assert not any(len(word) > 32 for word in value.text.split()), (asset, name)
    assert found > 100


def test_columns_say_what_they_are_made_of(shown):
    features = shown("features")["dagster/column_lineage"].deps_by_column
    (dep,) = features["a"]
    assert (dep.asset_key.path, dep.column_name) == (["tiny", "events"], "a")
    answers = shown("production_predictions")["dagster/column_lineage"].deps_by_column
    assert {dep.column_name for dep in answers["score"]} == {"a", "b", "c"}
    assert {dep.column_name for dep in answers["id"]} == {"id"}


def test_a_derived_column_is_made_of_all_that_the_sql_reads():
    spec = ModelSpec(
        **merged(
            SPEC,
            {
                "columns": {"made": Column(type="number", derived=True).model_dump()},
                "features_sql": "SELECT id, (SELECT count(*) FROM past_labels) AS made FROM events",
                "history_days": 3,
            },
        )
    )
    lineage = column_lineage.of_features(spec)["dagster/column_lineage"].deps_by_column
    assert {dep.asset_key.path[-1] for dep in lineage["made"]} == {"events", "labels"}
    assert ("labels", "y") in {(dep.asset_key.path[-1], dep.column_name) for dep in lineage["made"]}
