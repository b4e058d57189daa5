"""Mistakes in the fields of a definition are reported with file, line and field."""

import re

import pytest
import yaml
from pydantic import ValidationError

from mlops_drift.sources.files import FileTable
from mlops_drift_tests.config.definition_files import GOOD, complaint, line_of, write
from mlops_drift_tests.tiny import SPEC

# What is replaced by what, the line that is to be named, the field, and part of the explanation.
WRONG = {
    "unknown field": ("  key: id\n", "  kee: id\n", "kee: id", "kee", "there are name, "),
    "unknown nested field": ("drop: 0.2", "dropp: 0.2", "dropp: 0.2", "dropp", "drop, alpha"),
    "bad value": (
        "test_share: 0.3",
        "test_share: 0.9",
        "test_share: 0.9",
        "training.test_share",
        "less than or equal to 0.5",
    ),
    "bad limit": (
        "drop: 0.2",
        "drop: 5 % of it",
        "drop: 5 % of it",
        "monitors.performance.drop",
        "up to 100 %, such as 0.05 or 5 %, found '5 % of it'",
    ),
    "bad type": ("trials: 2", "trials: many", "trials: many", "training.trials", "valid integer"),
    "bad choice": (
        "      type: category",
        "      type: colour",
        "type: colour",
        "columns.c.type",
        "'category'",
    ),
    "bad date": (
        "start_date: 2024-03-01",
        "start_date: 2024-13-01",
        "start_date: 2024-13-01",
        "start_date",
        "month",
    ),
    "bad name": ("name: tiny", "name: Tiny", "name: Tiny", "name", "lower-case letters"),
    "bad metric": ("metric: accuracy", "metric: speed", "metric: speed", "training.metric", "auc"),
    "fields of a part that do not fit": (
        "positive: 'yes'",
        "positive: maybe",
        "target:",
        "target",
        "positive must be one of ['no', 'yes'], found 'maybe'",
    ),
    "fields that do not fit": (
        "end_date: 2024-03-07",
        "end_date: 2024-02-07",
        "attributes:",
        "attributes",
        "end_date 2024-02-07 is before start_date 2024-03-01",
    ),
    "metric of another kind of target": (
        "metric: accuracy",
        "metric: rmse",
        "attributes:",
        "attributes",
        "'rmse' is not defined for a binary target",
    ),
    "unknown component": (
        "type: mlops_drift.MonitoredModel",
        "type: mlops_drift.MonitoredModell",
        "type: mlops_drift.MonitoredModell",
        "type",
        "MonitoredModell",
    ),
    "component of a package that is not there": (
        "type: mlops_drift.MonitoredModel",
        "type: mlops_drifft.MonitoredModel",
        "type: mlops_drifft.MonitoredModel",
        "type",
        "mlops_drifft",
    ),
    "unknown source": ("kind: files", "kind: tape", "source:", "source", "simulator, files"),
    "file without a day": (
        "    labels:\n      path: labels.parquet\n      day_column: day\n",
        "    labels:\n      path: labels.parquet\n",
        "labels:",
        "source.files.labels",
        "day_column",
    ),
}

BRACES = [
    *("{Day}", "{DAY}", "{ day }", "{{day}}", "{date}", "{day:%Y%m%d}", "{}", "{day"),
    *("day}", "{year}-{month}", "{day}{hour}", "{{ env.X }}"),
]
# YAML and Dagster give a meaning to the last one.
WRONG |= {
    f"path with {braces}": (
        "path: events.csv",
        f"path: 'e/{braces}.csv'",
        f"path: 'e/{braces}.csv'",
        "source.files.events.path",
        f"found 'e/{braces}.csv'; braces hold only {{day}}, which is written as 2024-10-01",
    )
    for braces in (BRACES[0], BRACES[-1])
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_reported_with_file_line_and_field(folder, what):
    found, put, wrong_line, field, explanation = WRONG[what]
    assert GOOD.count(found) == 1
    text = GOOD.replace(found, put)
    file = write(folder, text)
    said = complaint()
    assert f"{file}:{line_of(text, wrong_line)}`" in said
    assert re.search(rf"`(attributes\.)?([\w.]+\.)?{re.escape(field)} at ", said)
    assert explanation in said


@pytest.mark.parametrize("braces", BRACES)
def test_braces_in_a_path_hold_only_the_day(braces):
    with pytest.raises(ValidationError, match=r"braces hold only \{day\}, which is"):
        FileTable(path=f"e/{braces}.csv", day_column="day")


def test_a_missing_field_is_reported_by_name_and_file(folder):
    file = write(folder, GOOD.replace("key: id\n", ""))
    assert f"`attributes.key at {file}:2`" in complaint()


def test_missing_attributes_are_reported_with_the_file(folder):
    file = write(folder, "type: mlops_drift.MonitoredModel\n")
    said = complaint()
    assert said.startswith(f"{file}: ")
    assert "`start_date`\n  Field required: First day of events." in said
    assert "pydantic" not in said


def test_an_unknown_simulator_is_reported_with_file_line_and_field(folder):
    spec = {**SPEC, "source": {"kind": "simulator", "simulator": "weather"}}
    text = yaml.safe_dump({"type": "mlops_drift.MonitoredModel", "attributes": spec})
    file = write(folder, text)
    said = complaint()
    assert f"{file}:{line_of(text, 'simulator: weather')}`" in said
    assert "'churn', 'glassware' or 'insurance'" in said


def test_a_field_of_another_kind_of_source_is_told_the_fields_of_its_own(folder):
    text = GOOD.replace("kind: files", "kind: simulator\n    simulator: churn")
    file = write(folder, text)
    said = complaint()
    assert f"events at {file}:{line_of(text, 'events:')}`" in said
    assert "there is no such field; there are kind, simulator, seed, stationary\n" in said


def test_a_limit_outside_gates_metrics_is_told_the_fields_of_gates(folder):
    text = GOOD.replace("metrics:\n      accuracy: 0.7", "accuracy: 0.7")
    assert text != GOOD
    write(folder, text)
    said = complaint()
    assert "Field required: The worst acceptable value of each metric" in said
    assert "there is no such field; there are metrics, comparison" in said


def test_a_wrong_value_is_named(folder):
    write(folder, GOOD.replace("type: category", "type: colour"))
    assert "'number', 'integer', 'boolean' or 'category', found 'colour'" in complaint()


def test_every_mistake_of_a_file_is_reported_at_once(folder):
    write(
        folder,
        GOOD.replace("trials: 2", "trials: many").replace("test_share: 0.3", "test_share: 0.9"),
    )
    said = complaint()
    assert "training.trials" in said
    assert "training.test_share" in said
