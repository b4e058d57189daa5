"""The source of a model whose predictions are made elsewhere: events, labels and predictions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from mlops_drift.files.error import TableError
from mlops_drift.files.table_file import open_file
from mlops_drift.schema.columns import Target
from mlops_drift.sources.base import (
    Batch,
    Look,
    Part,
    Source,
    SourceConfig,
    SourceError,
    TableName,
    require_columns,
)
from mlops_drift.sources.external import (
    UNNAMED,
    VERSION,
    ExternalModel,
    ReferenceTable,
    score_of,
    scored_classes,
)

_HINT = "add it to the source, or correct `key` or `model` in the model's defs.yaml"


def opened(
    source: SourceConfig, external: ExternalModel | None, key: str, target: Target, folder: Path
) -> Source:
    """The source of a model, with the predictions of one that is external."""
    inner = source.open(folder)
    if external is None:
        return inner
    table = external.table_of(source)
    return ExternalSource(
        inner, table.open(folder) if table else None, external, key, target, folder
    )


class ExternalSource(Source):
    """Events and labels of a source, and predictions of a table beside them or of the events.

    The columns of predictions have the same names whatever the source calls them.
    """

    tables = ("events", "labels", "predictions")

    def __init__(
        self,
        inner: Source,
        table: Source | None,
        external: ExternalModel,
        key: str,
        target: Target,
        folder: Path,
    ) -> None:
        self._inner, self._table, self._external = inner, table, external
        self._key, self._folder = key, folder
        self._names = {
            **dict.fromkeys(map(score_of, scored_classes(target))),
            **external.raw_names,
        }

    def events(self, first: date, last: date) -> Batch:
        return self._inner.events(first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._inner.labels(first, last)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        if table != "predictions":
            return self._inner.missing_days(table, first, last)
        return self._table.missing_days("labels", first, last) if self._table else {}

    def predictions(self, first: date, last: date) -> Batch:
        """The predictions of some days, under the names of their columns here.

        Raises:
            SourceError: if a column that the model names is missing.
        """
        table = self._table
        batch = table.labels(first, last) if table else self._inner.events(first, last)
        others = batch.others

        def looks(stamps: Mapping[date, str]) -> Iterator[Look]:
            for look in others(stamps) if others else ():
                yield replace(look, part=self._renamed(look.part))

        return replace(
            batch,
            parts=tuple(map(self._renamed, batch.parts)),
            misplaced={day: self._renamed(part) for day, part in batch.misplaced.items()},
            others=looks if others else None,
        )

    def reference_rows(self, day: date) -> Part:
        """The rows of the file that is the reference, as rows of a day.

        Features, label, and the columns of predictions, whatever version they are of; the key is
        the number of the row where the file has none.

        Raises:
            SourceError: if the file cannot be read, or lacks a column of predictions.
        """
        declared = self._external.reference
        if not isinstance(declared, ReferenceTable):
            raise TypeError("the reference is a period")
        try:
            rows = open_file(self._folder / declared.path).read()
        except TableError as error:
            raise SourceError(f"model.reference.path: {error}") from error
        if self._key not in rows.column_names:
            rows = rows.append_column(self._key, pa.array(range(rows.num_rows)))
        days = pa.chunked_array([pa.array([day] * rows.num_rows, pa.date32())])
        times = pa.chunked_array([pa.nulls(rows.num_rows, pa.timestamp("us"))])
        part = Part(rows, days, times, declared.path)
        answers = self._renamed(part, [VERSION]).rows
        columns = {name: of[name] for of in (rows, answers) for name in of.column_names}
        return replace(part, rows=pa.table(columns))

    def _renamed(self, part: Part, without: Collection[str] = ()) -> Part:
        """The key and the columns of predictions; those that the source lacks are null."""
        if not part.rows.num_columns:
            return part
        names = {name: raw for name, raw in self._names.items() if name not in without}
        wanted = [self._key, *filter(None, names.values())]
        require_columns(part, wanted, wanted, _HINT)
        rows, count = part.rows, part.rows.num_rows
        columns = {self._key: rows[self._key]}
        for name, raw in names.items():
            columns[name] = pa.nulls(count, pa.string()) if raw is None else rows[raw]
        if self._external.version is None:
            columns[VERSION] = pa.array([UNNAMED] * count, pa.string())
        return replace(part, rows=pa.table(columns))
