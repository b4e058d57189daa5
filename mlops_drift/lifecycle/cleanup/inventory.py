"""What a model has stored, read from its tables, its folders and the registry."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from deltalake import DeltaTable

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.cleanup.commits import commits_kept
from mlops_drift.lifecycle.cleanup.rules import landing_needs, last_scored, metrics_needs
from mlops_drift.lifecycle.cleanup.things import Days, Group, Need, Stored, Thing
from mlops_drift.lifecycle.report_files import kept_reports
from mlops_drift.memory import spilled_by_the_dead
from mlops_drift.policy.decision import Champion
from mlops_drift.registry.artifacts import Artifacts, Training
from mlops_drift.store import disk
from mlops_drift.store.snapshots import find_table
from mlops_drift.store.tables import ModelTables, Table


def tables_by_group(tables: ModelTables) -> dict[Group, list[Table]]:
    """The tables that lose their days together: all by day but the record of what arrived.

    That names the files that kept versions were trained on, in two rows a day.
    """
    return {
        "metrics": [tables.checks, tables.drift, tables.shadow],
        "predictions": [
            *(tables.predictions, tables.shadow_predictions, tables.profiles),
            tables.label_arrivals,
        ],
        "landing": [
            *(tables.features, tables.labels, tables.landed_predictions, tables.quarantined),
            *(tables.served, tables.events),
        ],
    }


class Inventory:
    """What is stored as of now; nothing is changed."""

    def __init__(self, model: ModelContext, artifacts: Artifacts) -> None:
        self._spec, self._artifacts = model.spec, artifacts
        self._store = model.store
        self._day = self._store.landing.last_day()
        self._promotions = self._store.versions.promotions()
        self._removals = self._store.versions.removals()
        last = self._promotions[-1] if self._promotions else None
        champion = Champion(last.version, last.as_of, last.decision) if last else None
        self._decisions = self._store.decisions.records(idle=False)
        self._under_way = [one for one in self._decisions if one.is_under_way(champion)]
        # Of decisions that are not settled, why they need their versions.
        self._unsettled = {
            one.id: f"decision {one.id} {'waits' if one.status else 'is under way'}"
            for one in self._decisions
            if one.status == "waiting" or one in self._under_way
        }
        self._served = self._store.predictions.served()
        self._pointers = self._pointed()

    def take(self) -> Stored:
        """Reads it."""
        store, events = self._store, self._store.tables.events
        root = store.lake.root
        opened = {one.name: find_table(str(disk.folder_of(root, one))) for one in store.tables}
        return Stored(
            self._day,
            [
                *self._trainings(),
                *self._training_sets(),
                *self._reports(),
                *self._leftovers(opened),
            ],
            [
                Days(table.name, group, disk.sizes_by_day(opened[table.name]), table is events)
                for group, tables in tables_by_group(store.tables).items()
                for table in tables
            ],
            self._needs(),
            frozenset(self._removals),
            {} if self._spec.retention.landing_days is None else store.labels.earliest_events(),
        )

    def _needs(self) -> dict[Group, list[Need]]:
        needs: dict[Group, list[Need]] = {"metrics": metrics_needs(self._promotions)}
        if self._spec.monitors.performance.streaming is not None:
            needs["predictions"] = [
                Need(first, f"error_drift reads every prediction of version {number}")
                for number, (first, _) in self._served.items()
                if number in self._pointers
            ]
        if self._spec.retention.landing_days is not None and self._day:
            starts = {
                one.id: min((day or date.min for day in one.candidates.values()), default=date.min)
                for one in self._under_way
            }
            needs["landing"] = landing_needs(
                self._promotions,
                self._spec.lookback,
                max(self._store.labels.counts(self._day)[0], default=None),
                [Need(first, self._unsettled[one]) for one, first in starts.items()],
                "since_change" in self._spec.policy.training_windows,
            )
        return needs

    def _pointed(self) -> dict[int, list[str]]:
        """By version, who points to it."""
        found: dict[int, list[str]] = {}
        for last in self._promotions[-1:]:
            found[last.version] = [f"champion since {last.serves_since}"]
            if last.previous is not None:
                found.setdefault(last.previous, []).append("the champion before")
        for alias, version in sorted(self._artifacts.aliases().items()):
            found.setdefault(version, []).append(f"alias {alias}")
        for version, name in self._artifacts.elsewhere(settings.environment()).items():
            found.setdefault(version, []).append(f"environment {name} has it too")
        return found

    def _trainings(self) -> Iterator[Thing]:
        """The versions, those whose removal was interrupted too, and the runs without a version."""
        versions = self._artifacts.versions()
        listed = {
            str(one.run_id): (int(one.version), one.tags["as_of"], one.tags["training_set"])
            for one in versions
            if "training_set" in one.tags
        }
        # What a person registered, by other means than a training, has no such tag.
        by_hand = {str(one.run_id) for one in versions} - listed.keys()
        known = {
            one.mlflow_run: (one.version, str(one.as_of), one.training_set)
            for one in self._store.versions.all()
        } | listed
        for training in self._artifacts.trainings():
            if training.run in by_hand:
                continue
            thing = self._training_run(training)
            if training.run in known:
                number = known[training.run][0]
                thing = self._version(thing, *known[training.run])
                removed = number in self._removals and training.deleted and not thing.paths
            else:
                # What MLflow has as deleted is freed with versions; its run stays for ever.
                limit = self._spec.retention.versions
                removed = training.deleted and (limit is None or not training.is_left)
            if training.run in listed or not removed:
                yield thing

    def _training_run(self, training: Training) -> Thing:
        deleted, folders = training.deleted, training.folders
        return Thing(
            "leftover" if deleted else "training run",
            training.run,
            sum(map(disk.size_of, folders)),
            "MLflow has its run marked as deleted" if deleted else "",
            ("its run is under way",) if training.active and not deleted else (),
            tuple(map(str, folders)),
            training.run,
            started=training.started,
        )

    def _version(self, thing: Thing, number: int, as_of: str, training_set: str) -> Thing:
        removal, served = self._removals.get(number), self._served.get(number, ())
        about = [past for past in self._decisions if number in (past.version, past.challenger)]
        days = [past.outcome.day if past.outcome else past.day for past in about]
        baseline = self._store.training_sets.baseline(training_set, number)
        serves = last_scored(number, self._promotions, self._day) if self._day else None
        return replace(
            thing,
            kind="version",
            name=str(number),
            size=thing.size + disk.size_of(baseline),
            reason=f"its removal on {removal.day} was interrupted" if removal else "",
            needed_by=(
                *self._pointers.get(number, ()),
                *(self._unsettled[past.id] for past in about if past.id in self._unsettled),
                *thing.needed_by,
            ),
            paths=(*([str(baseline)] if baseline.is_dir() else []), *thing.paths),
            used=max([date.fromisoformat(as_of), *days]),
            scored=max([*([serves] if serves else []), *served], default=None),
        )

    def _training_sets(self) -> Iterator[Thing]:
        sets = self._store.training_sets
        trained = [(one.training_set, one.version) for one in self._store.versions.all()]
        for name in sets.ids():
            folder = sets.folder / name
            needed = [self._unsettled[one.id] for one in self._under_way[:1]]
            if disk.is_in_use(folder):
                needed.append("written or verified within a day: a training may be about to use it")
            yield Thing(
                "training set",
                name,
                disk.size_of(folder) - disk.size_of(sets.baselines(name)),
                needed_by=tuple(needed),
                paths=(str(folder),),
                used=sets.last_event(name),
                versions=frozenset(number for one, number in trained if one == name),
            )

    def _reports(self) -> Iterator[Thing]:
        """The pages of past days."""
        for day, file in kept_reports(self._spec.name).items():
            size = disk.size_of(file)
            yield Thing("report", f"report of {day}", size, paths=(str(file),), used=day)

    def _leftovers(self, opened: Mapping[str, DeltaTable | None]) -> Iterator[Thing]:
        for folder in (self._store.training_sets.folder, self._artifacts.folder):
            for path in disk.left_by_kills(folder):
                verb = "removed" if path.name.startswith(disk.REMOVING) else "wrote"
                yield _leftover(path, f"{verb} this")
        # Of another machine, a process is not seen from here.
        for path in spilled_by_the_dead():
            if not disk.is_in_use(path):
                yield _leftover(path, "ran a query larger than its memory")
        if not self._spec.retention.is_empty:
            days_go = self._spec.retention.landing_days is not None
            kept = commits_kept(self._store, days_go=days_go)
            for table in self._store.tables:
                commits = kept.get(table.name, frozenset())
                folder = disk.folder_of(self._store.lake.root, table)
                size = disk.old_files(opened[table.name], folder, commits)
                if size:
                    reason = "replaced by later commits, more than a week ago by the clock"
                    yield Thing("old files", table.name, size, reason, commits=commits)


def _leftover(path: Path, doing: str) -> Thing:
    reason = f"left by a process that was killed while it {doing}"
    return Thing("leftover", path.name, disk.size_of(path), reason, paths=(str(path),))
