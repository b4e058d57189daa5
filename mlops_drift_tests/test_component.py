from datetime import date

import dagster as dg
import pytest

from mlops_drift import project
from mlops_drift.checks import keys
from mlops_drift.config.spec import ModelSpec
from mlops_drift.definitions import defs
from mlops_drift_tests.tiny import SPEC, World, merged

DAILY = {
    "events",
    "labels",
    "features",
    "production_predictions",
    "drift_metrics",
    "performance_metrics",
}
RETRAINING = {"training_set", "challenger", "test_predictions", "champion"}
CHECKS = {
    ("events", "data_quality"),
    ("labels", "data_quality"),
    ("events", "volume"),
    ("events", "freshness"),
    ("labels", "freshness"),
    ("drift_metrics", "feature_drift"),
    ("drift_metrics", "prediction_drift"),
    ("drift_metrics", "null_spike"),
    ("performance_metrics", "performance_drop"),
    ("performance_metrics", "estimated_performance"),
    ("performance_metrics", "label_drift"),
    ("performance_metrics", "model_age"),
    ("challenger", "test_accuracy"),
    ("challenger", "prediction_distribution"),
    ("challenger", "calibration"),
    ("challenger", "beats_champion"),
    ("challenger", "no_key_overlap"),
    ("challenger", "no_row_overlap"),
    ("challenger", "target_leakage"),
    ("challenger", "cv_test_gap"),
    ("challenger", "refit_consistency"),
    ("challenger", "extreme_value_robustness"),
    ("challenger", "compiled_equal"),
    ("challenger", "single_row_latency"),
    ("challenger", "batch_latency"),
    ("challenger", "artifact_size"),
    ("challenger", "documented"),
    ("challenger", "fresh_process"),
    ("champion", "approval_pending"),
}
# Some columns of theirs may be null, or are categories.
MORE_CHECKS = {
    "glassware": set(),
    "insurance": {("challenger", "null_robustness")},
    "tiny": {("challenger", "null_robustness"), ("challenger", "unseen_category_robustness")},
}
SHIPPED = ("glassware", "insurance")
MODELS = (*SHIPPED, "tiny")


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("component"))
    world.write_model()
    with world.active():
        return defs()


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def key(model, asset):
    return dg.AssetKey([model, asset])


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_thirteen_assets_under_its_name(graph, model):
    mine = {found.path[-1] for found in graph.get_all_asset_keys() if found.path[0] == model}
    assert mine == DAILY | RETRAINING | {"decisions", "compaction", "report"}


def columns_of(node):
    """What each column of an asset means, in Dagster's own list or in a table below the facts."""
    if table := node.metadata.get(keys.table_key("columns")):
        return {row.data["column"]: row.data["meaning"] for row in table.records}
    schema = node.metadata.get("dagster/column_schema")
    return {column.name: column.description for column in schema.columns} if schema else {}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asset", sorted(DAILY | RETRAINING | {"report"}))
def test_an_asset_says_what_it_is(graph, model, asset):
    node = graph.get(key(model, asset))
    assert node.group_name == model
    assert node.kinds
    assert len(node.description) > 40
    assert len(node.code_version) == 16
    if asset in DAILY | {"training_set", "champion"}:
        assert columns_of(node)


def test_the_graph_leads_from_events_to_the_checks_without_a_cycle(graph):
    parents = {
        asset: {parent.path[-1] for parent in graph.get(key("tiny", asset)).parent_keys}
        for asset in DAILY | RETRAINING
    }
    assert parents == {
        "events": set(),
        "features": {"events"},
        "labels": {"events"},
        "training_set": {"features", "labels"},
        "challenger": {"training_set"},
        "test_predictions": {"challenger"},
        "champion": {"challenger", "test_predictions"},
        "production_predictions": {"features", "champion"},
        "drift_metrics": {"features", "production_predictions"},
        "performance_metrics": {"labels", "production_predictions"},
    }


def test_column_schemas_carry_types_descriptions_and_nullability(graph):
    schema = graph.get(key("tiny", "features")).metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert list(columns) == ["day", "id", "event_time", "a", "b", "c"]
    assert (columns["a"].type, columns["c"].type) == ("double", "string")
    assert columns["a"].description == "What decides."
    assert not columns["id"].constraints.nullable
    assert columns["b"].constraints.nullable
    training = graph.get(key("tiny", "training_set")).metadata["dagster/column_schema"]
    assert training.columns[-1].name == "y"


