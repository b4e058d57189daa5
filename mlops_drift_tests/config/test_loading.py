"""Which models are found and in which files, and how the command line reports a mistake."""

import re
from datetime import date

import pytest
from click.testing import CliRunner

from mlops_drift import project, settings
from mlops_drift.cli.main import main
from mlops_drift.config.loading import (
    ModelDefinitionError,
    find_model,
    load_definitions,
    load_models,
)
from mlops_drift_tests.config.definition_files import (
    DERIVING,
    GOOD,
    MADE,
    complaint,
    line_of,
    write,
)


def test_shipped_models_load(monkeypatch):
    monkeypatch.delenv(settings.DEFS_VARIABLE, raising=False)
    models = load_models()
    assert {name: (one.spec.name, one.folder) for name, one in models.items()} == {
        name: (name, project.SHIPPED_DEFS / name) for name in ("churn", "glassware", "insurance")
    }


def test_a_wrong_variable_is_not_blamed_on_a_description(monkeypatch):
    monkeypatch.setenv(settings.MEMORY_VARIABLE, "much")
    with pytest.raises(settings.SettingsError, match="MLOPS_DRIFT_MEMORY is 'much'"):
        load_models()


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
    # Of what is at no field, no field is named.
    assert "``" not in told
    assert re.search(message, told)
