"""Challengers to be judged: honest ones of every kind of target, and what makes them others."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import FRESH_ROWS, Candidate
from mlops_drift.learning.gates.config import Gates
from mlops_drift.schema.columns import Column, Target

BINARY = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
THREE = Target(column="y", kind="multiclass", classes=["high", "medium", "low"])
NUMBER = Target(column="y", kind="regression")
TARGETS = (BINARY, THREE, NUMBER)

METRIC = {"binary": "accuracy", "multiclass": "accuracy", "regression": "mae"}
LIMIT = {"binary": 0.6, "multiclass": 0.5, "regression": 2.0}

COLUMNS = {
    "x": Column(type="number"),
    "z": Column(type="number", nullable=False),
    "count": Column(type="integer"),
    "flag": Column(type="boolean"),
    "city": Column(type="category"),
}


def rows(target, n, seed):
    """Keys, features of every type, and labels with so much noise that none tells them alone."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": seed * 100_000 + np.arange(n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "count": rng.integers(0, 5, n),
            "flag": rng.random(n) < 0.5,
            "city": rng.choice(["oslo", "rome", "kyiv"], n),
        }
    )
    signal = level(frame)
    if target.kind == "regression":
        return frame.assign(y=signal + rng.normal(size=n))
    probability = chances(target, signal)
    drawn = (rng.random(n)[:, None] > probability.cumsum(axis=1)).sum(axis=1)
    return frame.assign(y=np.array(classes(target), dtype=object)[drawn])


def level(frame):
    """What the label depends on; a missing or odd value counts as an ordinary one."""
    x, z = (frame[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "z"))
    x, z = (np.clip(np.where(np.isnan(each), 0.0, each), -5, 5) for each in (x, z))
    rome = (frame["city"] == "rome").to_numpy(dtype=float)
    return x + z + 0.8 * rome - 0.3


def classes(target):
    """The classes in the order of `chances`."""
    return ["no", "yes"] if target.kind == "binary" else ["low", "medium", "high"]


def chances(target, signal):
    """The probability of each class."""
    if target.kind == "binary":
        positive = 1 / (1 + np.exp(-1.5 * signal))
        return np.stack([1 - positive, positive], axis=1)
    odds = np.exp(np.stack([-2 * signal, np.full(len(signal), 1.2), 2 * signal], axis=1))
    return odds / odds.sum(axis=1, keepdims=True)


def knowing(target):
    """A model that knows what labels depend on: the best there is."""

    def predict(frame):
        signal = level(frame)
        if target.kind == "regression":
            return pd.DataFrame({"prediction": signal, "score": signal}, index=frame.index)
        return of_chances(target, chances(target, signal), frame.index)

    return predict


def of_chances(target, probability, index=None):
    """Predictions with these probabilities of the classes."""
    names = np.array(classes(target), dtype=object)
    score = probability[:, 1] if target.kind == "binary" else probability.max(axis=1)
    return pd.DataFrame(
        {"prediction": names[probability.argmax(axis=1)], "score": score}, index=index
    )


def constant(target):
    """A model that always says the same."""

    def predict(frame):
        if target.kind == "regression":
            return pd.DataFrame({"prediction": 0.2, "score": 0.2}, index=frame.index)
        score = 0.4 if target.kind == "binary" else 0.5
        said = "no" if target.kind == "binary" else "medium"
        return pd.DataFrame({"prediction": said, "score": score}, index=frame.index)

    return predict


def candidate(target, predict=None, train=None, test=None, gates=None, **changes):
    """An honest challenger of 600 train and 400 test rows, but for what is changed."""
    train = rows(target, 600, 1) if train is None else train
    test = rows(target, 400, 2) if test is None else test
    predict = predict or knowing(target)
    limits = {"metrics": {METRIC[target.kind]: LIMIT[target.kind]}, **(gates or {})}
    columns = changes.pop("columns", COLUMNS)
    fresh = test[list(columns)].head(FRESH_ROWS)
    validated = changes.pop("out_of_fold") if "out_of_fold" in changes else knowing(target)(train)
    predicted = changes.pop("predicted") if "predicted" in changes else predict(test)
    new = Candidate(
        target=target,
        columns=columns,
        metric=METRIC[target.kind],
        seed=7,
        gates=Gates(**limits),
        business=None,
        description="What y will be.",
        key="id",
        train=train,
        test=test,
        predicted=predicted,
        predict=predict,
        out_of_fold=validated,
        size=50_000,
        signature=tuple(columns),
        fresh_rows=fresh,
        fresh_predictions=lambda: predict(fresh),
        refitted=lambda: predict(test),
        made_by_this_code=True,
        champion_comparison=None,
    )
    return replace(new, **changes)
