"""A model whose columns change while it serves: one is added, one removed, one retyped."""

from itertools import pairwise

import numpy as np
import pandas as pd

from mlops_drift.lifecycle.decisions import decide_days
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.policy.decision import IDLE
from mlops_drift_tests import steps
from mlops_drift_tests.tiny import day

ROWS, DAYS = 60, 15
START = {
    "a": {"type": "number", "nullable": False},
    "b": {"type": "number"},
    "n": {"type": "integer"},
}
# By the first day in number that they are declared on: a change of `columns`, `...` takes one away.
CHANGES = {
    5: {"d": {"type": "category"}},
    8: {"b": ...},
    11: {"n": {"type": "category"}},
}
SOURCE = {
    "kind": "files",
    "events": {"path": "events/{day}.csv", "day_column": ...},
    "labels": {"path": "labels/{day}.csv", "day_column": ...},
}


def events_of(number):
    """The events of a day: `d` comes, `b` ends and `n` is text from these days on."""
    rng = np.random.default_rng(number)
    events = pd.DataFrame(
        {
            "id": number * 1000 + np.arange(ROWS),
            "a": rng.normal(size=ROWS),
            "b": rng.normal(size=ROWS),
            "n": rng.integers(0, 5, ROWS).astype(str),
            "d": rng.choice(["blue", "red"], ROWS),
        }
    )
    added, removed, retyped = CHANGES
    if number < added:
        events = events.drop(columns="d")
    if number >= removed:
        events = events.drop(columns="b")
    if number >= retyped:
        events["n"] = events["n"].replace("4", "4+")
    return events


def write_files(folder, days):
    """The files of some days; labels come a day later."""
    for kind in ("events", "labels"):
        (folder / kind).mkdir(exist_ok=True)
    for number in range(days):
        events = events_of(number)
        events.to_csv(folder / "events" / f"{day(number)}.csv", index=False)
        labels = pd.DataFrame({"id": events["id"], "y": np.where(events["a"] > 0, "yes", "no")})
        labels.to_csv(folder / "labels" / f"{day(number + 1)}.csv", index=False)
    labels.head(0).to_csv(folder / "labels" / f"{day(0)}.csv", index=False)


def declared(world, number, **changes):
    """Writes the YAML as it is on a day; returns its folder."""
    columns = dict(START)
    for since, change in CHANGES.items():
        if since <= number:
            columns |= change
    # As a whole: `tiny` has others.
    columns = {"b": ..., "c": ..., **columns}
    return world.write_model(
        {
            "start_date": day(0),
            "end_date": day(99),
            "source": SOURCE,
            "columns": columns,
            **changes,
        }
    )


def live_all(world, days, also=lambda about, number: None):
    """So many days, each with the columns that are declared on it."""
    for first, end in pairwise([0, *(one for one in CHANGES if one < days), days]):
        declared(world, first)
        live(world, first, end - 1, also)


def live(world, first, last, also=lambda about, number: None):
    """The days by number, one after another, with what is decided at the end of each."""
    with world.active(), steps.opened(world) as about:
        for number in range(first, last + 1):
            steps.do_days(world, about, number, number)
            for decision in decide_days(about, day(number), day(number)):
                about.store.decisions.record(decision)
                if decision.action not in IDLE:
                    retraining(about, decision.id)
            also(about, number)


def retraining(about, name):
    import mlflow

    about.registry.prepare(about.spec.name)
    with mlflow.start_run(experiment_id=about.registry.experiment(about.spec.name)):
        RetrainingRun(about, name).carry_out()
