"""Searches in a database: cut short, begun again, and several at once."""

import os
import signal
from functools import cache

import numpy as np
import optuna
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.linear import Linear
from mlops_drift.learning.search.search import search
from mlops_drift.registry.studies import Studies
from mlops_drift_tests.learning.samples import BINARY, MIXED, mixed
from mlops_drift_tests.processes import meet, run_alone

TRAINING = Training(
    metric="f1",
    families=["linear", "lightgbm"],
    trials=9,
    folds=2,
    class_weights=["none", "balanced"],
    decision_threshold="search",
)
pytestmark = pytest.mark.filterwarnings("error")

NAME = "churn 0123456789ab cdef01234567"


def opened(root):
    return Studies(f"sqlite:///{root / 'studies.db'}?timeout=120", root / "locks")


def remembered(root):
    return opened(root).memory(NAME, "f1", greater_is_better=True)


def searched(root=None, on_trial=None):
    memory = remembered(root) if root else None
    return search(*mixed(BINARY), MIXED, BINARY, TRAINING, on_trial, memory)


@cache
def undisturbed():
    """What is found alone, as text."""
    return repr(searched())


def stored(root):
    return optuna.load_study(study_name=NAME, storage=f"sqlite:///{root / 'studies.db'}")


def killed_after(root, number):
    """Runs in a process of its own: a kill after a trial."""

    def on_trial(trial):
        if trial.number == number:
            os.kill(os.getpid(), signal.SIGKILL)

    searched(root, on_trial)


def killed_within(root, number):
    """Runs in a process of its own: a kill within a trial, at that fit of a linear model."""
    begun, estimator = [], Linear.estimator

    def killing(self, *arguments):
        begun.append(1)
        if len(begun) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return estimator(self, *arguments)

    Linear.estimator = killing
    searched(root)


@pytest.mark.parametrize(("how", "number"), [(killed_after, 4), (killed_within, 3)])
def test_a_search_that_was_killed_ends_as_an_undisturbed_one_and_does_only_what_is_missing(
    tmp_path, how, number, monkeypatch
):
    assert run_alone(how, tmp_path, number) == -signal.SIGKILL
    done = [trial.number for trial in stored(tmp_path).trials]
    assert done == list(range(len(done)))
    assert len(done) == 5 if how is killed_after else 0 < len(done) < 9

    memory = remembered(tmp_path)
    kept, keep = [], memory.keep
    monkeypatch.setattr(memory, "keep", lambda trial: (kept.append(trial.number), keep(trial)))
    again = search(*mixed(BINARY), MIXED, BINARY, TRAINING, memory=memory)
    assert repr(again) == undisturbed()
    assert kept == list(range(len(done), 9))
    assert len(stored(tmp_path).trials) == 9


def race(root):
    """Runs in several processes at once."""
    meet(2)
    return repr(searched(root))


def test_two_processes_at_once_find_the_same_and_store_each_trial_once(tmp_path, processes):
    found = processes.run(race, (tmp_path,), (tmp_path,))
    assert found == [undisturbed()] * 2
    assert [trial.user_attrs["number"] for trial in stored(tmp_path).trials] == list(range(9))


def test_a_finished_search_is_not_computed_again(tmp_path, monkeypatch):
    first = searched(tmp_path)
    monkeypatch.setattr(Linear, "estimator", lambda *_: pytest.fail("computed again"))
    assert repr(searched(tmp_path)) == repr(first)


def test_a_dashboard_finds_direction_metric_folds_and_threshold(tmp_path):
    found = searched(tmp_path)
    study = stored(tmp_path)
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["f1"]
    assert study.best_value == found.value
    for trial, ours in zip(study.trials, found.trials, strict=True):
        assert tuple(trial.intermediate_values.values()) == ours.after_folds
        assert trial.user_attrs["threshold"] == ours.recipe.threshold
        assert trial.params["family"] == ours.recipe.family
        assert (trial.state == optuna.trial.TrialState.PRUNED) == bool(np.isnan(ours.value))
        assert trial.datetime_start < trial.datetime_complete


def test_searches_of_other_names_do_not_meet(tmp_path):
    studies = opened(tmp_path)
    trial = optuna.trial.create_trial(value=0.5)
    for name, metric in (("one", "f1"), ("other", "log_loss")):
        memory = studies.memory(name, metric, greater_is_better=metric == "f1")
        assert memory.recall(trial.number, {}) is None
        memory.keep(trial)
        assert memory.recall(trial.number, {}).value == 0.5
        assert memory.recall(trial.number + 1, {}) is None
        assert memory.recall(trial.number, {"C": 1.0}) is None


def test_a_database_whose_making_was_cut_short_is_made_anew(tmp_path):
    (tmp_path / "studies.unfinished").write_bytes(b"half")
    assert remembered(tmp_path).recall(0, {}) is None
    assert not (tmp_path / "studies.unfinished").exists()
