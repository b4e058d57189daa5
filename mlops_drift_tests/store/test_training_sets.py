import math
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.records import TrainingSetRecord
from mlops_drift.store.schemas import schema_of
from mlops_drift.store.tables import Table
from mlops_drift.store.training_sets import TrainingSets, parquet_bytes
from mlops_drift.store.write_once import CorruptionError, canonical_json
from mlops_drift_tests.processes import meet

NOON = datetime(2024, 10, 7, 12)
PREDICTIONS = pa.table({"id": [4, 5], "prediction": ["yes", "no"], "score": [0.9, 0.2]})
REFERENCE = {"rows": 2, "columns": {"x": [0.1, 0.5]}}
VALUES = pa.table({"column": ["x", "x"], "value": [0.1, 0.5]})
IMPORTANCE = {"x": 0.75, "city": 0.25}


def baseline(predictions=PREDICTIONS, **reference):
    """The files of a baseline; the reference may have other values."""
    return {
        "test_predictions.parquet": parquet_bytes(predictions),
        "reference.json": canonical_json({**REFERENCE, **reference}),
        "reference.parquet": parquet_bytes(VALUES),
        "importance.json": canonical_json(IMPORTANCE),
    }


def reference_of(files):
    """The files of the reference among those of a baseline."""
    return {name: files[name] for name in ("reference.json", "reference.parquet")}


def rows(first, last):
    numbers = list(range(first, last))
    return pa.table(
        {
            "day": pa.array([date(2024, 10, 7)] * len(numbers), pa.date32()),
            "event_time": pa.array(
                [NOON + timedelta(hours=number) for number in numbers], pa.timestamp("us")
            ),
            "id": pa.array(numbers, pa.int64()),
            "x": pa.array([None, math.nan, -0.0, *map(float, range(50))][first:last], pa.float64()),
            "flag": pa.array([number % 3 == 0 for number in numbers], pa.bool_()),
            "city": pa.array([["oslo", "", None][number % 3] for number in numbers], pa.string()),
        }
    )


# Lakes in memory keep their tables to themselves; one connection reads them all.
DATABASE = duckdb.connect()
SET = TrainingSet(rows(0, 8), rows(8, 11))


def sets_of(root, model):
    table = Table(f"training.{model}_sets", schema_of(TrainingSetRecord), bounds=())
    return TrainingSets(MemoryLake(root, DATABASE), table, model)


@pytest.fixture
def sets(tmp_path):
    return sets_of(tmp_path, "churn")


@pytest.fixture
def stored(sets):
    """Sets that hold one set and the baseline of its version 1."""
    sets.write_baseline(sets.write(SET), 1, baseline())
    return sets


def all_files(sets):
    return sorted(path for path in sets.folder.rglob("*") if path.is_file())


def read_everything(sets):
    sets.read(SET.id)
    sets.read_reference(SET.id, 1)
    sets.read_importance(SET.id, 1)
    sets.read_test_predictions(SET.id, 1)


def test_what_is_read_is_what_was_written(stored):
    read = stored.read(SET.id)
    assert read.id == SET.id
    assert read.train.schema == SET.train.schema
    assert read.train["id"].to_pylist() == list(range(8))
    assert read.test["city"].to_pylist() == SET.test["city"].to_pylist()
    assert stored.read_reference(SET.id, 1) == reference_of(baseline())
    assert stored.read_importance(SET.id, 1) == IMPORTANCE
    assert stored.read_baseline(SET.id, 1, "reference.json") == baseline()["reference.json"]
    assert stored.read_test_predictions(SET.id, 1) == PREDICTIONS


def test_the_same_content_is_stored_once(stored):
    before = {path: path.stat().st_mtime_ns for path in all_files(stored)}
    shuffled = TrainingSet(SET.train.take([3, 1, 0, 2, 7, 6, 5, 4]), SET.test)
    assert stored.write(shuffled) == SET.id
    stored.write_baseline(SET.id, 1, baseline())
    assert {path: path.stat().st_mtime_ns for path in all_files(stored)} == before


