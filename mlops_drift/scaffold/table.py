"""The columns of a file and what their values are, as landing will read them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from mlops_drift.drift import text_columns as readings
from mlops_drift.drift.text_columns import NUMBERS, Facts, find_facts
from mlops_drift.files.table_file import open_file
from mlops_drift.scaffold.summary import Kind
from mlops_drift.sql import engine


@dataclass(frozen=True)
class Values:
    """The values of one column as trimmed texts, None where one is missing, and their kind."""

    name: str
    kind: Kind
    texts: pd.Series
    problem: str = ""

    @property
    def present(self) -> pd.Series:
        """The values that are not missing."""
        return self.texts.dropna()

    @property
    def filled(self) -> int:
        """How many are not missing."""
        return int(self.texts.notna().sum())

    def counts(self, most: int) -> dict[str, int]:
        """The most frequent values with their rows, at most so many, most frequent first."""
        found = self.present.value_counts().head(most)
        return {str(value): int(rows) for value, rows in found.items()}

    @property
    def missing(self) -> int:
        """How many are missing."""
        return int(self.texts.isna().sum())

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(self.texts.nunique())

    @property
    def days(self) -> pd.Series:
        """The values as days in UTC, NaT where they are none."""
        moments = pd.to_datetime(self.texts, utc=True, format="mixed", errors="coerce")
        return moments.dt.tz_localize(None).dt.normalize()

    @property
    def span(self) -> str:
        """The smallest and the largest of numbers."""
        numbers = pd.to_numeric(self.texts, errors="coerce")
        return f"{numbers.min():g} to {numbers.max():g}"

    @property
    def is_unique(self) -> bool:
        """Whether no value is missing and none comes twice."""
        return self.missing == 0 and bool(self.texts.is_unique)


@dataclass(frozen=True)
class FileColumns:
    """A file by its columns."""

    path: Path
    rows: int
    columns: dict[str, Values]

    def of_kind(self, kind: Kind) -> list[str]:
        """Names of the columns of a kind, in the order of the file."""
        return [name for name, values in self.columns.items() if values.kind == kind]


def read_columns(path: Path) -> FileColumns:
    """Reads a CSV, TSV, JSON or Parquet file; a TableError if it is no such file."""
    table = open_file(path).read()
    texts = {name: _as_text(table[name]) for name in table.column_names}
    rows = pa.table({name: column for name, column in texts.items() if column is not None})
    with engine().cursor() as connection:
        connection.register("rows", rows)
        facts = find_facts(
            "rows", rows.column_names, NUMBERS, lambda sql, _: connection.execute(sql).fetchall()
        )
    nested = pd.Series(dtype=object)
    found = {
        name: _values(name, column, facts[name])
        if column is not None
        else Values(name, "unreadable", nested, "holds lists or records")
        for name, column in texts.items()
    }
    return FileColumns(path, table.num_rows, found)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """A column as text; None where its values are lists or records."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _values(name: str, column: pa.ChunkedArray, facts: Facts) -> Values:
    texts = column.to_pandas().astype(object).str.strip()
    texts = texts.where(texts.notna() & (texts != ""), None)
    kind, problem = kind_of(facts)
    if kind in ("integer", "number", "boolean"):
        # The only word that landing takes for a missing number.
        texts = texts.where(~texts.str.lower().isin(["nan", "+nan", "-nan"]), None)
        words = texts.dropna()[lambda some: ~some.str.contains("[0-9]|true|false", case=False)]
        if len(words):
            kind = "unreadable"
            problem = (
                f"{words.iloc[0]!r} stands among numbers in {len(words)} rows, which would be "
                "quarantined; leave such cells empty"
            )
    return Values(name, kind, texts, problem)


def kind_of(facts: Facts) -> tuple[Kind, str]:
    """What the values of a column are, and the problem with those that are unreadable."""
    best = facts.best()
    if best is readings.NOTHING:
        return "empty", ""
    if best is readings.WHOLE:
        return "integer", ""
    if best is readings.NUMBER:
        return "number", ""
    if best is readings.TRUTH:
        return "boolean", ""
    if best in NUMBERS:
        return "unreadable", "has numbers such as 1,5; write 1.5"
    if best.type in ("DATE", "TIMESTAMP", "TIMESTAMPTZ") and "strptime" not in best.sql:
        return "day", ""
    if best is not readings.TEXT:
        return "unreadable", "holds times, or days in another form than 2024-10-01"
    if facts.read.get(readings.FOR_PEOPLE) == facts.values:  # noqa: PD011
        return "unreadable", "has numbers with signs such as $ or %; write the digits alone"
    if facts.is_mostly_numbers:
        return "unreadable", "is mostly numbers or days, but not all of it"
    return "text", ""
