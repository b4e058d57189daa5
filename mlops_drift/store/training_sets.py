"""Training sets, references and test predictions on disk: written once, verified at every use.

A set lies in `training/<model>/<id>/` below the lake's root: both parts and a manifest with the
digest of each file, and below `versions/<version>/` the baseline of each version trained on it.
"""

import json
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake
from mlops_drift.store.records import TrainingSetRecord
from mlops_drift.store.tables import Table
from mlops_drift.store.write_once import (
    MANIFEST,
    CorruptionError,
    read_file,
    read_folder,
    read_manifest,
    write_folder,
)

# The part of a set that a version is measured on.
TEST_FILE = "test.parquet"

# The baseline of a version.
TEST_PREDICTIONS = "test_predictions.parquet"
REFERENCE_FILES = ("reference.json", "reference.parquet")
IMPORTANCE = "importance.json"
COMPILED = "compiled.json"


REMEDY = (
    "restore it from a copy. Where no version trained on this set is kept, the folder may be "
    "removed instead: training_set with the same as_of and since writes it again"
)


class TrainingSets:
    """The training sets of one model: their files, and the records of what they were built of.

    What is read raises a FileNotFoundError if it is not there, and a `CorruptionError` if a file is
    missing or differs from what was written.
    """

    def __init__(self, lake: Lake, table: Table, model: str) -> None:
        self._lake, self._table = lake, table
        self.folder = Path(lake.root) / "training" / model

    def write(self, training_set: TrainingSet) -> str:
        """Stores a set under its id, or verifies the one that is there; returns the id."""
        set_id, parts = training_set.id, training_set.parts
        if (self.folder / set_id).exists():
            # A cleanup leaves alone what was just used.
            (self.folder / set_id).touch()
            self.read(set_id)
            return set_id
        files = {f"{part}.parquet": parquet_bytes(table) for part, table in parts.items()}
        about = {
            "id": set_id,
            "rows": {part: table.num_rows for part, table in parts.items()},
            "columns": {field.name: str(field.type) for field in training_set.train.schema},
        }
        write_folder(self.folder / set_id, files, about, REMEDY)
        return set_id

    def read(self, set_id: str) -> TrainingSet:
        """Reads a set and verifies every byte of it."""
        folder = self.folder / set_id
        files = read_folder(folder, REMEDY)
        stored = TrainingSet(_table(files["train.parquet"]), _table(files[TEST_FILE]))
        if stored.id != set_id:
            raise CorruptionError(f"{folder}: the content has the id {stored.id}")
        return stored

    def read_test(self, set_id: str) -> pa.Table:
        """The test split of a set, verified; the other part, which may be large, is not read."""
        folder = self.folder / set_id
        digest = read_manifest(folder, REMEDY)[TEST_FILE]
        return _table(read_file(folder / TEST_FILE, digest, REMEDY))

    def add_record(self, record: TrainingSetRecord) -> None:
        """Records what a training set was built of, once for each as-of day."""
        built, as_of = [record.training_set], [record.as_of]
        self._lake.append_unless(self._table, vars(record), training_set=built, as_of=as_of)

    def records(self, training_set: str | None = None) -> list[TrainingSetRecord]:
        """The records of a training set, or of all, by as-of day."""
        which = f"training_set = {literal(training_set)}" if training_set else "true"
        sql = f"FROM s WHERE {which} ORDER BY as_of"
        return self._lake.records(TrainingSetRecord, sql, s=self._table)

    def ids(self) -> list[str]:
        """The ids of the sets that are there."""
        return sorted(path.parent.name for path in self.folder.glob(f"[0-9a-f]*/{MANIFEST}"))

    def last_event(self, set_id: str) -> date:
        """The day of the last event of a set."""
        test = pq.read_table(self.folder / set_id / TEST_FILE, columns=["day"])
        last: date = pc.max(test["day"]).as_py()
        return last

    def write_baseline(self, set_id: str, version: int, files: Mapping[str, bytes]) -> None:
        """Stores the files of a version's baseline, once.

        They must have the same bytes at every repetition; see `canonical_json`, `parquet_bytes`.
        """
        folder = self.baseline(set_id, version)
        if not folder.exists():
            about = {"version": version, "training_set": set_id}
            write_folder(folder, files, about, REMEDY)
        # Read back also after writing: another process may have been first.
        stored = read_folder(folder, REMEDY)
        if other := {name for name, _ in files.items() ^ stored.items()}:
            raise CorruptionError(
                f"{folder}: version {version} has a baseline with another "
                f"{', '.join(sorted(other))}; a baseline is written once"
            )

    def read_baseline(self, set_id: str, version: int, name: str) -> bytes:
        """One file of a version's baseline, verified; no other file is read."""
        folder = self.baseline(set_id, version)
        digests = read_manifest(folder, REMEDY)
        if name not in digests:
            raise FileNotFoundError(f"{folder} has no {name}; it has {', '.join(sorted(digests))}")
        return read_file(folder / name, digests[name], REMEDY)

    def read_reference(self, set_id: str, version: int) -> dict[str, bytes]:
        """The files of the frozen reference of a version."""
        return {name: self.read_baseline(set_id, version, name) for name in REFERENCE_FILES}

    def read_importance(self, set_id: str, version: int) -> dict[str, float]:
        """The importance of each column for a version."""
        importance: dict[str, float] = json.loads(self.read_baseline(set_id, version, IMPORTANCE))
        return importance

    def read_test_predictions(self, set_id: str, version: int) -> pa.Table:
        """The test predictions of a version."""
        return _table(self.read_baseline(set_id, version, TEST_PREDICTIONS))

    def read_compiled(self, set_id: str, version: int) -> bytes | None:
        """The compiled form of a version; None if it has none."""
        try:
            return self.read_baseline(set_id, version, COMPILED)
        except FileNotFoundError:
            return None

    def baselines(self, set_id: str) -> Path:
        """The folder of the baselines of a set's versions."""
        return self.folder / set_id / "versions"

    def baseline(self, set_id: str, version: int) -> Path:
        """The folder of a version's baseline."""
        return self.baselines(set_id) / str(version)


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as a Parquet file; the same table gives the same bytes."""
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _table(content: bytes) -> pa.Table:
    return pq.read_table(BytesIO(content))
