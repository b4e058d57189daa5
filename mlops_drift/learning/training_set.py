"""Training sets: split by time or at random, addressed by the hash of their contents."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Part of every id: a new way of hashing must not give an old address to other content.
SCHEME = "training-set-1"


@dataclass(frozen=True)
class TrainingSet:
    """Rows to learn from and rows to measure on: day, key, event_time, features, label."""

    train: pa.Table
    test: pa.Table

    @property
    def parts(self) -> Mapping[str, pa.Table]:
        """Both parts by name."""
        return {"train": self.train, "test": self.test}

    @property
    def rows(self) -> int:
        """Rows of both parts together."""
        return int(self.train.num_rows + self.test.num_rows)

    @property
    def id(self) -> str:
        """SHA-256 over names, types, values and parts, whatever the order of rows and columns."""
        hasher = hashlib.sha256(SCHEME.encode())
        for part, table in self.parts.items():
            hasher.update(f"\x00part {part} {table.num_rows}".encode())
            canonical = _canonical(table)
            for name in canonical.schema.names:
                column = canonical[name].combine_chunks()
                hasher.update(f"\x00column {name} {column.type}\x00".encode())
                for part_of_column in _bytes(column):
                    hasher.update(part_of_column)
        return hasher.hexdigest()


def split_by_time(labelled: pa.Table, key: str, test_share: float) -> TrainingSet:
    """The latest of at least two rows, `test_share` of all between 0 and 1, become the test split.

    Rows are ordered by `event_time`; those of the same moment by a hash of their key, so that a
    day without times is split at random and always the same way. Both parts get at least one row.
    """
    ties = pd.util.hash_array(labelled[key].to_numpy(), categorize=False)
    order = pc.sort_indices(
        pa.table({"moment": labelled["event_time"], "tie": ties, "key": labelled[key]}),
        sort_keys=[("moment", "ascending"), ("tie", "ascending"), ("key", "ascending")],
    )
    n_test = min(max(1, round(labelled.num_rows * test_share)), labelled.num_rows - 1)
    ordered = labelled.take(order)
    n_train = labelled.num_rows - n_test
    return TrainingSet(ordered.slice(0, n_train), ordered.slice(n_train))


def split_at_random(labelled: pa.Table, key: str, test_share: float, seed: int) -> TrainingSet:
    """Each of at least two rows goes to the test split with the chance `test_share`, in (0, 1).

    A hash of its key and the seed decides: a row that is in the test split of one set is in the
    test split of every later one too, so that no version has trained on it. Both parts get at
    least one row, ordered by `event_time`.
    """
    keys = labelled[key].cast(pa.string())
    names = pc.binary_join_element_wise(str(seed), keys, " ").to_numpy()
    place = pd.util.hash_array(names, categorize=False) / 2.0**64
    drawn = place < test_share
    if drawn.all() or not drawn.any():
        drawn = place == place.min()
    moment = [("event_time", "ascending"), (pc.field(key), "ascending")]
    train, test = (labelled.filter(pa.array(rows)).sort_by(moment) for rows in (~drawn, drawn))
    return TrainingSet(train, test)


def _canonical(table: pa.Table) -> pa.Table:
    """Columns by name, rows sorted by all of them, floats with one nan and one zero."""
    names = sorted(table.schema.names)
    ordered = pa.table({name: _one_nan(table[name]) for name in names})
    keys = [(pc.field(name), "ascending") for name in names]
    return ordered.take(pc.sort_indices(ordered, sort_keys=keys))


def _one_nan(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(values.type):
        return values
    missing = values.is_null().to_numpy()
    numbers = pc.fill_null(values, 0.0).to_numpy().copy()
    numbers[np.isnan(numbers)] = np.nan
    return pa.chunked_array([pa.array(numbers + 0.0, type=values.type, mask=missing)])


def _bytes(values: pa.Array) -> list[bytes]:
    """Which values are missing, then the values."""
    missing = np.packbits(values.is_null().to_numpy(zero_copy_only=False)).tobytes()
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        filled = pc.fill_null(values, "")
        lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("<i8")
        return [missing, lengths.tobytes(), "".join(filled.to_pylist()).encode()]
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == 32 else pa.int64())
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    numbers = np.ascontiguousarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False))
    return [missing, numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()]
