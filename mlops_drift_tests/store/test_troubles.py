import pytest

from mlops_drift import settings
from mlops_drift.store.troubles import sentence


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("library", "place"),
    [("mlflow/store/db/utils.py", "mlflow.db"), ("optuna/storages/_rdb/storage.py", "studies.db")],
)
def test_a_database_is_named_by_the_library_that_asked(state, library, place):
    said = sentence(
        "sqlalchemy.exc.OperationalError",
        "(sqlite3.OperationalError) database is locked\n[SQL: SELECT 1]",
        ["/lib/dagster/x.py", f"/lib/{library}", "/lib/sqlalchemy/engine.py"],
    )
    assert said == (
        f"{state / place}: database is locked; another process is writing it; try again when that "
        "has ended"
    )


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("attempt to write a readonly database", "name a folder that you may write"),
        ("database or disk is full", "free some"),
        ("file is not a database", "bring it back from a backup"),
        ("database disk image is malformed", "bring it back from a backup"),
        ("unable to open database file", "name a folder that you may write"),
    ],
)
def test_each_trouble_of_a_database_has_its_advice(state, said, advice):
    found = sentence("sqlite3.DatabaseError", said)
    assert found.startswith(f"{state / 'dagster'}: {said}; ")
    assert advice in found


def test_a_full_disk_is_told_alike_whoever_meets_it():
    met = [
        ("builtins.OSError", "[Errno 28] No space left on device"),
        ("_internal.DeltaError", "Generic LocalFileSystem error: x (os error 28)"),
        ("_duckdb.IOException", "IO Error: Could not write file: No space left on device"),
    ]
    assert ["No space" in str(sentence(*one)) or "free some" in str(sentence(*one)) for one in met]
    assert sentence(*met[1]).endswith("; free some, then run the same command again")


def test_a_damaged_table_is_named_with_the_lake(state):
    said = sentence("_internal.DeltaError", "Invalid JSON in log record,\nversion=3")
    assert said == (
        f"a table in {state / 'lake'} cannot be used: Invalid JSON in log record, version=3; bring "
        "it back from a backup"
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("builtins.KeyError", "'amount'"),
        ("_duckdb.BinderException", 'Binder Error: column "x" not found'),
        ("mlflow.exceptions.MlflowException", "INVALID_PARAMETER_VALUE: too long"),
    ],
)
def test_what_only_a_developer_can_mend_has_no_sentence(kind, message):
    assert sentence(kind, message) is None
