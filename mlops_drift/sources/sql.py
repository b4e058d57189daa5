"""Events and labels from the tables and queries of a database."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

import pyarrow as pa
from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import Dialect, TextClause

from mlops_drift.schema.fields import Name, Strict
from mlops_drift.sources.base import Batch, Source, SourceConfig, TableName
from mlops_drift.sources.database import address, statement
from mlops_drift.sources.database.reading import Database, DaysAreTextsError
from mlops_drift.sources.database.statement import Bounds
from mlops_drift.sources.dated_rows import RereadDays, batch_of, part_of
from mlops_drift.sources.dating import TimeZone
from mlops_drift.variables import variables_in


class SqlTable(Strict):
    """A table, or a query."""

    table: str | None = Field(
        None,
        min_length=1,
        description="Name of a table or a view, with its schema as `sales.orders`; as the database "
        "spells it. Its rows of the days that run are read by `day_column`.",
    )
    query: str | None = Field(
        None,
        min_length=1,
        description="A SELECT in place of a table. `:first` and `:last` in it are the first and "
        "the last day that are asked for, both inclusive.",
    )
    day_column: Name = Field(
        description="The date or timestamp column that gives a row's day. A row of a table that "
        "has none yet is not read."
    )

    @model_validator(mode="after")
    def _is_table_or_query(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("write either a table or a query")
        return self

    @model_validator(mode="after")
    def _asks_for_days(self) -> Self:
        if self.query is None:
            return self
        wanted, found = [statement.FIRST, statement.LAST], statement.parameters(self.query)
        if missing := [name for name in wanted if name not in found]:
            raise ValueError(
                f"query lacks {' and '.join(f':{name}' for name in missing)}; it asks for a range "
                f"of days, as in WHERE {self.day_column} BETWEEN :first AND :last"
            )
        if others := [name for name in found if name not in wanted]:
            raise ValueError(
                f"query has the parameter :{others[0]}, and only :first and :last are known; "
                rf"write a colon that begins no parameter as \:{others[0]}"
            )
        return self


class SqlSource(SourceConfig):
    """Events and labels in a database, read by SQLAlchemy or, where there is one, by ADBC."""

    kind: Literal["sql"] = Field(description="sql")
    url: Annotated[str, AfterValidator(address.check)] = Field(
        description="Address of the database as SQLAlchemy has it. A password comes from the "
        "environment: `${SHOP_DB}` for the whole URL, or `${SHOP_PASSWORD}` in place of a part; it "
        "is read when days are read, and never shown or stored. The path of a SQLite file is "
        "relative to the folder of the YAML file."
    )
    events: SqlTable = Field(description="One row an event: key, day and feature columns.")
    labels: SqlTable = Field(
        description="One row a label: key, label; its day is the day on which it became known."
    )
    timezone: TimeZone = "UTC"
    reread_days: RereadDays = 3
    timeout_seconds: float = Field(
        300, gt=0, description="How long one read may take before it is stopped."
    )

    @property
    def day_zone(self) -> str:
        return self.timezone

    def open(self, folder: Path) -> Source:
        return Sql(self, folder)


class Sql(Source):
    """Reads the rows of some days in one transaction."""

    def __init__(self, config: SqlSource, folder: Path) -> None:
        self._config = config
        self._tables: dict[TableName, SqlTable] = {"events": config.events, "labels": config.labels}
        # Tables whose day column holds texts, as the database says in an error.
        self._texts: set[TableName] = set()
        self._database = Database(config.url, folder, config.timeout_seconds, config.timezone)

    def events(self, first: date, last: date) -> Batch:
        return self._batch("events", first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._batch("labels", first, last)

    def _batch(self, name: TableName, first: date, last: date) -> Batch:
        table, zone = self._tables[name], self._config.timezone
        place, since = self._place(name), first - timedelta(days=self._config.reread_days)
        part = part_of(self._read(name, since, last), place, table.day_column, zone)
        return batch_of(part, since, (first, last), place, zone)

    def _read(self, name: TableName, first: date, last: date) -> pa.Table:
        table, zone = self._tables[name], self._config.timezone

        def ask(dialect: Dialect) -> TextClause:
            if table.table is None:
                return statement.of_query(str(table.query), first, last)
            are_texts = name in self._texts or dialect.name == "sqlite"
            is_exact = dialect.name == "postgresql" and not are_texts
            bounds = (
                Bounds.exact(first, last, zone)
                if is_exact
                else Bounds.wide(first, last, are_texts=are_texts)
            )
            return statement.of_table(table.table, table.day_column, bounds, dialect)

        try:
            return self._database.read(self._place(name), ask, table.table)
        except DaysAreTextsError:
            self._texts.add(name)
        return self._read(name, first, last)

    def _place(self, name: TableName) -> str:
        """What is read, with the variables of its address in place of that."""
        read = self._tables[name].table or f"query of {name}"
        variables = ", ".join(variables_in(self._config.url))
        return f"sql {read} ({variables})" if variables else f"sql {read}"
