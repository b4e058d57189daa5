"""The versions of one model: what they are, who served when, and what was removed."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pyarrow as pa

from mlops_drift.schema.days import days_between
from mlops_drift.store.decision_log import DecisionLog
from mlops_drift.store.lake import Lake
from mlops_drift.store.records import (
    ExternalVersion,
    Promotion,
    Removal,
    RemovedError,
    Shadow,
    VersionRecord,
)
from mlops_drift.store.tables import ModelTables


class VersionRepository:
    """Versions, promotions and removals: small tables, kept for ever."""

    def __init__(self, lake: Lake, tables: ModelTables, decisions: DecisionLog) -> None:
        self._lake, self._tables, self._decisions = lake, tables, decisions

    def all(self) -> list[VersionRecord]:
        """All versions in their order."""
        versions = self._tables.versions
        return self._lake.records(VersionRecord, "FROM v ORDER BY version", v=versions)

    def get(self, number: int) -> VersionRecord:
        """The record of one version; a LookupError if there is none."""
        found = {record.version: record for record in self.all()}
        if number not in found:
            raise LookupError(
                f"{self._tables.versions.name} has no version {number}; "
                "materialize challenger, which registers and records it"
            )
        return found[number]

    def add(self, record: VersionRecord) -> None:
        """Records a version once."""
        self._lake.append_unless(self._tables.versions, vars(record), version=[record.version])

    def promotions(self, until: date | None = None) -> list[Promotion]:
        """Promotions in their order, those as of a day after `until` left out."""
        # Of an external model, a day that lands late may tell who served it.
        sql = "SELECT * FROM p ORDER BY as_of, number"
        found = self._lake.records(Promotion, sql, p=self._tables.promotions)
        return [item for item in found if item.as_of <= (until or date.max)]

    def add_promotion(self, promotion: Promotion) -> None:
        """Records a promotion once."""
        decision, version = [promotion.decision], [promotion.version]
        table = self._tables.promotions
        self._lake.append_unless(table, vars(promotion), decision=decision, version=version)

    def champions(self, first: date, last: date) -> dict[date, Promotion | None]:
        """The champion that scores each day: the last one promoted at the end of an earlier day."""
        promotions = self.promotions(until=last - timedelta(days=1))
        return {
            day: next((item for item in reversed(promotions) if item.as_of < day), None)
            for day in days_between(first, last)
        }

    def serving(self, first: date, last: date) -> dict[date, int]:
        """The version that scores each day; 0 before the first promotion."""
        champions = self.champions(first, last).items()
        return {day: champion.version if champion else 0 for day, champion in champions}

    def shadows(self, first: date, last: date) -> dict[date, Shadow]:
        """The challenger that waits on each day and scores beside its champion.

        A day without a champion has no shadow, and a version is not its own.
        """
        waits = self._decisions.waiting(first, last)
        champions = self.champions(first, last) if waits else {}
        return {
            day: Shadow(champion.version, wait.challenger, wait.day)
            for day, wait in waits.items()
            if wait.challenger and (champion := champions[day])
            if champion.version != wait.challenger
        }

    def external(self) -> list[ExternalVersion]:
        """The versions that predictions made elsewhere name, by number."""
        table = self._tables.external_versions
        return self._lake.records(ExternalVersion, "FROM e ORDER BY version", e=table)

    def add_external(self, first_days: Mapping[str, date]) -> None:
        """Numbers versions by their first day, and by name on one day; those known stay."""
        table = self._tables.external_versions

        def build(existing: pa.Table) -> pa.Table | None:
            known = set(existing["name"].to_pylist())
            new = sorted((day, name) for name, day in first_days.items() if name not in known)
            rows = [
                vars(ExternalVersion(number, name, day))
                for number, (day, name) in enumerate(new, start=existing.num_rows + 1)
            ]
            added = pa.Table.from_pylist(rows, schema=table.schema)
            return pa.concat_tables([existing, added]) if rows else None

        self._lake.rewrite(table, build)

    def removals(self) -> dict[int, Removal]:
        """The versions whose artifacts are gone."""
        table = self._tables.removed_versions
        # Asked for every day, of a table that most models do not have.
        if not self._lake.holds(table):
            return {}
        return {one.version: one for one in self._lake.records(Removal, "FROM r", r=table)}

    def add_removal(self, removal: Removal) -> None:
        """Records a removal once."""
        table = self._tables.removed_versions
        self._lake.append_unless(table, vars(removal), version=[removal.version])

    def require_kept(self, versions: Iterable[int]) -> None:
        """Raises a `RemovedError` if the artifacts of a version were removed."""
        removals = self.removals()
        for gone in (removals[version] for version in versions if version in removals):
            raise RemovedError(
                f"version {gone.version} was removed by the retention on {gone.day} "
                f"({gone.reason}); its record is kept, its artifacts are gone. Train again to "
                f"have such a version: training_set as of {self.get(gone.version).as_of}"
            )
