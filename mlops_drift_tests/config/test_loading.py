import re
from datetime import date

import pytest
import yaml
from click.testing import CliRunner
from pydantic import ValidationError

from mlops_drift import settings
from mlops_drift.cli.main import main
from mlops_drift.config.loading import (
    ModelDefinitionError,
    find_model,
    load_definitions,
    load_models,
)
from mlops_drift.sources.files import FileTable
from mlops_drift_tests.tiny import SPEC

GOOD = yaml.safe_dump(
    {"type": "mlops_drift.MonitoredModel", "attributes": SPEC},
    sort_keys=False,
    default_flow_style=False,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of further definitions."""
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path / "defs"))
    (tmp_path / "defs").mkdir()
    return tmp_path / "defs"


def write(folder, text, name="tiny/defs.yaml"):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def line_of(text, wanted):
    (line,) = [
        number for number, line in enumerate(text.splitlines(), 1) if line.strip() == wanted.strip()
    ]
    return line


def complaint():
    with pytest.raises(ModelDefinitionError) as caught:
        load_models()
    return str(caught.value)


def test_shipped_models_load(monkeypatch):
    monkeypatch.delenv(settings.DEFS_VARIABLE, raising=False)
    models = load_models()
    assert {name: (one.spec.name, one.folder) for name, one in models.items()} == {
        name: (name, settings.SHIPPED_DEFS / name) for name in ("churn", "glassware", "insurance")
    }


def test_models_of_a_further_folder_are_found_beside_the_shipped_ones(folder):
    write(folder, GOOD)
    assert set(load_models()) == {"churn", "glassware", "insurance", "tiny"}
    model = find_model("tiny")
    assert model.folder == folder / "tiny"
    assert model.spec.start_date == date(2024, 3, 1)


def test_a_model_is_the_same_each_time_and_another_once_its_file_is(folder):
    write(folder, GOOD)
    first, again = (find_model("tiny").spec for _ in range(2))
    assert first == again
    write(folder, GOOD.replace("trials: 2", "trials: 3"))
    assert find_model("tiny").spec.training.trials == 3
    assert first.training.trials == 2


def test_a_further_folder_may_be_the_folder_of_one_model(folder):
    write(folder, GOOD, "defs.yaml")
    assert find_model("tiny").folder == folder


def test_one_file_may_hold_several_models(folder):
    write(folder, f"{GOOD}---\n{GOOD.replace('name: tiny', 'name: tiny2')}")
    assert {"tiny", "tiny2"} <= set(load_models())


@pytest.mark.parametrize("name", ["defs.yml", "component.yaml"])
def test_every_file_name_that_dagster_reads_is_found(folder, name):
    write(folder, GOOD, f"tiny/{name}")
    assert "tiny" in load_models()


def test_an_unknown_name_is_answered_with_the_known_ones(folder):
    write(folder, GOOD)
    with pytest.raises(ModelDefinitionError, match=r"'tinny'.*glassware, insurance, tiny"):
        find_model("tinny")


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


@pytest.mark.parametrize(
    ("found", "put", "line"),
    [("columns:\n", "columns: [\n", "columns: ["), ("  key: id", "\tkey: id", "key: id")],
)
def test_broken_yaml_is_reported_with_file_and_line(folder, found, put, line):
    text = GOOD.replace(found, put)
    file = write(folder, text)
    said = complaint()
    assert str(file) in said
    assert f"line {line_of(text, line)}" in said


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_is_reported(folder, text):
    file = write(folder, text)
    assert re.match(rf"{file}\b.*(empty|type)", complaint(), re.DOTALL)


def test_a_field_that_is_given_twice_is_reported_with_its_line(folder):
    file = write(folder, GOOD + "  name: other\n")
    with pytest.raises(ModelDefinitionError, match="name is given twice") as caught:
        load_models()
    assert str(file) in str(caught.value)
    assert f"line {len(GOOD.splitlines()) + 1}," in str(caught.value)


def test_a_file_that_is_no_text_is_reported(folder):
    file = write(folder, b"\xff\xfe\x00")
    assert complaint().startswith(f"{file}: ")


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        f"---\n{GOOD}...\n".encode(),
        GOOD.replace("Whether a is positive.", "Größer als 0?").encode(),
    ],
    ids=["byte-order mark", "Windows", "with marks", "accents"],
)
def test_a_file_is_read_however_an_editor_saves_it(folder, text):
    write(folder, text)
    assert find_model("tiny").spec.key == "id"


def test_a_file_in_another_encoding_is_named_with_its_line(folder):
    text = GOOD.replace("Whether a is positive.", "Größer als 0").encode("cp1252")
    file = write(folder, text)
    line = line_of(GOOD, "description: Whether a is positive.")
    assert complaint() == (
        f"{file}, line {line}: the byte 0xF6 is not UTF-8; save the file as UTF-8"
    )
    write(folder, DERIVING)
    sql = write(folder, MADE.encode() + b"\n-- \xfc", "tiny/features.sql")
    assert f"{sql}, line 2: the byte 0xFC is not UTF-8" in complaint()


@pytest.mark.parametrize("text", ["- a\n- b\n", "hello\n"])
def test_a_file_without_fields_is_reported_with_its_line(folder, text):
    file = write(folder, text)
    assert complaint().startswith(f"{file}: line 1, column 1: fields are expected here")


# What is not read as it is written.
RETYPED = {
    "class": ("    - 'no'\n", "    - no\n", "no", "false"),
    "key": ("  key: id\n", "  key: on\n", "on", "true"),
    "column": ("    b:\n", "    0x1F:\n", "0x1F", "31"),
    "trusted column": ("    - a\n", "    - 012\n", "012", "10"),
    "file": ("path: events.csv", "path: 12:30", "12:30", "750"),
}


@pytest.mark.parametrize("what", RETYPED)
def test_what_is_not_read_as_it_is_written_is_reported_with_its_line(folder, what):
    found, put, written, read = RETYPED[what]
    text = GOOD.replace(found, put)
    assert text != GOOD
    file = write(folder, text)
    line = text[: text.index(put)].count("\n") + 1
    told = complaint()
    assert told.startswith(f"{file}: line {line}, column ")
    assert told.endswith(f'YAML reads {written} as {read}; put it in quotes: "{written}"')


def test_columns_and_classes_may_be_called_by_plain_numbers(folder):
    text = GOOD.replace("    b:\n", "    2024:\n").replace("    - a\n", "    - 2024\n")
    text = text.replace("'no'", "0").replace("'yes'", "1")
    write(folder, text)
    spec = find_model("tiny").spec
    assert list(spec.columns) == ["a", "2024", "c"]
    assert spec.gates.trusted_columns == ["2024"]
    assert spec.target.classes == ["0", "1"]
    assert spec.target.positive == "1"


def test_every_retyped_value_of_a_file_is_reported_at_once(folder):
    write(folder, GOOD.replace("'no'", "no").replace("'yes'", "yes"))
    assert [line.partition("YAML ")[2] for line in complaint().splitlines()] == [
        'reads no as false; put it in quotes: "no"',
        *2 * ['reads yes as true; put it in quotes: "yes"'],
    ]


def test_the_wrong_file_is_named_and_not_the_one_before_it(folder):
    good = write(folder, GOOD, "a/defs.yaml")
    wrong = write(folder, "type: mlops_drift.Nothing\n", "b/defs.yaml")
    said = complaint()
    assert str(wrong) in said
    assert str(good) not in said


def test_two_models_with_one_name_are_refused_with_both_places(folder):
    write(folder, GOOD, "one/defs.yaml")
    write(folder, GOOD, "two/defs.yaml")
    said = complaint()
    assert "'tiny'" in said
    assert str(folder / "one") in said
    assert str(folder / "two") in said


def test_a_model_may_not_take_the_name_of_a_shipped_one(folder):
    write(folder, GOOD.replace("name: tiny", "name: glassware"))
    assert "'glassware'" in complaint()


def test_a_folder_without_a_model_is_refused(folder):
    said = complaint()
    assert str(folder) in said
    assert settings.DEFS_VARIABLE in said


def test_a_folder_that_is_not_there_is_refused_by_its_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(settings.SettingsError, match=rf"{settings.DEFS_VARIABLE}.*nowhere"):
        load_models()


def test_definitions_raise_the_same_error_as_the_command_line(folder):
    write(folder, GOOD.replace("trials: 2", "trials: many"))
    with pytest.raises(ModelDefinitionError, match=r"training\.trials"):
        load_definitions()


@pytest.mark.parametrize("command", ["run", "status"])
def test_the_command_line_reports_a_mistake_without_a_traceback(folder, command):
    text = GOOD.replace("trials: 2", "trials: many")
    file = write(folder, text)
    result = CliRunner().invoke(main, [command, "tiny"])
    assert result.exit_code == 1
    assert f"training.trials at {file}:{line_of(text, 'trials: many')}" in result.stderr
    assert "Traceback" not in result.output


def test_the_command_line_reports_a_wrong_folder_without_a_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path / "nowhere"))
    result = CliRunner().invoke(main, ["status", "glassware"])
    assert result.exit_code == 1
    assert settings.DEFS_VARIABLE in result.stderr


# features.sql

DERIVING = yaml.safe_dump(
    {
        "type": "mlops_drift.MonitoredModel",
        "attributes": {
            **SPEC,
            "columns": {**SPEC["columns"], "made": {"type": "number", "derived": True}},
        },
    }
)
MADE = "SELECT id, a AS made FROM events"


@pytest.mark.parametrize("text", [f"\ufeff-- x\r\n{MADE}\r\n", f"{MADE}; -- x\r\n/* y */\r\n"])
def test_the_sql_of_derived_columns_is_read_however_an_editor_saves_it(folder, text):
    write(folder, DERIVING)
    write(folder, text, "tiny/features.sql")
    assert "\r" not in find_model("tiny").spec.features_sql
    assert "\ufeff" not in find_model("tiny").spec.features_sql


def test_the_sql_of_derived_columns_lies_beside_the_yaml(folder):
    write(folder, DERIVING)
    write(folder, MADE, "tiny/features.sql")
    spec = find_model("tiny").spec
    assert spec.features_sql == MADE
    assert "made" in spec.tables.features.schema.names
    assert "made" not in spec.tables.events.schema.names


@pytest.mark.parametrize(
    ("text", "sql", "message"),
    [
        (DERIVING, None, "derived made, but .*features.sql that makes them is missing"),
        (GOOD, MADE, "need a derived column"),
        (DERIVING, "SELECT 1; SELECT 2", "must be one SELECT"),
        (DERIVING, "SELEC", "Parser Error"),
        (
            DERIVING.replace("\n  columns:", f"\n  features_sql: {MADE}\n  columns:"),
            MADE,
            "keep one of",
        ),
    ],
)
def test_mistakes_in_derived_columns_are_reported_with_the_file(folder, text, sql, message):
    file = write(folder, text)
    if sql is not None:
        write(folder, sql, "tiny/features.sql")
    told = complaint()
    assert str(file) in told
    assert re.search(message, told)
