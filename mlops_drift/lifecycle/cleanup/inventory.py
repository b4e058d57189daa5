"""What of a model is stored, and what points to it."""

from collections.abc import Mapping
from datetime import date

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.cleanup.stored import (
    Group,
    Item,
    Pointing,
    Stored,
    StoredDays,
    StoredRun,
    StoredSet,
    StoredVersion,
)
from mlops_drift.policy.evidence import Champion
from mlops_drift.registry.artifacts import Artifacts, Training
from mlops_drift.store import disk
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Removal
from mlops_drift.store.tables import ModelTables, Table


def tables_by_group(tables: ModelTables) -> dict[Group, list[Table]]:
    """The tables that lose their days together: all by day but the record of what arrived.

    That names the files that kept versions were trained on, in two rows a day.
    """
    return {
        "landing": [tables.features, tables.labels, tables.quarantined, tables.events],
        "predictions": [tables.predictions, tables.shadow_predictions, tables.profiles],
        "metrics": [
            tables.drift,
            tables.performance,
            tables.shadow,
            tables.label_coverage,
        ],
    }


def take_inventory(model: ModelContext, artifacts: Artifacts) -> Stored:
    """Reads what is stored; nothing is changed."""
    spec = model.spec
    store = model.store
    promotions = store.versions.promotions()
    trainings = {one.run: one for one in artifacts.trainings()}
    versions = _versions(store, artifacts, trainings)
    of_versions = {
        *(one.run for one in versions.values()),
        *(str(one.run_id) for one in artifacts.versions()),
    }
    rest = [one for one in trainings.values() if one.run not in of_versions]
    removing = spec.retention.versions is not None
    landing = spec.retention.landing_days is not None
    labelled = store.labels.counts(day)[0] if landing and (day := store.landing.last_day()) else {}
    return Stored(
        day=store.landing.last_day(),
        promotions=[(item.version, item.as_of) for item in promotions],
        pointers=_pointers(store, artifacts),
        decisions=_decisions(store),
        versions=list(versions.values()),
        sets=_sets(store),
        runs=[
            StoredRun(one.run, one.started, one.active, _paths(one), _size(_paths(one)))
            for one in rest
            if not one.deleted
        ],
        training_starts={
            one.number: trainings[one.run].started
            for one in versions.values()
            if one.listed and one.run in trainings
        },
        days=[
            StoredDays(
                table.name,
                group,
                disk.sizes_by_day(store.lake.root, table),
                outlives=table is store.tables.events,
            )
            for group, tables in tables_by_group(store.tables).items()
            for table in tables
        ],
        removed=frozenset(store.versions.removals()),
        last_labelled=max(labelled, default=None),
        events_of_labels=store.labels.earliest_events() if landing else {},
        reads_all_errors=spec.monitors.performance.streaming is not None,
        takes_since_change="since_change" in spec.policy.training_windows,
        leftovers=[
            *_left_by_kills(store, artifacts),
            *(_cut_short(one) for one in rest if removing and one.deleted and one.is_left),
            *([] if spec.retention.is_empty else _old_files(store)),
        ],
    )


def _versions(
    store: ModelStore, artifacts: Artifacts, trainings: Mapping[str, Training]
) -> dict[int, StoredVersion]:
    """The versions that are listed, and those on record of which something is left."""
    removals, served = store.versions.removals(), store.predictions.served()
    known: dict[int, tuple[date, str, str, bool]] = {
        one.version: (one.as_of, one.training_set, one.mlflow_run, False)
        for one in store.versions.all()
    }
    for one in artifacts.versions():
        number, tags = int(one.version), one.tags
        if "training_set" not in tags:
            # Registered by hand, by other means than a training.
            continue
        as_of = date.fromisoformat(tags["as_of"])
        known[number] = (as_of, tags["training_set"], str(one.run_id), True)
    found = {}
    for number, (as_of, training_set, run, listed) in sorted(known.items()):
        training = trainings.get(run)
        baseline = store.training_sets.baseline(training_set, number)
        paths = (*([str(baseline)] if baseline.is_dir() else []), *(_paths(training)))
        removal = removals.get(number)
        if not listed and not _is_unfinished(training, removal, paths):
            continue
        found[number] = StoredVersion(
            number,
            as_of,
            training_set,
            run,
            listed,
            removal.day if removal else None,
            training is not None and training.active,
            served.get(number),
            paths,
            _size(paths),
        )
    return found


