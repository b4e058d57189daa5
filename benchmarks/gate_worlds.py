"""Small simulated worlds on which gates judge models, from noise that is normal to heavy tails."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Column, Target

COLUMNS = {
    "x": Column(type="number"),
    "z": Column(type="number"),
    "count": Column(type="integer"),
    "flag": Column(type="boolean"),
    "city": Column(type="category"),
}
CITIES = ["oslo", "rome", "kyiv"]

# What a search settles on where rows are few and noise is large.
MODEST: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "learning_rate": 0.1,
        "num_leaves": 4,
        "min_child_samples": 10,
        "n_estimators": 100,
    },
    "linear": {"degree": 1, "C": 1.0},
    "random_forest": {"n_estimators": 50, "min_samples_leaf": 8, "max_features": 0.5},
    "hist_gradient_boosting": {
        "max_iter": 100,
        "learning_rate": 0.1,
        "max_leaf_nodes": 4,
        "min_samples_leaf": 10,
        "l2_regularization": 1.0,
    },
}


@dataclass(frozen=True)
class World:
    """What is predicted, by which metrics in turn, and how the errors of a regression are drawn."""

    name: str
    target: Target
    metrics: tuple[MetricName, ...]
    errors: Callable[[np.random.Generator, int], Array] | None = None


def _classes(*names: str) -> dict[str, Any]:
    return {"column": "y", "kind": "binary" if len(names) == 2 else "multiclass", "classes": names}


NUMBER = Target(column="y", kind="regression")
OF_NUMBERS: tuple[MetricName, ...] = ("mae", "rmse", "r2")


def _lognormal(sigma: float) -> Callable[[np.random.Generator, int], Array]:
    """Errors around their mean."""
    return lambda rng, n: rng.lognormal(0, sigma, n) - np.exp(sigma**2 / 2)


WORLDS = (
    World("normal", NUMBER, OF_NUMBERS, lambda rng, n: rng.normal(size=n)),
    World("t(3)", NUMBER, OF_NUMBERS, lambda rng, n: rng.standard_t(3, n)),
    World("log-normal(1)", NUMBER, OF_NUMBERS, _lognormal(1)),
    World("log-normal(2)", NUMBER, OF_NUMBERS, _lognormal(2)),
    World(
        "binary",
        Target(**_classes("no", "yes"), positive="yes"),
        ("accuracy", "f1", "auc", "log_loss"),
    ),
    World("multiclass", Target(**_classes("low", "medium", "high")), ("accuracy", "f1_macro")),
)


def rows_of(world: World, rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Keys, features of every type, and labels."""
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "count": rng.integers(0, 5, n),
            "flag": rng.random(n) < 0.5,
            "city": rng.choice(CITIES, n),
        }
    )
    signal = (frame["x"] + frame["z"] + 0.8 * (frame["city"] == "rome") - 0.3).to_numpy()
    if world.errors is not None:
        # With the errors' quartiles as far apart as those of the signal.
        usual = world.errors(np.random.default_rng(0), 100_000)
        scale = np.subtract(*np.quantile(usual, [0.75, 0.25])) / 2.0
        return frame.assign(y=scale * signal + world.errors(rng, n))
    levels = np.array([0.0, 1.2, 0.0] if world.target.kind == "multiclass" else [0.0, -0.6])
    slopes = np.array([-2.0, 0.0, 2.0] if world.target.kind == "multiclass" else [0.0, 1.5])
    odds = np.exp(levels + slopes * signal[:, None])
    chances = (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)
    drawn = (rng.random(n)[:, None] > chances[:, :-1]).sum(axis=1)
    return frame.assign(y=np.array(world.target.classes, dtype=object)[drawn])
