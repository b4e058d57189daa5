"""A model whose events a service has answered is watched as one whose events come by files."""

from pathlib import Path

import pandas as pd
import pytest

from mlops_drift import settings
from mlops_drift.assets.common import asset_key
from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.service_traffic import log_folder, serve
from mlops_drift_tests.simulation.backtests import STORY, backtest
from mlops_drift_tests.steps import opened
from mlops_drift_tests.tiny import (
    SPEC,
    day,
    evaluations,
    events_of,
    failures,
    materialization,
    metadata_of,
)

SINCE = 4
# What says where the rows came from.
OF_THE_SOURCE = {"predictions.tiny_served", "landing.tiny_files", "landing.tiny_received"}


def become_served(world):
    """Lets a service answer the events of `tiny` from a day on: the files have none of these."""
    source = {
        "kind": "service",
        "since": day(SINCE),
        "offline": SPEC["source"],
        **dict.fromkeys(("events", "labels"), ...),
    }
    folder = world.write_model({"source": source})
    older = pd.concat([events_of(number) for number in range(SINCE)])
    older.to_csv(folder / "events.csv", index=False)


@pytest.fixture(scope="module")
def served_world(begin):
    """The story, its last days answered by a service, each before its daily run."""
    world = begin("served")
    with world.active(), open_instance() as instance:
        become_served(world)
        for number in range(SINCE, 7):
            with opened(world) as about:
                champion = about.store.versions.champions(day(number), day(number))[day(number)]
                serve(about, number, champion.version)
            world.replay(instance, until=day(number))
    return world


def test_served_days_are_predicted_watched_and_decided_on_as_the_same_days_by_files(
    served_world, told_story
):
    by_service, by_files = served_world.tables(), told_story.world.tables()
    assert by_service.keys() == by_files.keys() | {"predictions.tiny_served"}
    checks = by_service["monitoring.tiny_checks"]
    by_service["monitoring.tiny_checks"] = [
        row for row in checks if "('asset', 'serving_metrics')" not in row
    ]
    for name in by_files.keys() - OF_THE_SOURCE:
        assert by_service[name] == by_files[name], name
    with served_world.active(), opened(served_world) as about:
        versions = about.store.predictions.served()
        assert len(versions) == 2
        assert list(log_folder(about).iterdir()) == []


def test_what_was_served_is_what_the_batch_path_makes(served_world):
    with served_world.active(), opened(served_world) as about:
        skew = about.store.checks.find(checks={"serving_skew"})
        rules = about.store.checks.find(day(SINCE), checks={"rules_share"})
    assert {one.day for one in skew} == {day(number) for number in range(SINCE, 7)}
    assert {(one.verdict, one.value, one.n) for one in skew} == {("pass", 0.0, 60)}
    # Windows of 60 rows are too short, and no champion has served two days.
    assert {(one.verdict, one.value) for one in rules} == {("unknown", 0.0)}


def test_a_daily_run_shows_what_it_has_shipped_and_changes_nothing_when_it_is_run_again(
    served_world, tmp_path
):
    world = served_world.copy(tmp_path)
    with world.active(), open_instance() as instance:
        with opened(world) as about:
            serve(about, 5, 1, again=1)
        result = world.run_days(instance, day(5))
        assert result.success
        assert materialization(result, "tiny", "served") == {
            "dagster/row_count": 120,
            "shipped segments": 2,
            "shipped requests": 20,
            "shipped rows": 60,
            "bytes that are still in the log": 0,
            "bytes that are missing from the log": 0,
        }
        assert materialization(result, "tiny", "events")["quarantined rows"] == 60
        assert materialization(result, "tiny", "production_predictions")["added rows"] == 0
        skew, latest = evaluations(instance, "tiny", "serving_metrics", "serving_skew")[-2:]
        assert skew.passed
        assert skew.description == (
            "2024-03-06: the 60 events of the day are those of the log, in all columns; 60 further "
            "rows came twice or late, and are quarantined"
        )
        assert latest.description == (
            "2024-03-07: the 60 events of the day are those of the log, in all columns "
            "(as of 2024-03-07, the last day)"
        )
        before = world.tables()
        result = world.run_days(instance, day(5))
        assert materialization(result, "tiny", "served")["shipped rows"] == 0
        assert world.tables() == before