def test_the_models_have_folders_of_their_own(stored, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such training set"):
        sets_of(tmp_path, "price").read(SET.id)


def test_a_flipped_byte_anywhere_in_any_file_is_named_by_its_path(stored):
    files = all_files(stored)
    assert len(files) == 8
    for path in files:
        sound = path.read_bytes()
        positions = {0, 1, len(sound) // 2, len(sound) - 2, len(sound) - 1}
        for position in sorted(positions | set(range(0, len(sound), len(sound) // 10 + 1))):
            damaged = bytearray(sound)
            damaged[position] ^= 0x01
            path.write_bytes(damaged)
            with pytest.raises(CorruptionError) as raised:
                read_everything(stored)
            assert str(path) in str(raised.value), position
        path.write_bytes(sound)
    read_everything(stored)


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"files": {}}'])
def test_a_manifest_that_is_something_else_is_a_corruption(stored, damage):
    (stored.folder / SET.id / "manifest.json").write_bytes(damage)
    with pytest.raises(CorruptionError, match=r"manifest\.json is damaged"):
        stored.read(SET.id)


def test_a_truncated_and_a_missing_file_are_named(stored):
    for path in all_files(stored):
        sound = path.read_bytes()
        path.write_bytes(sound[:-1])
        with pytest.raises(CorruptionError) as raised:
            read_everything(stored)
        assert str(path) in str(raised.value)
        path.unlink()
        with pytest.raises(CorruptionError) as raised:
            read_everything(stored)
        assert str(path) in str(raised.value)
        path.write_bytes(sound)


def test_a_damaged_set_is_not_taken_for_stored(stored):
    path = stored.folder / SET.id / "train.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptionError, match=r"train\.parquet is damaged.*restore it from a copy"):
        stored.write(SET)


def test_a_set_under_the_address_of_another_is_a_corruption(stored):
    other = "0" * 64
    (stored.folder / SET.id).rename(stored.folder / other)
    with pytest.raises(CorruptionError, match=f"has the id {SET.id}"):
        stored.read(other)


def test_a_version_is_born_once(stored):
    before = stored.read_reference(SET.id, 1)
    for name, other in {
        "reference.json": baseline(rows=3),
        "reference.parquet": {**baseline(), "reference.parquet": b""},
        "test_predictions.parquet": baseline(PREDICTIONS.slice(1)),
        "importance.json": {**baseline(), "importance.json": b"{}"},
        "extra.json": {**baseline(), "extra.json": b"{}"},
    }.items():
        with pytest.raises(CorruptionError, match=f"version 1 has a baseline with another {name};"):
            stored.write_baseline(SET.id, 1, other)
    lacking = baseline()
    del lacking["importance.json"]
    with pytest.raises(CorruptionError, match=r"another importance\.json;"):
        stored.write_baseline(SET.id, 1, lacking)
    assert stored.read_reference(SET.id, 1) == before
    stored.write_baseline(SET.id, 2, baseline(rows=3))
    assert stored.read_reference(SET.id, 2) == reference_of(baseline(rows=3))


def test_a_file_of_a_baseline_is_read_without_the_others(stored):
    folder = stored.folder / SET.id / "versions" / "1"
    (folder / "test_predictions.parquet").unlink()
    assert stored.read_reference(SET.id, 1) == reference_of(baseline())
    with pytest.raises(CorruptionError, match=r"test_predictions\.parquet is missing"):
        stored.read_test_predictions(SET.id, 1)
    (folder / "importance.json").write_bytes(canonical_json({"x": 1.0}))
    assert stored.read_reference(SET.id, 1) == reference_of(baseline())
    with pytest.raises(CorruptionError, match=r"importance\.json is damaged"):
        stored.read_importance(SET.id, 1)


def test_a_file_that_is_not_of_the_baseline_is_not_found(stored):
    (stored.folder / SET.id / "versions" / "1" / "stray.json").write_bytes(b"{}")
    for name in ("stray.json", "manifest.json", "../../train.parquet"):
        with pytest.raises(FileNotFoundError, match=r"it has importance\.json, reference\.json"):
            stored.read_baseline(SET.id, 1, name)


def test_bytes_depend_on_the_content_alone():
    shuffled = {"columns": {"x": [0.1, 0.5]}, "rows": 2}
    assert canonical_json(shuffled) == canonical_json(REFERENCE)
    assert parquet_bytes(PREDICTIONS) == parquet_bytes(PREDICTIONS.slice(0))


def test_a_version_without_a_baseline_is_not_found(stored):
    with pytest.raises(FileNotFoundError, match="no such training set or version"):
        stored.read_reference(SET.id, 2)


def test_what_a_killed_writer_left_staged_is_invisible(sets):
    staged = sets.folder / ".writing-left"
    staged.mkdir(parents=True)
    (staged / "train.parquet").write_bytes(b"half")
    with pytest.raises(FileNotFoundError):
        sets.read(SET.id)
    assert sets.read(sets.write(SET)).id == SET.id
    assert [path.name for path in sets.folder.iterdir() if path != staged] == [SET.id]


def write_often(root):
    sets = sets_of(root, "churn")
    meet(2)
    for number in range(20):
        training_set = TrainingSet(SET.train.slice(0, number % 7 + 1), SET.test.slice(number % 2))
        sets.write_baseline(sets.write(training_set), 1, baseline())


def test_processes_writing_the_same_sets_at_once_leave_each_sound_and_once(tmp_path, processes):
    processes.run(write_often, (tmp_path,), (tmp_path,))
    sets = sets_of(tmp_path, "churn")
    stored = [path.name for path in sets.folder.iterdir()]
    assert len(stored) == 14
    for name in stored:
        assert sets.read(name).id == name
        assert sets.read_reference(name, 1) == reference_of(baseline())


def give_birth(root, rows):
    sets = sets_of(root, "churn")
    told = []
    for version in range(5):
        meet(2)
        try:
            sets.write_baseline("set", version, baseline(rows=rows))
            told.append("stored")
        except CorruptionError:
            told.append("refused")
    return told


def test_of_two_processes_with_another_reference_one_is_refused(tmp_path, processes):
    told = processes.run(give_birth, (tmp_path, 1), (tmp_path, 2))
    sets = sets_of(tmp_path, "churn")
    for version, answers in enumerate(zip(*told, strict=True)):
        assert sorted(answers) == ["refused", "stored"]
        winner = baseline(rows=answers.index("stored") + 1)
        assert sets.read_reference("set", version) == reference_of(winner)