def _is_unfinished(
    training: Training | None, removal: Removal | None, paths: tuple[str, ...]
) -> bool:
    """Whether the removal of a version that is not listed any more was cut short."""
    if removal is None:
        # Where MLflow does not know the run, its database was lost: nothing was removed.
        return training is not None
    return bool(paths) or (training is not None and not training.deleted)


def _paths(training: Training | None) -> tuple[str, ...]:
    return tuple(map(str, training.folders)) if training else ()


def _size(paths: tuple[str, ...]) -> int:
    return sum(map(disk.size_of, paths))


def _pointers(store: ModelStore, artifacts: Artifacts) -> dict[int, str]:
    pointers: dict[int, str] = {}

    def point(version: int, reason: str) -> None:
        pointers[version] = "; ".join(filter(None, (pointers.get(version), reason)))

    for promotion in store.versions.promotions()[-1:]:
        point(promotion.version, f"champion since the end of {promotion.as_of}")
        if promotion.previous is not None:
            point(promotion.previous, "the champion before")
    for alias, version in sorted(artifacts.aliases().items()):
        point(version, f"alias {alias}")
    for version, name in artifacts.elsewhere(settings.environment()).items():
        point(version, f"environment {name} has it too")
    return pointers


def _decisions(store: ModelStore) -> list[Pointing]:
    promotions = store.versions.promotions()
    last = promotions[-1] if promotions else None
    champion = Champion(last.version, last.as_of, last.decision) if last else None
    found = []
    for past in store.decisions.records(idle=False):
        starts = list(past.candidates.values())
        found.append(
            Pointing(
                past.id,
                past.outcome.day if past.outcome else past.day,
                frozenset(one for one in (past.version, past.challenger) if one is not None),
                "waits"
                if past.status == "waiting"
                else "is under way"
                if past.is_under_way(champion)
                else "",
                min((day for day in starts if day is not None), default=None)
                if None not in starts
                else None,
            )
        )
    return found


def _sets(store: ModelStore) -> list[StoredSet]:
    trained: dict[str, set[int]] = {}
    for one in store.versions.all():
        trained.setdefault(one.training_set, set()).add(one.version)
    return [
        StoredSet(
            name,
            store.training_sets.last_event(name),
            frozenset(trained.get(name, ())),
            disk.is_in_use(store.training_sets.folder / name),
            str(store.training_sets.folder / name),
            disk.size_of(store.training_sets.folder / name)
            - disk.size_of(store.training_sets.baselines(name)),
        )
        for name in store.training_sets.ids()
    ]


def _left_by_kills(store: ModelStore, artifacts: Artifacts) -> list[Item]:
    return [
        Item(
            "leftover",
            path.name,
            disk.size_of(path),
            "left by a process that was killed while it "
            + ("removed this" if path.name.startswith(disk.REMOVING) else "wrote this"),
            (str(path),),
        )
        for folder in (store.training_sets.folder, artifacts.folder)
        for path in disk.left_by_kills(folder)
    ]


def _cut_short(training: Training) -> Item:
    paths = _paths(training)
    reason = "MLflow has its run marked as deleted"
    return Item("leftover", training.run, _size(paths), reason, paths, run=training.run)


def _old_files(store: ModelStore) -> list[Item]:
    root = store.lake.root
    sizes = {table.name: disk.old_files(root, table) for table in store.tables}
    reason = "replaced by later commits, more than a week ago by the clock"
    return [Item("old files", name, size, reason, (name,)) for name, size in sizes.items() if size]
