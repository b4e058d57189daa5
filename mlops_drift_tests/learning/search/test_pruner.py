import optuna
import pytest

from mlops_drift.learning.search.search import FEWEST_PEERS, PeerPruner


def pruned(direction, earlier, value, share=0.25):
    """Whether a trial of that value is given up after its first step, after trials of others."""
    study = optuna.create_study(
        direction=direction,
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=PeerPruner(share),
    )
    for number, other in enumerate(earlier):
        trial = study.ask()
        trial.report(other, 0)
        # How a trial ended makes no difference.
        if number % 2:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, other)
    trial = study.ask()
    trial.report(value, 0)
    return trial.should_prune()


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1), ("minimize", -1)])
def test_only_the_best_quarter_goes_on(direction, sign):
    earlier = [sign * value for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert pruned(direction, earlier, sign * 0.39)
    assert not pruned(direction, earlier, sign * 0.41)
    assert not pruned(direction, earlier, sign * 0.9)


def test_equals_all_go_on():
    assert not pruned("maximize", [0.5] * 5, 0.5)


def test_the_first_ones_go_on_whatever_they_are_worth():
    assert not pruned("maximize", [0.9] * (FEWEST_PEERS - 1), 0.1)
    assert pruned("maximize", [0.9] * FEWEST_PEERS, 0.1)


def test_a_trial_that_has_told_nothing_goes_on():
    study = optuna.create_study(pruner=PeerPruner(0.25))
    assert not study.ask().should_prune()


def test_a_trial_is_held_against_the_same_step_of_those_that_reached_it():
    study = optuna.create_study(direction="maximize", pruner=PeerPruner(0.25))
    for steps in ([0.9], [0.9], [0.9, 0.1], [0.9, 0.2]):
        trial = study.ask()
        for step, value in enumerate(steps):
            trial.report(value, step)
        study.tell(trial, steps[-1])
    trial = study.ask()
    trial.report(0.9, 0)
    trial.report(0.3, 1)
    assert not trial.should_prune()
