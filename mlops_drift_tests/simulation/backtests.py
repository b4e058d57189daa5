"""Backtests of models of the active world, with a short search."""

from mlops_drift.config.loading import Model, find_model
from mlops_drift.simulation.backtest import Backtest
from mlops_drift.simulation.instance import quiet

STORY = ("alarms", "warnings", "decisions", "versions")


# A search of a shipped model that takes no time; what is decided is the same.
SHORT = {"trials": 2, "folds": 2}


def shortened(model):
    """The description of a model of the active world, with a short search."""
    spec = find_model(model).spec
    return spec.model_copy(update={"training": spec.training.model_copy(update=SHORT)})


def backtest(model, policies=None, last=None, **changes):
    """A backtest of a model of the active world, under its own policy if nothing is said."""
    found = find_model(model)
    spec = shortened(model).model_copy(update=changes)
    with quiet():
        return Backtest(Model(spec, found.folder), last=last).run(policies or {"own": spec})
