"""What killed trainings and killed cleanups have left, and what is under way."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlops_drift import settings
from mlops_drift.gateways import open_lake
from mlops_drift.memory import SPILLING
from mlops_drift.policy.retention import Retention
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift.registry.base import environment_tag, registry_lock
from mlops_drift.store import disk
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.versions import VersionRepository
from mlops_drift_tests.lifecycle.cleanup.aged import clean, contents, kinds, parts_of
from mlops_drift_tests.processes import run_alone
from mlops_drift_tests.store.test_disk import age
from mlops_drift_tests.tiny import World


def orphan(parts, started, status):
    """A training that logged a model, of which no version came."""
    client = parts.registry.client
    experiment = client.get_experiment_by_name("tiny").experiment_id
    run = client.create_run(experiment, start_time=started)
    logged = client.create_logged_model(experiment, source_run_id=run.info.run_id)
    root = parts.world.data / "mlartifacts" / "tiny"
    folders = [root / run.info.run_id, root / "models" / logged.model_id]
    for folder in folders:
        folder.mkdir()
        (folder / "file").write_bytes(b"12345")
    if status:
        client.set_terminated(run.info.run_id, status)
    return run.info.run_id, folders


def test_models_of_killed_trainings_go_and_those_under_way_do_not(cleaned):
    killed, of_killed = orphan(cleaned, 1000, "KILLED")
    late, of_late = orphan(cleaned, None, "KILLED")
    active, of_active = orphan(cleaned, 1000, None)
    assert all(path.is_dir() for path in (*of_killed, *of_late, *of_active))
    clean(cleaned)
    assert not any(path.exists() for path in of_killed)
    assert all(path.is_dir() for path in (*of_late, *of_active))
    listed = {one.run for one in Artifacts(cleaned.registry, "tiny").trainings() if not one.deleted}
    assert killed not in listed
    assert {late, active} <= listed
    assert clean(cleaned).items == []


def test_a_version_that_a_person_registered_is_left_alone(cleaned):
    run, folders = orphan(cleaned, 1000, "FINISHED")
    cleaned.registry.client.create_model_version("tiny", source=str(folders[1]), run_id=run)
    clean(cleaned)
    assert all(path.is_dir() for path in folders)


def test_a_version_that_another_environment_has_too_stays(free, cleanup):
    gone = {item.name for item in cleanup[1].items if item.kind == "version"}
    assert gone == {"1"}
    free.registry.set_tag("tiny", 1, environment_tag("dev"), "yes")
    plan = clean(free, dry_run=True)
    assert "version" not in kinds(plan)
    assert any("environment dev has it too" in str(kept.needed_by) for kept in plan.kept)


def test_what_mlflow_has_as_deleted_is_freed(cleaned):
    run, folders = orphan(cleaned, None, "FINISHED")
    cleaned.registry.client.delete_run(run)
    plan = clean(cleaned)
    assert {item.name: item.size for item in plan.items if item.kind == "leftover"} == {run: 10}
    assert not any(path.exists() for path in folders)
    assert clean(cleaned).items == []


def test_a_set_that_was_just_asked_for_again_stays(free):
    first = free.model.versions.all()[0].training_set
    free.model.training_sets.write(free.model.training_sets.read(first))
    clean(free)
    assert first in free.model.training_sets.ids()
    age(free.model.training_sets.folder / first)
    assert kinds(clean(free)) == ["training set"]
    assert first not in free.model.training_sets.ids()


def test_staging_that_a_kill_left_goes_after_a_day_even_without_any_limit(free):
    free.spec = free.spec.model_copy(update={"retention": Retention()})
    old, new = (free.model.training_sets.folder / f".writing-{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
    age(old)
    plan = clean(free)
    assert [item.name for item in plan.items] == [".writing-old"]
    assert new.is_dir()
    assert not old.exists()


def test_what_a_killed_query_spilled_goes_after_a_day(free):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    old, new = (settings.data_root() / f"{SPILLING}{ended.pid}-{number}" for number in (0, 1))
    for folder in (old, new):
        folder.mkdir()
    age(old)
    plan = clean(free)
    assert old.name in [item.name for item in plan.items if item.kind == "leftover"]
    assert not old.exists()
    assert new.is_dir()


# Kills, and two at once


def die_at(moment, root):
    """Starts a cleanup that is killed the hard way as soon as it gets to a moment."""
    owner, name, is_reached = MOMENTS[moment]
    setattr(owner, name, _deadly(getattr(owner, name), is_reached))
    with World(root).active(), open_lake() as lake:
        clean(parts_of(None, lake))


def _deadly(function, is_reached):
    def call(*arguments, **options):
        if is_reached(*arguments):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return call


def always(*arguments):
    return True


MOMENTS = {
    "after the features, before their labels": (
        DeltaLake,
        "replace_days",
        lambda lake, table, *rest: table.name == "landing.tiny_labels",
    ),
    "after a version was unlisted": (VersionRepository, "add_removal", always),
    "while its files go": (disk.shutil, "rmtree", always),
    "before its run is forgotten": (Artifacts, "forget", always),
}


def test_what_a_kill_interrupts_the_next_cleanup_finishes(free, cleanup):
    for moment in MOMENTS:
        assert run_alone(die_at, moment, free.world.root) == -signal.SIGKILL, moment
    clean(free)
    assert clean(free).items == []
    undisturbed, resumed = cleanup[0], free.world.tables()
    for folder in ("mlartifacts", "lake/training/tiny"):
        assert contents(free.world.data / folder) == contents(undisturbed.data / folder)
    for name, rows in undisturbed.tables().items():
        assert resumed[name] == rows, name


def test_of_two_cleanups_at_once_the_second_finds_nothing_left(free, cleanup):
    def clean_up_apart():
        # The lock is one between processes: each asks for it with a registry of its own.
        with open_lake() as lake:
            return len(clean(parts_of(free.world, lake)).items)

    with ThreadPoolExecutor(2) as pool:
        found = [one.result() for one in [pool.submit(clean_up_apart) for _ in range(2)]]
    assert sorted(found) == [0, len(cleanup[1].items)]
    assert clean(free).items == []


def test_a_cleanup_holds_the_lock_of_trainings_and_promotions(free):
    held = []
    lock = free.registry.lock(registry_lock("tiny"))

    def look(item):
        with pytest.raises(TimeoutError):
            lock.acquire(timeout=0)
        held.append(item)

    plan = clean(free, on_item=look)
    assert held == list(plan.items)
