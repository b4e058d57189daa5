"""The columns that days are kept with: those declared, and others that versions still need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.schema.columns import Column
from mlops_drift.store.records import LandedColumn
from mlops_drift.store.tables import Table


@dataclass(frozen=True)
class FurtherColumn:
    """A column that only versions know, as a table has it beside those that are declared.

    Attributes:
        name: in the table: its own, or one with its type where another one is called so.
        called: its name in the source, or in the features.sql of the version.
        versions: the numbers of those that know it.
    """

    name: str
    called: str
    column: Column
    versions: tuple[int, ...]
    is_feature: bool


@dataclass(frozen=True)
class LivingColumns:
    """What versions need besides the declared columns.

    Attributes:
        versions: the model as each of them knows it, by its number.
        further: their columns that are not declared, or not with that type.
    """

    versions: Mapping[int, ModelContext]
    further: tuple[FurtherColumn, ...]

    @property
    def of_source(self) -> list[FurtherColumn]:
        """Those that the source has."""
        return [one for one in self.further if not one.column.derived]

    def without(self, name: str) -> str:
        """What the versions do while the source lacks a column, for the end of a sentence."""
        found = ""
        for number, known in self.versions.items():
            column = known.spec.columns.get(name)
            if column is None or column.derived:
                continue
            found += (
                f"; version {number} goes on with nulls, which it has learned (nullable: true)"
                if column.nullable
                else f"; version {number} knows it as nullable: false and predicts nothing without"
            )
        return found

    def events(self, model: ModelContext) -> Table:
        """The table of events with those of the source."""
        return model.store.tables.events.with_columns(named(self.of_source))

    def features(self, model: ModelContext) -> Table:
        """The table of features with them."""
        features = (one for one in self.further if one.is_feature)
        return model.store.tables.features.with_columns(named(features))


def living_columns(model: ModelContext, first: date, last: date) -> LivingColumns:
    """What the versions need that serve some days or later ones, may serve again, or wait.

    Those are the champions since the first day, the one before the last, and the challengers that
    wait.
    """
    promotions = model.store.versions.promotions()
    numbers = [one.version for one in promotions if one.as_of >= first]
    numbers += [one.version for one in promotions if one.as_of < first][-1:]
    numbers += [one.version for one in promotions[-2:]]
    waits = model.store.decisions.waiting(first, last)
    numbers += [one.challenger for one in waits.values() if one.challenger]
    versions = {number: model.of_version(number) for number in sorted({*numbers})}
    return LivingColumns(versions, tuple(_further(model, versions)))


def note_columns(model: ModelContext, living: LivingColumns, first: date, last: date) -> None:
    """Records which columns are kept with the events of some days, and with their features."""
    spec = model.spec
    further = [(one.called, one.column) for one in living.further]
    kept = [*(spec.columns | spec.inputs).items(), *further]
    model.store.landing.note_columns({(name, one.type) for name, one in kept}, first, last)


def columns_since(model: ModelContext) -> date | None:
    """The first day since which all declared columns are kept; None where all days have them."""
    columns = model.spec.columns | model.spec.inputs
    known = model.store.landing.columns()
    mine = [one.first_day for one in known if _declares(columns, one)]
    since = max(mine, default=None)
    return since if since and since > min(one.first_day for one in known) else None


def _declares(columns: Mapping[str, Column], one: LandedColumn) -> bool:
    return one.column in columns and columns[one.column].type == one.type


def _further(model: ModelContext, versions: Mapping[int, ModelContext]) -> list[FurtherColumn]:
    spec = model.spec
    if all(known is model for known in versions.values()):
        return []
    declared = spec.columns | spec.inputs
    kept = {(name, column.type, column.derived) for name, column in declared.items()}
    taken = {name.lower() for name in [spec.key, *declared, spec.target.column]}
    found: dict[tuple[str, str, bool], FurtherColumn] = {}
    # The newest version says what values are acceptable.
    for number, known in sorted(versions.items(), reverse=True):
        for name, column in (known.spec.inputs | known.spec.columns).items():
            identity = (name, column.type, column.derived)
            if identity in kept:
                continue
            before = found.get(identity)
            alias = before.name if before else _free(name, column, taken)
            taken.add(alias.lower())
            found[identity] = FurtherColumn(
                alias,
                name,
                before.column if before else column,
                (*(before.versions if before else ()), number),
                name in known.spec.columns or bool(before and before.is_feature),
            )
    return list(found.values())


def _free(name: str, column: Column, taken: set[str]) -> str:
    """A name that no other column has."""
    found, number = name, 1
    while found.lower() in taken:
        found = f"{name}:{column.type}" + (f":{number}" if number > 1 else "")
        number += 1
    return found


def named(columns: Iterable[FurtherColumn]) -> dict[str, tuple[str, Column]]:
    """By name in a table, that in the YAML and what the column is."""
    return {one.name: (one.called, one.column) for one in columns}
