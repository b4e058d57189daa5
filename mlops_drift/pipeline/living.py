"""The columns that days are kept with: those declared, and others that versions still need."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.policy.situation import NO_DAY_YET
from mlops_drift.schema.columns import Column
from mlops_drift.store.landing import ColumnIdentity
from mlops_drift.store.tables import Table, UserColumn


@dataclass(frozen=True)
class FurtherColumn:
    """A column that only versions know, as a table has it beside those that are declared.

    Attributes:
        name: in the table: its own, or one with its type where another one is called so.
        called: its name in the source, or in the features.sql that derives it.
        derivation: the digest of that; empty where the source has it.
        versions: the numbers of those that know it.
    """

    name: str
    called: str
    derivation: str
    column: Column
    versions: tuple[int, ...]
    is_feature: bool


@dataclass(frozen=True)
class LivingColumns:
    """What versions need besides the declared columns.

    Attributes:
        versions: the model as each of them knows it, by its number.
        active: those of them that serve the days or later ones, or wait.
        further: their columns that are not declared, or not with that type.
    """

    versions: Mapping[int, ModelContext]
    active: frozenset[int]
    further: tuple[FurtherColumn, ...]

    @property
    def of_source(self) -> list[FurtherColumn]:
        """Those that the source has."""
        return [one for one in self.further if not one.column.derived]

    def without(self, name: str) -> str:
        """What the active versions do while the source lacks a column: the end of a sentence."""
        found = ""
        for number in sorted(self.active):
            column = self.versions[number].spec.columns.get(name)
            if column is None or column.derived:
                continue
            found += (
                f"; version {number} goes on with nulls, which it may (nullable: true)"
                if column.nullable
                else f"; version {number} predicts nothing on such a day (nullable: false)"
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
    active = [one.version for one in promotions if one.as_of >= first]
    active += [one.version for one in promotions if one.as_of < first][-1:]
    waits = model.store.decisions.waiting(first, last)
    active += [one.challenger for one in waits.values() if one.challenger]
    numbers = {*active, *(one.version for one in promotions[-2:])}
    versions = {number: model.of_version(number) for number in sorted(numbers)}
    return LivingColumns(versions, frozenset(active), tuple(_further(model, versions)))


def note_columns(
    model: ModelContext,
    living: LivingColumns,
    first: date,
    last: date,
    absent: Mapping[date, Collection[str]],
) -> None:
    """Records which columns are kept with the events of some days, and with their features.

    The source lacks some of them on some days: a column begins after these. The key, which no day
    lacks, says how far back days reach.
    """
    kept: dict[ColumnIdentity, str] = {
        (name, column.type, made): name for name, column, made in _identified(model)
    }
    kept |= {(one.called, one.column.type, one.derivation): one.called for one in living.further}
    kept[model.spec.key, model.spec.key_type, ""] = model.spec.key
    since = {one: _begun(name, first, last, absent) for one, name in kept.items()}
    model.store.landing.note_columns(since, last)


def _begun(
    column: str, first: date, last: date, absent: Mapping[date, Collection[str]]
) -> date | None:
    """The first of some days since which the source has a column; None if not on the last one."""
    without = [day for day, columns in absent.items() if column in columns]
    begun = max(without) + date.resolution if without else first
    return begun if begun <= last else None


def columns_since(model: ModelContext) -> date | None:
    """The first day since which all declared columns are kept; None where all days have them.

    `NO_DAY_YET` where one has never landed.
    """
    return max(kept_since(model).values(), default=None)


def kept_since(model: ModelContext, now: date = NO_DAY_YET) -> dict[str, date]:
    """The first day of each declared column that is not kept as long as others are.

    One that is on no record begins now.
    """
    known = model.store.landing.columns()
    begin = min((one.first_day for one in known), default=date.min)
    days = {(one.column, one.type, one.derivation): one.first_day for one in known}
    found = {
        name: days.get((name, column.type, made), now) for name, column, made in _identified(model)
    }
    return {name: day for name, day in found.items() if known and day > begin}


def _identified(model: ModelContext) -> Iterator[tuple[str, Column, str]]:
    """Name, what it is, and digest of what derives it, of each column that is declared."""
    spec = model.spec
    for name, column in (spec.inputs | spec.columns).items():
        made = spec.derivation.digest if column.derived and spec.derivation else ""
        yield name, column, made


def _further(model: ModelContext, versions: Mapping[int, ModelContext]) -> list[FurtherColumn]:
    if all(known is model for known in versions.values()):
        return []
    declared = [(name, column.type, made) for name, column, made in _identified(model)]
    taken = {
        name.lower()
        for name in [model.spec.key, model.spec.target.column, *(name for name, *_ in declared)]
    }
    found: dict[tuple[str, str, str], FurtherColumn] = {}
    # The newest version says what values are acceptable.
    for number, known in sorted(versions.items(), reverse=True):
        for name, column, made in _identified(known):
            identity = (name, column.type, made)
            if identity in declared:
                continue
            before = found.get(identity)
            alias = before.name if before else _free(name, column, taken)
            taken.add(alias.lower())
            found[identity] = FurtherColumn(
                alias,
                name,
                made,
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


def named(columns: Iterable[FurtherColumn]) -> dict[str, tuple[UserColumn, Column]]:
    """By name in a table, which column of the user it is."""
    return {one.name: (UserColumn(one.called, one.derivation), one.column) for one in columns}
