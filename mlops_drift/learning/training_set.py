"""Training sets: split by time or at random, addressed by the hash of their contents."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TRAIN = "train"
TEST = "test"

# Part of every id: a new way of hashing must not give an old address to other content.
SCHEME = "training-set-1"


@dataclass(frozen=True)
class TrainingSet:
    """A train split and a test split with the same columns.

    Attributes:
        train: rows to learn from: day, key, event_time, features, label.
        test: rows to measure on, of the same schema.
    """

    train: pa.Table
    test: pa.Table

    @property
    def parts(self) -> Mapping[str, pa.Table]:
        """Both parts by name."""
        return {TRAIN: self.train, TEST: self.test}

    @property
    def rows(self) -> int:
        """Rows of both parts together."""
        return int(self.train.num_rows + self.test.num_rows)

    @property
    def id(self) -> str:
        """SHA-256 over names, types, values and parts, whatever the order of rows and columns.

        >>> table = pa.table({"id": [1, 2, 3], "x": [0.5, None, 2.0]})
        >>> shuffled = table.take([2, 0, 1])
        >>> rest = table.slice(0, 0)
        >>> TrainingSet(table, rest).id == TrainingSet(shuffled, rest).id
        True
        >>> TrainingSet(table, rest).id == TrainingSet(rest, table).id
        False
        """
        hasher = hashlib.sha256(SCHEME.encode())
        for part, table in self.parts.items():
            hasher.update(f"\x00part {part} {table.num_rows}".encode())
            for name, column in _canonical_columns(table):
                hasher.update(f"\x00column {name} {column.type}\x00".encode())
                _hash_values(hasher, column)
        return hasher.hexdigest()


def split_by_time(labelled: pa.Table, key: str, test_share: float) -> TrainingSet:
    """The latest `test_share` of the rows become the test split.

    Rows are ordered by `event_time`; those of the same moment by a hash of their key, so that a
    day without times is split at random and always the same way.

    Args:
        labelled: rows with `event_time` and the key column.
        key: name of the key column.
        test_share: share of the rows, between 0 and 1; both parts get at least one row.

    Raises:
        ValueError: with fewer than two rows.
    """
    _require_two_rows(labelled)
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
    """Each row goes to the test split with the chance `test_share`.

    A hash of its key and the seed decides: a row that is in the test split of one set is in the
    test split of every later one too, so that no version has trained on it.

    Args:
        labelled: rows with `event_time` and the key column.
        key: name of the key column.
        test_share: share of the rows, between 0 and 1; both parts get at least one row.
        seed: chooses the rows.

    Raises:
        ValueError: with fewer than two rows.

    >>> rows = pa.table({"id": range(1000), "event_time": [0] * 1000})
    >>> parts = split_at_random(rows, "id", 0.2, seed=7)
    >>> parts.rows, 150 < parts.test.num_rows < 250
    (1000, True)
    """
    _require_two_rows(labelled)
    names = np.array([f"{seed} {value}" for value in labelled[key].to_pylist()], dtype=object)
    place = pd.util.hash_array(names, categorize=False) / 2.0**64
    drawn = place < test_share
    if drawn.all() or not drawn.any():
        drawn = place == place.min()
    moment = [("event_time", "ascending"), (pc.field(key), "ascending")]
    return TrainingSet(
        labelled.filter(pa.array(~drawn)).sort_by(moment),
        labelled.filter(pa.array(drawn)).sort_by(moment),
    )


def _require_two_rows(labelled: pa.Table) -> None:
    if labelled.num_rows < 2:
        raise ValueError(
            f"a training set needs at least 2 labelled rows, found {labelled.num_rows}"
        )


def _canonical_columns(table: pa.Table) -> list[tuple[str, pa.Array]]:
    """Columns by name, rows sorted by all of them, floats with one nan and one zero."""
    names = sorted(table.schema.names)
    columns = {name: _canonical(table[name].combine_chunks()) for name in names}
    canonical = pa.table(columns)
    order = pc.sort_indices(canonical, sort_keys=[(pc.field(name), "ascending") for name in names])
    ordered = canonical.take(order)
    return [(name, ordered[name].combine_chunks()) for name in names]


def _canonical(values: pa.Array) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    if not pa.types.is_floating(values.type):
        return values
    missing = values.is_null().to_numpy(zero_copy_only=False)
    numbers = pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False).copy()
    numbers[np.isnan(numbers)] = np.nan
    return pa.array(numbers + 0.0, type=values.type, mask=missing)


def _hash_values(hasher: "hashlib._Hash", values: pa.Array | pa.ChunkedArray) -> None:
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    hasher.update(np.packbits(values.is_null().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        filled = pc.fill_null(values, "")
        lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False)
        hasher.update(lengths.astype("<i8").tobytes())
        hasher.update("".join(filled.to_pylist()).encode())
        return
    if pa.types.is_temporal(values.type):
        width = pa.int32() if values.type.bit_width == 32 else pa.int64()
        values = values.cast(width)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    hasher.update(np.ascontiguousarray(numbers).astype(numbers.dtype.newbyteorder("<")).tobytes())
