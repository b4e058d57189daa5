"""The versions of one model: what they are, who served when, and what was removed."""

from collections.abc import Iterable
from datetime import date, timedelta

from mlops_drift.schema.days import days_between
from mlops_drift.store.decision_log import DecisionLog
from mlops_drift.store.lake import Lake
from mlops_drift.store.records import Promotion, Removal, RemovedError, Shadow, VersionRecord
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
        sql = "SELECT * FROM p ORDER BY number"
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
