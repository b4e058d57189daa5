"""A model whose columns change in three steps while it serves."""

import json
from datetime import datetime, timedelta

import msgspec
import pytest
from deltalake import DeltaTable

from mlops_drift.lifecycle.lineage import trace_key, trace_version
from mlops_drift.lifecycle.publishing import Publisher
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.pipeline.baseline import record_baseline
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.pipeline.scoring import score_by
from mlops_drift.serving.deployment import DESCRIPTION, VERSIONS
from mlops_drift.store.lake import Scan
from mlops_drift_tests import steps
from mlops_drift_tests.changing import CHANGES, DAYS, ROWS, declared, live_all, write_files
from mlops_drift_tests.conftest import empty_world
from mlops_drift_tests.tiny import World, day

COLUMNS = {1: ["a", "b", "n"], 2: ["a", "b", "n", "d"], 3: ["a", "n", "d"], 4: ["a", "n", "d"]}
ADDED, REMOVED, RETYPED = CHANGES


@pytest.fixture(scope="module")
def changed(once, empty_data, tmp_path_factory):
    """The world after its last day."""

    def make(root):
        world = empty_world(root, empty_data)
        write_files(declared(world, 0), DAYS + 1)
        live_all(world, DAYS)

    return World(once("changed", make)[0]).copy(tmp_path_factory.mktemp("changed"))


@pytest.fixture
def about(changed):
    with changed.active(), steps.opened(changed) as found:
        yield found


def test_every_day_since_the_first_version_has_all_its_predictions(about):
    served = about.store.lake.rows(
        "SELECT day, version, count(*) AS n FROM p GROUP BY ALL ORDER BY day",
        p=about.store.tables.predictions,
    )
    versions = about.store.versions.serving(day(2), day(DAYS - 1))
    assert served == [{"day": one, "version": v, "n": ROWS} for one, v in versions.items()]
    assert set(versions.values()) == set(COLUMNS)


@pytest.mark.parametrize("version", COLUMNS)
def test_each_version_is_rebuilt_and_explained(about, version):
    rebuilt = rebuild(about, version)
    assert rebuilt.is_same
    assert rebuilt.rows >= ROWS
    assert trace_version(about, version)[0].facts["version"] == version
    assert list(about.of_version(version).spec.columns) == COLUMNS[version]


@pytest.mark.parametrize("version", COLUMNS)
def test_drift_of_a_version_is_that_of_its_own_columns(about, version):
    [found] = about.store.lake.rows(
        f'SELECT list(DISTINCT "column") AS columns FROM d WHERE version = {version}',
        d=about.store.tables.drift,
    )
    assert set(found["columns"]) == {*COLUMNS[version], "score", "prediction"}


def test_a_version_is_trained_on_the_days_that_have_its_columns(about):
    since = {one.training_set: one.first_day for one in _training_sets(about)}
    first = {one.version: since[one.training_set] for one in about.store.versions.all()}
    assert first == {1: day(0), 2: day(ADDED), 3: day(ADDED), 4: day(RETYPED)}


def test_the_decisions_say_how_the_columns_have_changed(about):
    reasons = {
        one.version: one.reason
        for one in about.store.decisions.records(idle=False)
        if "columns_changed" in one.triggers
    }
    assert "since version 1 was trained: d is new" in reasons[1]
    assert "since version 2 was trained: b is no longer declared" in reasons[2]
    assert "since version 3 was trained: n is category (was integer)" in reasons[3]
    waits = {one.day: one.reason for one in about.store.decisions.records() if one.action == "wait"}
    kept = f"which are kept since {day(ADDED)}"
    assert waits[day(ADDED)] == f"0 of 60 labelled rows have all declared columns, {kept}"


def test_both_types_lie_side_by_side_and_what_does_not_fit_the_old_one_is_missing(about):
    stored = DeltaTable(about.store.lake.uri(about.store.tables.features))
    names = [field.name for field in stored.schema().fields]
    assert names[3:] == ["a", "b", "n", "d", "n:category"]
    rows = about.store.lake.rows(
        "SELECT n AS old, new FROM o JOIN (SELECT id, n AS new FROM f) USING (id)",
        o=Scan(about.of_version(3).store.tables.features, day(RETYPED)),
        f=Scan(about.store.tables.features, day(RETYPED)),
    )
    assert {(row["old"], row["new"]) for row in rows} == {
        *((number, str(number)) for number in range(4)),
        (None, "4+"),
    }


def test_an_event_is_explained_by_what_the_version_was_given(about):
    [retyped] = about.store.lake.rows(
        "SELECT min(id) AS id FROM f WHERE n = '4+'",
        f=Scan(about.store.tables.features, day(RETYPED), day(RETYPED)),
    )
    event = trace_key(about, str(retyped["id"]))[0].facts
    assert (event["n"], event["n of version 3"]) == ("4+", None)
    old = trace_key(about, "2000")[0].facts
    assert {type(old[name]) for name in ("a", "b")} == {float}
    assert type(old["n"]) is int


def test_a_column_that_a_serving_version_needs_and_that_is_gone_is_a_failed_check(about):
    failed = about.store.checks.find(day(0), day(DAYS), checks={"data_quality"}, failed=True)
    # The version that does not know it serves from the day after the next one on.
    [one] = failed
    assert (one.day, one.subject, one.code, one.n) == (day(REMOVED), "b", "column_absent", ROWS)
    assert "has no column 'b'" in one.reason
    assert one.reason.endswith("version 2 goes on with nulls, which it may (nullable: true)")


@pytest.mark.parametrize("version", COLUMNS)
def test_the_days_of_any_version_can_be_scored_again(about, version):
    versions = about.store.versions.serving(day(2), day(DAYS - 1))
    mine = {one: version for one, served in versions.items() if served == version}
    table = about.store.tables.shadow_predictions
    assert score_by(about, table, mine).added == ROWS * len(mine)
    again, before = (
        about.store.lake.rows(
            f"FROM t WHERE version = {version} ORDER BY day, id",
            t=Scan(one, min(mine), max(mine)),
        )
        for one in (table, about.store.tables.predictions)
    )
    assert again == before


def test_gates_compare_versions_on_the_same_events_each_with_its_features(about):
    gates = {one.name: one for one in evaluate_gates(about, 3)}
    # The champion by now is version 4, which knows `n` as a category: no event of the test split of
    # version 3 has that.
    assert gates["beats_champion"].n == 0
    assert {one.verdict for name, one in gates.items() if name != "beats_champion"} == {"pass"}
    assert {one.name: one.n for one in evaluate_gates(about, 4)}["beats_champion"] > 0


def test_the_baseline_of_a_version_is_what_it_was(about):
    before = about.registry.tags("tiny", 2)["reference"]
    assert record_baseline(about, 2)[1].digest == before


def test_a_service_is_given_the_columns_of_the_champion(about, tmp_path):
    moments = {3: day(RETYPED), 4: day(DAYS)}
    for version, moment in moments.items():
        clock = datetime.combine(moment + timedelta(hours=0), datetime.min.time()).timestamp()
        current = Publisher(about, tmp_path / str(version), lambda now=clock: now).publish()
        assert current.version == version
        folder = tmp_path / str(version) / VERSIONS / current.folder
        described = json.loads((folder / DESCRIPTION).read_bytes())
        assert list(described["columns"]) == COLUMNS[version]
    assert msgspec.json.decode((folder / DESCRIPTION).read_bytes())["columns"]["n"]["type"] == (
        "category"
    )


def _training_sets(about):
    return about.store.training_sets.records()
