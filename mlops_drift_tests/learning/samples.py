"""Small synthetic data of every kind of target."""

import numpy as np
import pandas as pd

from mlops_drift.schema.columns import Column, Target

BINARY = Target(column="y", kind="binary", classes=["good", "bad"], positive="good")
THREE = Target(column="y", kind="multiclass", classes=["high", "medium", "low"])
NUMBER = Target(column="y", kind="regression")
TARGETS = [BINARY, THREE, NUMBER]

MIXED = {
    "x": Column(type="number"),
    "count": Column(type="integer"),
    "flag": Column(type="boolean"),
    "city": Column(type="category"),
}
SENSORS = {name: Column(type="number") for name in ("temp", "pressure", "duration")}


# Hyperparameters of small models, by family, for tests in which their quality does not matter.
FEW = {
    "lightgbm": {},
    "linear": {},
    "random_forest": {"n_estimators": 10},
    "hist_gradient_boosting": {"max_iter": 20},
}


def mixed(target, n=160, seed=0):
    """Features of every type and a truth that depends on all of them, with little noise."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "count": rng.integers(0, 5, n),
            "flag": rng.random(n) < 0.5,
            "city": rng.choice(["oslo", "rome", "kyiv"], n),
        }
    )
    value = (
        2 * frame["x"]
        + 0.3 * frame["count"]
        + frame["flag"]
        + 1.5 * (frame["city"] == "rome")
        + rng.normal(scale=0.1, size=n)
    ).to_numpy()
    if target.kind == "regression":
        return frame, value
    if target.kind == "binary":
        return frame, np.where(value > 1.5, "good", "bad")
    return frame, np.select([value > 2.5, value > 0.5], ["high", "medium"], "low")


def boxed(n, seed):
    """A product is good if every sensor lies in its range: no linear rule fits."""
    rng = np.random.default_rng(seed)
    raw = np.column_stack(
        [rng.uniform(350, 360, n), rng.normal(12, 2, n), rng.uniform(28.5, 32.5, n)]
    )
    good = ((raw >= [351, 8, 28]) & (raw <= [359, 15, 32])).all(axis=1)
    observed = raw + 0.2 * rng.normal(size=raw.shape)
    return pd.DataFrame(observed, columns=list(SENSORS)), np.where(good, "good", "bad")
