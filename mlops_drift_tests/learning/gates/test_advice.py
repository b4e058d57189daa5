"""Whatever a gate advises, the target has what it names."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.base import ChampionComparison
from mlops_drift.learning.gates.registry import gates_of
from mlops_drift.learning.metrics.registry import SHIPPED, metrics_of
from mlops_drift_tests.learning.gates.candidates import (
    COLUMNS,
    TARGETS,
    candidate,
    constant,
    knowing,
    rows,
)

FOREIGN = {
    "binary": ("mae", "rmse", "r2"),
    "multiclass": ("mae", "rmse", "r2", "log_loss", "auc", "positive", "decision threshold"),
    "regression": (
        *(name for name in SHIPPED if name not in metrics_of("regression")),
        "class",
        "probabilit",
        "decision threshold",
    ),
}


UNREACHED = {"binary": 0.9999, "multiclass": 0.9999, "regression": 0.0}
ABOUT_THE_TARGET = {
    "prediction_distribution",
    "calibration",
    "business_value",
    "beats_champion",
    "target_leakage",
    "null_robustness",
}


def broken(target):
    """Challengers with which as much as possible is wrong."""
    test = rows(target, 300, 2)
    same, told = constant(target)(test), knowing(target)(test)
    off = told + 5 if target.kind == "regression" else told.assign(score=0.999)

    def odd(frame):
        found = knowing(target)(frame)
        gaps = frame.isna().any(axis=1)
        worst = -50.0 if target.kind == "regression" else target.classes[-1]
        return found.assign(prediction=found["prediction"].mask(gaps, worst))

    truth = test["y"].to_numpy()
    yield candidate(
        target,
        constant(target),
        test=test,
        champion_comparison=ChampionComparison(truth, same, told),
    )
    yield candidate(target, test=test, predicted=off)
    yield candidate(target, odd, test=test)
    yield candidate(target, test=test, out_of_fold=None)
    one = test["y"].iloc[0]
    yield candidate(
        target,
        test=test.assign(y=one),
        champion_comparison=ChampionComparison(np.full(300, one), told, told),
    )
    leak = pd.Series(test["y"]).astype("category").cat.codes
    yield candidate(target, test=test.assign(x=leak.to_numpy()))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_no_advice_names_what_the_target_lacks(target):
    outcomes = [{"truth": name, "prediction": name, "value": -1} for name in target.classes or []]
    business = BusinessValue(outcomes=outcomes, per_error=None if outcomes else -1.0, floor=1e6)
    metrics = metrics_of(target.kind)
    for metric in (metrics[0], metrics[-1]):
        for new in broken(target):
            # The limit of the metric is out of reach.
            limits = new.gates.model_copy(update={"metrics": {metric: UNREACHED[target.kind]}})
            judged = replace(new, metric=metric, gates=limits)
            for gate in gates_of(limits, COLUMNS, business):
                if gate.name in ABOUT_THE_TARGET or gate.name.startswith("test_"):
                    advice = gate.judge(judged).advice
                    listed = set(re.findall(r"\w+", advice))
                    wrong = [
                        word
                        for word in FOREIGN[target.kind]
                        if word in listed or (word not in SHIPPED and word in advice)
                    ]
                    assert not wrong, (gate.name, advice)