def test_a_damaged_log_fails_the_run_with_the_file_and_nothing_lands(served_world, tmp_path):
    world = served_world.copy(tmp_path)
    with world.active(), open_instance() as instance:
        with opened(world) as about:
            serve(about, 5, 1, workers=1)
            [path] = log_folder(about).iterdir()
        data = path.read_bytes()
        path.write_bytes(data[:100] + b"?" + data[101:])
        before = world.tables()
        result = world.run_days(instance, day(5))
        assert not result.success
        assert f"{path}: the frame at byte 0 is corrupt" in failures(result)["tiny__served"]
        assert world.tables() == before


def test_without_its_lake_the_run_fails_and_the_log_stays(served_world, tmp_path):
    world = served_world.copy(tmp_path)
    with world.active(), open_instance() as instance:
        with opened(world) as about:
            serve(about, 5, 1)
            kept = sorted(log_folder(about).iterdir())
        lake = Path(settings.lake_root())
        lake.rename(tmp_path / "elsewhere")
        result = world.run_days(instance, day(5))
        assert not result.success
        reason = failures(result)["tiny__served"]
        assert f"the lake in {lake} has no promotion of tiny" in reason
        assert sorted(log_folder(about).iterdir()) == kept
        assert not lake.exists()


def test_served_comes_before_events_and_only_where_a_service_answers(served_world, told_story):
    found = {}
    for name, world in {"service": served_world, "files": told_story.world}.items():
        with world.active():
            graph = world.definitions.resolve_asset_graph()
            spec = world.spec()
            found[name] = {key.path[-1] for key in graph.get(asset_key(spec, "events")).parent_keys}
            job = world.definitions.resolve_job_def("tiny_daily")
            assert ("tiny__served" in [node.name for node in job.nodes]) == (name == "service")
    assert found == {"service": {"served"}, "files": set()}


def test_a_backtest_decides_on_served_days_as_the_run_did(served_world):
    with served_world.active(), opened(served_world) as about:
        ran = read_timeline(about, day(0), day(6)).to_dict()
        before = served_world.tables()
        tested = backtest("tiny")["policies"]["own"]
        assert served_world.tables() == before
    assert {name: tested[name] for name in STORY} == {name: ran[name] for name in STORY}


def test_a_feature_that_was_another_one_is_an_error_of_its_check(served_world, tmp_path):
    world = served_world.copy(tmp_path)
    with world.active(), open_instance() as instance:
        with opened(world) as about:
            table, lake = about.store.tables.served, about.store.lake
            rows = lake.query(
                """
                SELECT * REPLACE (CASE WHEN key IN (5007, 5003)
                    THEN json_merge_patch(features, '{"b": 0.125}') ELSE features END AS features)
                FROM s WHERE day = '2024-03-06'
                """,
                s=table,
            )
            lake.replace_days(table, day(5), day(5), rows.cast(table.schema))
        assert world.run_days(instance, day(5)).success
        found, latest = evaluations(instance, "tiny", "serving_metrics", "serving_skew")[-2:]
    assert (latest.passed, metadata_of(latest)["day"]) == (True, str(day(6)))
    about = metadata_of(found)
    assert (found.passed, found.severity.value) == (False, "ERROR")
    assert found.description == (
        "2024-03-06: b differs from the batch path in 2 of 60 rows since 2024-03-06 00:00:00 UTC "
        "(3.3 %: 2 another value); the first: key 5003, version 2, 0.125 in the log, "
        "-0.07002844663838208 by the batch path"
    )
    assert about["verdict"] == "fail"
    assert about["next step"].startswith("What was tested is not what serves.")
    first = about["▾ columns"].records[0].data
    assert (first["column"], first["key"], first["in the log"]) == ("b", "5003", "0.125")
