"""Rows that come after their day has run: they land and are scored late, and nothing else moves."""

import numpy as np
import pandas as pd
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.gateways import open_lake
from mlops_drift.lifecycle.status import read_status
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import ROWS, day, events_of

LATE = 5
# What late rows are added to.
ADDED = ("events", "features", "predictions")


def rows_of(world):
    """The rows of some tables, each as text with its day."""
    names = (*ADDED, "profiles", "drift", "training_sets", "received", "quarantined")
    with open_lake() as lake:
        tables = ModelContext.of(lake, world.spec()).store.tables
        rows = {name: lake.read(getattr(tables, name)).to_pylist() for name in names}
    return {
        name: sorted((str(row.get("day")), str(row)) for row in found)
        for name, found in rows.items()
    }


@pytest.fixture(scope="module")
def told(begin):
    """A story whose days 0 to 3 have run, its tables, and those after day 4 with rows of day 3."""
    world = begin("late_rows")
    path = world.defs / "tiny" / "events.csv"
    rows = pd.read_csv(path, float_precision="round_trip")
    of_day = rows["day"] == str(day(3))
    late = events_of(3).head(LATE).assign(id=900_000 + np.arange(LATE))
    # One row is changed in place, and one is gone.
    rows.loc[rows["id"] == 3000, "b"] = 99.0
    rows = rows[rows["id"] != 3001]
    assert of_day.sum() == ROWS
    with world.active(), open_instance() as instance:
        before = rows_of(world)
        pd.concat([rows, late]).to_csv(path, index=False)
        run = world.run_days(instance, day(4))
        assert run.success
        [landed] = run.asset_materializations_for_node("tiny__events")
        after = rows_of(world)
        assert world.run_days(instance, day(4)).success
        again = rows_of(world)
    return world, before, after, again, landed.metadata


def of(tables, name, number):
    """The rows of a day."""
    return {text for when, text in tables[name] if when == str(day(number))}


@pytest.fixture
def tables(told):
    return told[1:4]


def test_late_rows_are_scored_by_the_version_of_their_day_and_no_other_row_changes(tables):
    before, after, _ = tables
    for name in ADDED:
        new = of(after, name, 3) - of(before, name, 3)
        assert of(before, name, 3) < of(after, name, 3)
        assert len(new) == LATE
        assert all("'id': 90000" in text for text in new)
    assert all("'version': 1," in text for text in of(after, "predictions", 3))
    for name in ("profiles", "drift"):
        assert of(after, name, 3) == of(before, name, 3)
    assert after["training_sets"] == before["training_sets"]


def test_late_changed_and_gone_rows_are_on_record(told):
    world, metadata = told[0], told[4]
    assert metadata["late rows"].value == LATE
    assert metadata["late rows by day"].value == f"{day(3)}: {LATE}"
    assert metadata["changed or quarantined late rows"].value == 1
    with world.active(), open_lake() as lake:
        account = read_status(ModelContext.of(lake, world.spec()))["sources"]["events"]
    assert account["landed_late"] == [{"day": day(3), "rows": LATE}]
    assert account["late"] == [{"day": day(3), "rows": 1}]
    assert account["gone_days"] == [{"day": day(3), "rows": 2}]


def test_a_day_that_runs_again_finds_the_same(tables):
    _, after, again = tables
    assert {name: again[name] for name in again} == after
