"""Which commits of tables stay readable: those that training sets were built of."""

from mlops_drift.store import forgetting
from mlops_drift.store.files import first_day
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.readable import at_commit
from mlops_drift.store.snapshots import find_table
from mlops_drift.store.tables import Table


def commits_kept(store: ModelStore, *, days_go: bool) -> dict[str, frozenset[int]]:
    """By table, the commits that the kept training sets were built of.

    With `days_go`, as under `retention.landing_days`, a commit that holds a day from before the
    first one of its table is not kept: the space of deleted days is to be free.
    """
    found: dict[str, frozenset[int]] = {}
    for table, numbers in _named(store).items():
        place = store.lake.place(table.name)
        then = {number: at_commit(place, number) for number in numbers}
        first = first_day(find_table(place)) if days_go else None
        found[table.name] = frozenset(
            number
            for number, snapshot in then.items()
            if snapshot is not None
            if first is None or (first_day(snapshot) or first) >= first
        )
    return found


def forget_old_commits(store: ModelStore) -> int:
    """Forgets the commits of all tables but the last and those of training sets; how many."""
    place, named, last = store.lake.place, _named(store), forgetting.KEPT_COMMITS
    return sum(
        forgetting.forget_commits(place(table.name), named.get(table, ()), last)
        for table in store.tables
    )


def _named(store: ModelStore) -> dict[Table, set[int]]:
    there = set(store.training_sets.ids())
    records = [one for one in store.training_sets.records() if one.training_set in there]
    named = {
        store.tables.features: {one.features_snapshot for one in records},
        store.tables.labels: {one.labels_snapshot for one in records},
    }
    return {table: {one for one in found if one is not None} for table, found in named.items()}
