from pathlib import Path

import pytest

from mlops_drift import project, settings


def test_state_lies_in_the_checkout_unless_it_is_moved(monkeypatch):
    monkeypatch.delenv(settings.DATA_VARIABLE, raising=False)
    assert settings.data_root() == project.CHECKOUT / "data"
    assert (project.CHECKOUT / "pyproject.toml").is_file()


def test_all_state_moves_together(monkeypatch, tmp_path):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    places = [
        settings.lake_root(),
        settings.dagster_root(),
        settings.lock_root(),
        settings.artifact_root(),
    ]
    assert all(place.parent == tmp_path for place in places)
    assert len(set(places)) == len(places)
    assert settings.tracking_uri().startswith(f"sqlite:///{tmp_path}/mlflow.db")
    assert settings.studies_url().startswith(f"sqlite:///{tmp_path}/studies.db")


@pytest.fixture
def state(monkeypatch, tmp_path):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["dev", "staging"])
def test_an_environment_has_tables_runs_and_aliases_of_its_own(monkeypatch, state, name):
    shared = [settings.tracking_uri(), settings.artifact_root(), settings.registry_lock_root()]
    monkeypatch.setenv(settings.ENVIRONMENT_VARIABLE, name)
    assert settings.lake_root() == state / name / "lake"
    assert settings.dagster_root() == state / name / "dagster"
    assert settings.lock_root() == state / name / "locks"
    assert settings.alias_prefix() == f"{name}-"
    assert shared == [
        settings.tracking_uri(),
        settings.artifact_root(),
        settings.registry_lock_root(),
    ]


@pytest.mark.parametrize("name", [None, "", "prod"])
def test_production_is_the_default_and_has_the_plain_names(monkeypatch, state, name):
    monkeypatch.delenv(settings.ENVIRONMENT_VARIABLE, raising=False)
    if name is not None:
        monkeypatch.setenv(settings.ENVIRONMENT_VARIABLE, name)
    assert settings.lake_root() == state / "lake"
    assert settings.alias_prefix() == ""


def test_an_unknown_environment_is_answered_with_the_known_ones(monkeypatch, state):
    monkeypatch.setenv(settings.ENVIRONMENT_VARIABLE, "production")
    with pytest.raises(ValueError, match="'production'; it should be one of dev, staging, prod"):
        settings.lake_root()


def test_a_data_folder_may_be_relative_and_in_the_home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(settings.DATA_VARIABLE, "state")
    assert settings.data_root() == tmp_path / "state"
    monkeypatch.setenv(settings.DATA_VARIABLE, "~/state")
    assert settings.data_root() == Path.home().resolve() / "state"


@pytest.mark.parametrize("name", ["my data", "größe", "it's", 'a"b', "a;b", "#1", "😀", "a&b:c"])
def test_a_data_folder_may_have_any_usual_name(monkeypatch, tmp_path, name):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / name))
    assert settings.data_root() == tmp_path / name


@pytest.mark.parametrize(
    ("name", "character"),
    [
        *(("x=7", "="), ("day=2024-10-01", "="), ("100%", "%"), ("[old]", "["), ("100?", "?")),
        *(("a*", "*"), ("{x}", "{"), ("a|b", "|"), ("a^b", "^"), ("a\\b", "\\"), ("a\nb", "\n")),
        *(("a\tb", "\t"), ("a\x7fb", "\x7f"), ("a\udcffb", "\udcff")),
    ],
)
def test_a_data_folder_that_a_library_would_misread_is_refused(
    monkeypatch, tmp_path, name, character
):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / name))
    with pytest.raises(settings.SettingsError) as caught:
        settings.lake_root()
    assert f"has {character!r} in its name" in str(caught.value)
    assert settings.DATA_VARIABLE in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_can_be_no_data_folder_is_named_with_its_variable(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for wrong in (file, file / "below", tmp_path / "circle", "x" * 5000, "~nobody_of_that_name/x"):
        monkeypatch.setenv(settings.DATA_VARIABLE, str(wrong))
        with pytest.raises(settings.SettingsError, match=settings.DATA_VARIABLE):
            settings.data_root()


def test_the_address_of_mlflow_has_no_slash_at_its_end(monkeypatch):
    monkeypatch.delenv(settings.MLFLOW_UI_VARIABLE, raising=False)
    assert settings.mlflow_ui() == "http://127.0.0.1:5000"
    monkeypatch.setenv(settings.MLFLOW_UI_VARIABLE, "https://mlflow.example.org/")
    assert settings.mlflow_ui() == "https://mlflow.example.org"


def test_further_definitions_come_after_the_shipped_ones(monkeypatch, tmp_path):
    monkeypatch.delenv(settings.DEFS_VARIABLE, raising=False)
    assert settings.definition_folders() == [project.SHIPPED_DEFS]
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path))
    assert settings.definition_folders() == [project.SHIPPED_DEFS, tmp_path]


def test_a_missing_folder_of_definitions_is_named_with_its_variable(monkeypatch, tmp_path):
    missing = str(tmp_path / "nowhere")
    monkeypatch.setenv(settings.DEFS_VARIABLE, missing)
    with pytest.raises(settings.SettingsError) as caught:
        settings.definition_folders()
    assert settings.DEFS_VARIABLE in str(caught.value)
    assert missing in str(caught.value)
    assert "defs.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("configured", "limit"),
    [
        (None, "25%"),
        ("", "25%"),
        ("4GB", "4GB"),
        ("1.5 gb", "1.5GB"),
        ("100mb", "100MB"),
        (" 50% ", "50%"),
        ("100%", "100%"),
    ],
)
def test_the_memory_of_duckdb_is_a_quarter_of_the_machine_unless_it_is_set(
    monkeypatch, configured, limit
):
    monkeypatch.delenv(settings.MEMORY_VARIABLE, raising=False)
    if configured is not None:
        monkeypatch.setenv(settings.MEMORY_VARIABLE, configured)
    assert settings.memory_limit() == limit


@pytest.mark.parametrize(
    "nonsense", ["much", "4", "99MB", "0%", "101%", "-1GB", "4GB!", "1e3MB", "nan%", "GB", "4 G B"]
)
def test_an_amount_of_memory_that_is_none_is_named_with_what_would_be_right(monkeypatch, nonsense):
    monkeypatch.setenv(settings.MEMORY_VARIABLE, nonsense)
    with pytest.raises(settings.SettingsError) as caught:
        settings.memory_limit()
    said = str(caught.value)
    assert settings.MEMORY_VARIABLE in said
    assert repr(nonsense) in said
    assert "500MB" in said
