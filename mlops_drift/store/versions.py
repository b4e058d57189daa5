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
        rows = self._lake.rows("SELECT * FROM v ORDER BY version", v=self._tables.versions)
        return [VersionRecord(**row) for row in rows]

    def get(self, number: int) -> VersionRecord:
        """The record of one version.

        Raises:
            LookupError: if there is none.
        """
        for record in self.all():
            if record.version == number:
                return record
        raise LookupError(
            f"{self._tables.versions.name} has no version {number}; "
            "materialize challenger, which registers and records it"
        )

    def add(self, record: VersionRecord) -> None:
        """Records a version once."""
        self._lake.append_unless(self._tables.versions, vars(record), version=[record.version])

    def promotions(self, until: date | None = None) -> list[Promotion]:
        """Promotions in their order, those as of a day after `until` left out."""
        rows = self._lake.rows("SELECT * FROM p ORDER BY number", p=self._tables.promotions)
        promotions = [Promotion(**row) for row in rows]
        return [item for item in promotions if until is None or item.as_of <= until]

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

    def shadows(self, first: date, last: date) -> dict[date, Shadow]:
        """The challenger that scores each day beside its champion; days without one are left out.

        The challenger that waits on the day. A day without a champion has no shadow, and a version
        is not its own.
        """
        waits = self._decisions.waiting(first, last)
        if not waits:
            return {}
        champions = self.champions(min(waits), max(waits))
        return {
            day: Shadow(champion.version, wait.version, wait.since)
            for day, wait in waits.items()
            if (champion := champions[day]) and champion.version != wait.version
        }

    def removals(self) -> dict[int, Removal]:
        """The versions whose artifacts are gone."""
        table = self._tables.removed_versions
        # Asked for every day, of a table that most models do not have.
        rows = self._lake.rows("SELECT * FROM r", r=table) if self._lake.holds(table) else []
        return {row["version"]: Removal(**row) for row in rows}

    def add_removal(self, removal: Removal) -> None:
        """Records a removal once."""
        table = self._tables.removed_versions
        self._lake.append_unless(table, vars(removal), version=[removal.version])

    def require_kept(self, versions: Iterable[int]) -> None:
        """Requires that the artifacts of versions are there.

        Raises:
            RemovedError: if those of one were removed.
        """
        wanted = sorted(set(versions))
        gone = [removal for number, removal in self.removals().items() if number in wanted]
        for removal in gone:
            raise RemovedError(
                f"version {removal.version} was removed by the retention on {removal.day} "
                f"({removal.reason}); its record is kept, its artifacts are gone. Train again to "
                f"have such a version: training_set as of {self.get(removal.version).as_of}"
            )
