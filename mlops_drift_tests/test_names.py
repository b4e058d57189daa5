"""Columns of any name, from a file to the page of a check."""

import json
import shutil
from types import SimpleNamespace

import dagster as dg
import duckdb
import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_drift.assets.common import column_schema
from mlops_drift.charts.baseline import baseline_pictures
from mlops_drift.charts.monitors import draw
from mlops_drift.checks.gates import gate_checks, gate_pictures
from mlops_drift.checks.monitors import monitor_checks
from mlops_drift.cli.main import main
from mlops_drift.cli.views.lineage import lineage_lines
from mlops_drift.cli.views.status import print_status
from mlops_drift.cli.views.tables import print_result
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.decisions import decide_now
from mlops_drift.lifecycle.lineage import trace_key
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.lifecycle.status import read_status
from mlops_drift.monitors.pictures import Panel
from mlops_drift.pipeline.features import make_features, require_point_in_time
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.pipeline.landing import land_events, land_labels
from mlops_drift.pipeline.monitoring import measure_drift, measure_performance
from mlops_drift.pipeline.scoring import score_days
from mlops_drift.pipeline.training import train_package
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.simulation.variants import UNATTENDED
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.queries import run_sql
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.registries import registry_in
from mlops_drift_tests.tiny import SPEC, day, merged

KEY, TARGET, MADE = "a'b.c [d]", "{y}\\<b>$y$", "made % of {}"

# Words of pandas and SQL, signs of Python, SQL, JSON, pages and formulas, and the project's own.
NUMBERS = [
    *("self", "index", "NA", "a b", "a,b=c;d", ".", "[x]", "😀", "e\u0301", "\u00e9", "%s{}"),
    *("$\\x$", "_x", "<b>x</b>", "x" * 300, "ordinal", " edge ", "select"),
]
CATEGORIES = ["key", "label", "p", "row", "{{x}}", "-- x", "v"]


def described(**changes):
    return ModelSpec(
        **merged(
            SPEC,
            {
                "key": KEY,
                "columns": {
                    **dict.fromkeys("abc", ...),
                    **{name: {"type": "number"} for name in NUMBERS},
                    **{name: {"type": "category"} for name in CATEGORIES},
                    MADE: {"type": "number", "derived": True},
                },
                "features_sql": f"""SELECT "{KEY}", 2 * "self" AS "{MADE}" FROM events -- twice""",
                "source": {
                    "events": {"path": "events.parquet", "day_column": "the day"},
                    "labels": {"path": "labels.parquet", "day_column": "the day"},
                },
                "target": {"column": TARGET},
                "training": {"families": ["lightgbm"], "trials": 1},
                "gates": {
                    "trusted_columns": ["self", MADE],
                    "slices": CATEGORIES[:3],
                    "max_row_latency_ms": 10_000,
                    "max_batch_latency_ms": 10_000,
                },
                "monitors": {
                    "drift": {
                        "columns": {name: {"threshold": 0.2} for name in NUMBERS},
                        "segments": CATEGORIES[3:5],
                    },
                    "performance": {"slices": CATEGORIES[4:]},
                },
                "policy": UNATTENDED,
                **changes,
            },
        )
    )


def events_of(number, rows=60):
    rng = np.random.default_rng(number)
    # On the fourth day everything is elsewhere.
    moved = 5 * (number == 4)
    return pd.DataFrame(
        {
            KEY: number * 1000 + np.arange(rows),
            "the day": day(number),
            **{name: rng.normal(size=rows) + moved for name in NUMBERS},
            **{name: rng.choice(["blue", "$red$"], rows) for name in CATEGORIES},
        }
    )


