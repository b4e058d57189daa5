"""The baseline of a version: its columns in frozen bins.

Bins never depend on current data. Otherwise days could not be compared with each other, and a
single outlier could stretch the bins until a shift is no longer seen.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_drift.drift.arrow_rows import without_nulls
from mlops_drift.drift.column_reference import ColumnReference, digest_of
from mlops_drift.drift.rows import Kind, Rows, Source
from mlops_drift.drift.sorted_values import SortedValues

JSON_FILE, VALUES_FILE = "reference.json", "reference.parquet"

_VALUES = pa.schema(
    [
        pa.field("column", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class Reference:
    """The frozen columns of a version, by name.

    >>> table = pa.table({"miles": range(1000), "plan": ["a", "b"] * 500})
    >>> reference = Reference.fit(table, bins=4)
    >>> reference.columns["miles"].labels
    ['< 250', '[250, 500)', '[500, 750)', '>= 750', 'non-finite', 'null']
    >>> Reference.from_files(reference.to_files()).digest == reference.digest
    True
    """

    columns: Mapping[str, ColumnReference]

    @property
    def kinds(self) -> dict[str, Kind]:
        """How each column is read."""
        return {name: column.kind for name, column in self.columns.items()}

    @classmethod
    def fit(cls, source: Source, kinds: Mapping[str, Kind] | None = None, bins: int = 10) -> Self:
        """Fixes the bins of columns and counts the rows in them.

        A numeric column with at most 20 distinct finite values gets a bin for each, any other
        `bins` quantile bins whose edges are observed values, duplicates collapsed. Either way it
        gets no more than one bin for every 20 finite values (but 2), so that the bins of a small
        reference stay filled. A category gets a bin of its own from 0.5 % of the rows on.
        NaN is a null. Dates and times become days. The values of numeric columns are kept sorted.

        Args:
            source: the reference rows: an Arrow table, a DuckDB relation, a Parquet or CSV file.
            kinds: how to read each column to watch; without it all columns, by their types.
            bins: largest number of quantile bins, at least 2.

        Raises:
            RowsError: a column is missing or cannot be read as its kind.
            ValueError: `bins` is under 2, or a kind is neither numeric nor categorical.
        """
        if bins < 2:
            raise ValueError(f"bins must be at least 2, found {bins}")
        rows = Rows.of(source)
        wanted = rows.kinds if kinds is None else dict(kinds)
        for name, kind in wanted.items():
            if kind not in ("numeric", "categorical"):
                raise ValueError(
                    f"column {name!r}: kind must be numeric or categorical, found {kind!r}"
                )
        with ThreadPoolExecutor() as pool:
            fitted = pool.map(
                lambda item: ColumnReference.fit(rows, item[0], item[1], bins), wanted.items()
            )
            return cls(dict(zip(wanted, fitted, strict=True)))

    def select(self, names: Iterable[str]) -> "Reference":
        """The reference of some of the columns."""
        return Reference({name: self.columns[name] for name in names})

    def to_dict(self) -> dict[str, Any]:
        """The reference as JSON-safe values, without the samples."""
        return {"columns": {name: column.to_dict() for name, column in self.columns.items()}}

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], samples: Mapping[str, SortedValues] | None = None
    ) -> Self:
        """Reads what `to_dict` wrote; without samples there are none.

        Raises:
            ValueError: a sample is not of as many values as the counts say.
        """
        columns = {name: ColumnReference.from_dict(item) for name, item in data["columns"].items()}
        for name, sample in (samples or {}).items():
            expected = columns[name].n - int(columns[name].counts[-1])
            if len(sample) != expected:
                raise ValueError(
                    f"column {name!r} of the reference has {expected:,} numbers by {JSON_FILE} and "
                    f"{len(sample):,} by {VALUES_FILE}; both must come from the same reference"
                )
            columns[name] = replace(columns[name], sample=sample)
        return cls(columns)

    def to_files(self) -> dict[str, bytes]:
        """The reference as two files.

        `reference.json` is `to_dict`. `reference.parquet` has the sorted values of the numeric
        columns as `column` and `value`, by column, a row group each.
        """
        text = json.dumps(self.to_dict(), sort_keys=True, indent=1, allow_nan=False)
        buffer = BytesIO()
        # Sorted doubles hardly compress, and a day's check should not wait for it.
        with pq.ParquetWriter(
            buffer, _VALUES, compression="none", use_dictionary=["column"]
        ) as out:
            for name in sorted(self.columns):
                sample = self.columns[name].sample
                if sample is not None and len(sample):
                    names = pa.DictionaryArray.from_arrays(
                        np.zeros(len(sample), dtype=np.int32), pa.array([name])
                    )
                    table = pa.table([names, sample.values], schema=_VALUES)
                    out.write_table(table, row_group_size=len(sample))
        return {JSON_FILE: text.encode(), VALUES_FILE: buffer.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Reads what `to_files` made; without the Parquet file it has no samples.

        That the files are those that were made is for the caller to know; `load` verifies it.

        Raises:
            ValueError: one file has other columns or more values than the other.
        """
        data = json.loads(files[JSON_FILE])
        if VALUES_FILE not in files:
            return cls.from_dict(data)
        return cls.from_dict(data, _samples(data, pa.BufferReader(files[VALUES_FILE])))

    def save(self, folder: str | Path) -> None:
        """Writes `reference.json` and `reference.parquet` into a folder."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, content in self.to_files().items():
            (Path(folder) / name).write_bytes(content)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: the two files do not belong together.
        """
        data = json.loads((Path(folder) / JSON_FILE).read_bytes())
        loaded = cls.from_dict(data, _samples(data, Path(folder) / VALUES_FILE))
        with ThreadPoolExecutor() as pool:
            wrong = [
                name
                for name, is_sound in zip(
                    loaded.columns, pool.map(_is_sound, loaded.columns.values()), strict=True
                )
                if not is_sound
            ]
        if wrong:
            raise ValueError(
                f"the values of {', '.join(wrong)} in {Path(folder) / VALUES_FILE} are not those "
                f"of {JSON_FILE}; both must come from the same reference"
            )
        return loaded

    @property
    def digest(self) -> str:
        """SHA-256 of the reference as canonical JSON, in hexadecimal.

        It covers the samples through their digests; the order of the columns is ignored.
        """
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _is_sound(column: ColumnReference) -> bool:
    return column.sample is None or digest_of(column.sample) == column.frozen_digest


def _samples(data: Mapping[str, Any], file: Path | pa.BufferReader) -> dict[str, SortedValues]:
    """The samples of the numeric columns, which are a row group each in the order of the names."""
    columns: Mapping[str, Mapping[str, Any]] = data["columns"]
    numeric = [name for name in sorted(columns) if columns[name]["kind"] == "numeric"]
    filled = [name for name in numeric if sum(columns[name]["counts"][:-1])]
    samples = {name: SortedValues([]) for name in numeric}
    with pq.ParquetFile(file) as values:
        if values.num_row_groups != len(filled):
            raise ValueError(
                f"{VALUES_FILE} has the values of {values.num_row_groups} columns, {JSON_FILE} "
                f"says {len(filled)}; both must come from the same reference"
            )
        for group, name in enumerate(filled):
            column = values.read_row_group(group, columns=["value"], use_threads=False)["value"]
            samples[name] = SortedValues.presorted(without_nulls(column))
    return samples
