"""The baseline of a version: its columns in frozen bins.

Bins never depend on current data. Otherwise days could not be compared with each other, and a
single outlier could stretch the bins until a shift is no longer seen.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_drift.drift.arrow_rows import without_nulls
from mlops_drift.drift.column_reference import ColumnReference
from mlops_drift.drift.rows import Kind, Rows, Source
from mlops_drift.drift.sorted_values import SortedValues

JSON_FILE, VALUES_FILE = "reference.json", "reference.parquet"
_SAME = "both must come from the same reference"

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

    @property
    def count(self) -> int:
        """Number of rows."""
        return max((column.n for column in self.columns.values()), default=0)

    @classmethod
    def fit(cls, source: Source, kinds: Mapping[str, Kind] | None = None, bins: int = 10) -> Self:
        """Fixes the bins of columns and counts the rows in them.

        A numeric column with at most 20 distinct finite values gets a bin for each, any other
        `bins` quantile bins whose edges are observed values, duplicates collapsed. Either way it
        gets no more than one bin for every 20 finite values (but 2), so that the bins of a small
        reference stay filled. A category gets a bin of its own from 0.5 % of the rows on.
        NaN is a null. Dates and times become days. The values of numeric columns are kept sorted.

        `kinds` are how to read the columns to watch; without them all columns, by their types.

        Raises:
            TableError: a column is missing or cannot be read as its kind.
            ValueError: `bins` is under 2, or a kind is neither numeric nor categorical.
        """
        if bins < 2:
            raise ValueError(f"bins must be at least 2, found {bins}")
        rows = Rows.of(source)
        wanted = rows.kinds if kinds is None else dict(kinds)
        for name, kind in wanted.items():
            if kind not in ("numeric", "categorical"):
                needed = "kind must be numeric or categorical"
                raise ValueError(f"column {name!r}: {needed}, found {kind!r}")
        with ThreadPoolExecutor() as pool:
            fit = partial(ColumnReference.fit, rows, bins=bins)
            fitted = pool.map(fit, wanted, wanted.values())
            return cls(dict(zip(wanted, fitted, strict=True)))

    def select(self, names: Iterable[str]) -> "Reference":
        """The reference of some of the columns."""
        return Reference({name: self.columns[name] for name in names})

    def to_dict(self) -> dict[str, object]:
        """The reference as JSON-safe values, without the samples."""
        return {"columns": {name: column.to_dict() for name, column in self.columns.items()}}

    @property
    def digest(self) -> str:
        """SHA-256 of the reference as canonical JSON, in hexadecimal.

        It covers the samples through their digests; the order of the columns is ignored.
        """
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

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
            for name, column in sorted(self.columns.items()):
                if column.sample:
                    codes, n = np.zeros(len(column.sample), np.int32), len(column.sample)
                    names = pa.DictionaryArray.from_arrays(codes, pa.array([name]))
                    table = pa.table([names, column.sample.values], schema=_VALUES)
                    out.write_table(table, row_group_size=n)
        return {JSON_FILE: text.encode(), VALUES_FILE: buffer.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Reads what `to_files` made.

        That the files are those that were made is for the caller to know; `load` verifies it.

        Raises:
            ValueError: one file has other columns or more values than the other.
        """
        data = json.loads(files[JSON_FILE])["columns"]
        columns = {name: ColumnReference.from_dict(item) for name, item in data.items()}
        numeric = sorted(name for name, column in columns.items() if column.kind == "numeric")
        numbers = {name: int(columns[name].counts[:-1].sum()) for name in numeric}
        filled = [name for name in numeric if numbers[name]]
        samples = {name: SortedValues([]) for name in numeric}
        with pq.ParquetFile(pa.BufferReader(files[VALUES_FILE])) as values:
            if values.num_row_groups != len(filled):
                raise ValueError(
                    f"{VALUES_FILE} has the values of {values.num_row_groups} columns, {JSON_FILE} "
                    f"says {len(filled)}; {_SAME}"
                )
            for group, name in enumerate(filled):
                column = values.read_row_group(group, columns=["value"], use_threads=False)["value"]
                samples[name] = SortedValues.presorted(without_nulls(column))
        for name, sample in samples.items():
            if len(sample) != numbers[name]:
                raise ValueError(
                    f"column {name!r} of the reference has {numbers[name]:,} numbers by "
                    f"{JSON_FILE} and {len(sample):,} by {VALUES_FILE}; {_SAME}"
                )
            columns[name] = replace(columns[name], sample=sample)
        return cls(columns)

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
        paths = {name: Path(folder) / name for name in (JSON_FILE, VALUES_FILE)}
        loaded = cls.from_files({name: path.read_bytes() for name, path in paths.items()})
        wrong = [name for name, column in loaded.columns.items() if not column.is_sound()]
        if wrong:
            raise ValueError(
                f"the values of {', '.join(wrong)} in {paths[VALUES_FILE]} are not those of "
                f"{JSON_FILE}; {_SAME}"
            )
        return loaded