def labels_of(number):
    events = events_of(number)
    return pd.DataFrame(
        {
            KEY: events[KEY],
            "the day": day(number + 1),
            TARGET: np.where(events["self"] > 5 * (number == 4), "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The model after five days, of which the last drifted in every column."""
    root = tmp_path_factory.mktemp("names")
    pd.concat(map(events_of, range(5))).to_parquet(root / "events.parquet", index=False)
    pd.concat(map(labels_of, range(4))).to_parquet(root / "labels.parquet", index=False)
    spec, registry = described(), MemoryRegistry()
    with duckdb.connect() as connection:
        model = ModelContext.of(DeltaLake(root / "lake", connection), spec).store
        source = spec.source.open(root)
        land_events(ModelContext(spec, model), source, day(0), day(4))
        land_labels(ModelContext(spec, model), source, day(0), day(4))
        make_features(ModelContext(spec, model), day(0), day(4))
        decision = decide_now(ModelContext(spec, model), day(1))
        model.decisions.record(decision)
        RetrainingRun(ModelContext(spec, model, registry), decision.id).carry_out()
        score_days(ModelContext(spec, model, registry), day(0), day(4))
        drift = measure_drift(ModelContext(spec, model), day(0), day(4))
        performance = measure_performance(ModelContext(spec, model), day(0), day(4))
        yield SimpleNamespace(
            spec=spec,
            model=model,
            registry=registry,
            drift=drift,
            performance=performance,
            decision=decide_now(ModelContext(spec, model), day(4)),
        )


def test_tables_hold_what_the_files_hold(walked):
    found = walked.model.lake.read(walked.model.tables.features)
    require_point_in_time(ModelContext(walked.spec, walked.model), found)
    found = found.to_pandas().sort_values(KEY)
    written = pd.concat(map(events_of, range(5)))
    for name in [KEY, *NUMBERS, *CATEGORIES]:
        assert found[name].tolist() == written[name].tolist(), name
    assert found[MADE].tolist() == (2 * written["self"]).tolist()


def test_a_version_is_trained_passes_its_gates_and_serves(walked, capsys):
    (promotion,) = walked.model.versions.promotions()
    importance = walked.model.training_sets.read_importance(
        promotion.training_set, promotion.version
    )
    assert sorted(importance) == sorted(walked.spec.columns)
    assert set(importance).issuperset({"self", "NA", "."})
    served = walked.model.lake.read(walked.model.tables.predictions)
    assert served.column_names == ["day", "version", KEY, "prediction", "score", "probabilities"]
    assert set(served["day"].to_pylist()) == {day(2), day(3), day(4)}
    print_status(read_status(ModelContext(walked.spec, walked.model)), [])
    assert "trained as of 2024-03-02, serves since 2024-03-03" in capsys.readouterr().out


def test_every_column_that_drifted_is_found_and_drawn(walked):
    drift = walked.drift.context.drift(day(4))
    failed = {item.column for item in drift.verdicts if item.verdict == "fail"}
    assert {*NUMBERS, MADE} <= failed
    assert not failed & {*CATEGORIES, TARGET}
    assert {found.subject for found in walked.decision.evidence} == {*NUMBERS, MADE}
    assert {shift.by for shift in drift.shifts} == set(CATEGORIES[3:5])
    key = dg.AssetKey(["tiny", "drift_metrics"])
    found, *_ = monitor_checks(walked.spec, key, walked.drift)
    assert not found.passed
    rows = [record.data for record in found.metadata["▾ columns"].records]
    assert {row["column"] for row in rows if row["verdict"] == "fail"} == {*NUMBERS, MADE}
    panels = [
        Panel(name, "all", drift.reference.columns[name], counts, counts)
        for name in ("$\\x$", "😀", "_x", "x" * 300, "{{x}}")
        for counts in [drift.reference.columns[name].counts]
    ]
    titles = Drawing(draw(panels)).texts("title")
    shown = [title.partition(": ")[0][:5] for title in titles]
    assert shown == ["$\\x$", "😀", "_x", "xxxxx", "{{x}}"]


def test_slices_are_judged_by_the_values_of_their_column(walked):
    slices = {item.subject for item in walked.performance.of_check("slice_performance")}
    columns = {name.removeprefix("accuracy of ").rpartition("=")[0] for name in slices}
    assert columns - {""} == set(CATEGORIES[4:])
    key = dg.AssetKey(["tiny", "performance_metrics"])
    assert monitor_checks(walked.spec, key, walked.performance)


def test_gates_judge_every_column_and_have_their_pictures(walked):
    spec, model, registry = walked.spec, walked.model, walked.registry
    results = evaluate_gates(ModelContext(spec, model, registry), 1)
    assert {result.verdict for result in results} == {"pass"}
    pictures = gate_pictures(results)
    assert gate_checks(dg.AssetKey(["tiny", "challenger"]), 1, results, pictures, {})
    training_set = model.versions.get(1).training_set
    importance = model.training_sets.read_importance(training_set, 1)
    predictions = model.training_sets.read_test_predictions(training_set, 1)
    assert set(baseline_pictures(spec, predictions, importance)) == {"confusion", "importance"}


def test_an_event_is_explained_by_its_key(walked):
    chain = trace_key(ModelContext(walked.spec, walked.model, walked.registry), "2007")
    told = list(lineage_lines("event", chain))
    event = events_of(2).set_index(KEY).loc[2007]
    for name in NUMBERS:
        assert f"  {name}: {float(event[name])!r}" in told
    for name in CATEGORIES:
        assert f"  {name}: {event[name]}" in told


def test_every_column_is_there_for_sql_and_on_the_page_of_its_asset(walked, capsys):
    query = "SELECT * FROM features.tiny WHERE day = '2024-03-01'"
    table = run_sql(walked.model.lake, query, "text")
    assert table.column_names == ["day", KEY, "event_time", *walked.spec.columns]
    print_result(table.select(["[x]", "{{x}}", "%s{}"]))
    assert "[x]" in capsys.readouterr().out
    shown = column_schema(walked.spec, table.schema, {})
    assert [column.name for column in shown.columns] == table.column_names


def test_mlflow_keeps_a_version_of_such_columns(walked, tmp_path, mlflow_database):
    shutil.copy(mlflow_database, tmp_path / "mlflow.db")
    registry = registry_in(tmp_path)
    registry.prepare("tiny")
    stored = walked.model.training_sets.read(walked.model.versions.get(1).training_set)
    identity = {"training_set": stored.id, "spec_digest": "1", "code_digest": "1"}
    baseline = train_package(walked.spec, stored, identity, day(2), lambda trial: None)
    experiment = registry.client.get_experiment_by_name("tiny")
    with mlflow.start_run(experiment_id=experiment.experiment_id):
        version = registry.register("tiny", baseline)
    assert list(registry.artifact("tiny", version).signature) == list(walked.spec.columns)
    rows = stored.test.to_pandas()[list(walked.spec.columns)].head(5)
    known = baseline.pipeline.predict_proba(rows)
    assert registry.pipeline("tiny", version).predict_proba(rows).tolist() == known.tolist()


# Two files


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_compare_tells_every_column_of_two_files(tmp_path, ending):
    tables = [events_of(number, rows=400).drop(columns="the day") for number in (0, 4)]
    if ending == "csv":
        tables = [table.drop(columns=["NA", " edge "]) for table in tables]
    files = [tmp_path / f"{number}.{ending}" for number in range(2)]
    for table, file in zip(tables, files, strict=True):
        table.to_csv(file, index=False) if ending == "csv" else table.to_parquet(file, index=False)
    page = tmp_path / "page.html"
    asked = ["compare", *map(str, files), "--format", "json", "--html", str(page), "--by", "label"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    for found in json.loads(result.stdout)["chunks"]:
        verdicts = {name: column["verdict"] for name, column in found["columns"].items()}
        assert set(verdicts) == set(tables[0]) - {"label"}
        assert {verdicts[name] for name in verdicts if name in NUMBERS} == {"fail"}
        assert {verdicts[name] for name in verdicts if name in CATEGORIES} == {"pass"}
    content = page.read_text()
    assert "&lt;b&gt;x&lt;/b&gt;" in content
    assert "<b>x</b>" not in content