@pytest.mark.parametrize(
    ("model", "first", "last"),
    [
        ("glassware", "2019-07-01", "2019-08-11"),
        ("insurance", "2019-12-01", "2023-01-30"),
        ("tiny", "2024-03-01", "2024-03-07"),
    ],
)
def test_daily_assets_have_the_days_of_the_model_in_utc(graph, model, first, last):
    for asset in DAILY:
        partitions = graph.get(key(model, asset)).partitions_def
        assert partitions.get_first_partition_key() == first
        assert partitions.get_last_partition_key() == last
        assert partitions.timezone == "UTC"
    assert all(graph.get(key(model, asset)).partitions_def is None for asset in RETRAINING)


def test_a_range_of_days_is_one_run(graph):
    for asset in DAILY:
        assert graph.get(key("tiny", asset)).backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_its_checks_and_only_gates_block(graph, model):
    nodes = [
        graph.get(check) for check in graph.asset_check_keys if check.asset_key.path[0] == model
    ]
    assert {(node.key.asset_key.path[-1], node.key.name) for node in nodes} == (
        CHECKS | MORE_CHECKS[model]
    )
    assert all(len(node.description) > 20 for node in nodes)
    assert all(node.blocking == (node.key.asset_key.path[-1] == "challenger") for node in nodes)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_a_job_for_each_day_and_one_for_retraining(definitions, model):
    jobs = {f"{model}_daily": {*DAILY, "report"}, f"{model}_retraining": RETRAINING}
    for job, assets in jobs.items():
        selected = definitions.resolve_job_def(job).asset_layer.selected_asset_keys
        assert selected == {key(model, asset) for asset in assets}


@pytest.mark.parametrize("model", MODELS)
def test_the_sensor_runs_by_default_and_the_schedule_of_past_days_does_not(definitions, model):
    schedule = definitions.resolve_schedule_def(f"{model}_daily_schedule")
    sensor = definitions.resolve_sensor_def(f"{model}_retraining_sensor")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert schedule.job_name == f"{model}_daily"
    assert sensor.job_name == f"{model}_retraining"
    assert schedule.execution_timezone == "UTC"


def test_definitions_validate(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_code_versions_follow_the_code_and_not_the_model(graph):
    versions = {
        asset: {graph.get(key(model, asset)).code_version for model in MODELS}
        for asset in DAILY | RETRAINING
    }
    assert {len(found) for found in versions.values()} == {1}
    assert versions["drift_metrics"] != versions["performance_metrics"]


def test_a_model_without_an_end_goes_on_to_yesterday(tmp_path):
    world = World(tmp_path)
    world.write_model({"end_date": None})
    with world.active():
        node = defs().resolve_asset_graph().get(key("tiny", "events"))
    last = date.fromisoformat(node.partitions_def.get_last_partition_key())
    assert 0 < (date.today() - last).days <= 2


def test_target_kinds_decide_the_type_of_predictions(tmp_path):
    world = World(tmp_path)
    world.write_model()
    world.write_model(
        {
            "target": {"kind": "regression", "classes": None, "positive": None},
            "training": {"metric": "mae"},
            "gates": {"metrics": {"accuracy": ..., "mae": 1}},
        },
        "price",
    )
    with world.active():
        graph = defs().resolve_asset_graph()
    for model, kind in (("tiny", "string"), ("price", "double")):
        schema = graph.get(key(model, "production_predictions")).metadata["dagster/column_schema"]
        assert {column.name: column.type for column in schema.columns}["prediction"] == kind


def test_every_column_of_every_asset_says_what_it_means(graph):
    shown = 0
    for node in graph.asset_nodes:
        for name, meaning in columns_of(node).items():
            assert meaning, (node.key, name)
            shown += 1
    assert shown > 100


def test_a_model_names_its_owners_on_every_asset(tmp_path):
    world = World(tmp_path)
    world.write_model({"owners": ["ann@example.org", "team:risk"]})
    with world.active():
        nodes = defs().resolve_asset_graph().asset_nodes
    mine = [node for node in nodes if node.key.path[0] == "tiny"]
    assert mine
    assert all([*node.owners] == ["ann@example.org", "team:risk"] for node in mine)


@pytest.mark.parametrize("owner", ["ann", "ann@example", "team:", ".ann@example.org", "team: "])
def test_an_owner_is_an_address_or_a_team(owner):
    with pytest.raises(
        ValueError, match=r"use an e-mail address such as ann@example\.org, or a team"
    ):
        ModelSpec(**merged(SPEC, {"owners": [owner]}))


def test_definitions_stay_a_short_wiring():
    text = (project.CHECKOUT / "mlops_drift" / "definitions.py").read_text()
    assert len(text.splitlines()) < 50
