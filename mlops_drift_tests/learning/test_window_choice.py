from dataclasses import asdict
from datetime import date, timedelta
from functools import cache
from math import isnan
from time import process_time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.window_choice import (
    FEWEST_ROWS,
    MOST_EVALUATED_ROWS,
    choose_window,
)
from mlops_drift.schema.columns import Column, Target
from mlops_drift.sources.simulators.registry import SIMULATORS

SENSORS = {name: Column(type="number") for name in ("temp", "pressure", "duration")}
QUALITY = Target(column="quality", kind="binary", classes=["0", "1"], positive="1")
RISK = Target(column="risk_group", kind="multiclass", classes=["high", "medium", "low"])
DRIVER = {
    name: Column(type="number")
    for name in ("training", "age", "emergency_braking", "braking_distance", "power", "miles")
}
CHANGE = date(2019, 7, 19)
FIRST = CHANGE - timedelta(days=8)


def world(name, target, first, last, seed, delay, stationary=False):
    """The labelled rows of a simulator, of event days from first to last."""
    source = SIMULATORS[name](seed, stationary)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    events = pa.concat_tables(
        [
            table.append_column("day", pa.array([day] * table.num_rows, pa.date32()))
            for day in days
            for table in [source.events(day)]
        ]
    )
    arrivals = [first + timedelta(days=n) for n in range((last - first).days + delay + 1)]
    labels = pa.concat_tables([source.labels(day) for day in arrivals])
    labels = labels.set_column(1, target.column, labels[target.column].cast(pa.string()))
    return events.join(labels, events.column_names[0], join_type="inner").sort_by("day")


@cache
def glassware(seed, stationary=False):
    return world("glassware", QUALITY, FIRST, CHANGE, seed, 2, stationary)


def choose_for_glassware(rows, seed=7, metric="accuracy", **candidates):
    training = Training(metric=metric, seed=seed)
    candidates = candidates or {"since_change": CHANGE, "everything": None}
    return choose_window(rows, candidates, SENSORS, QUALITY, training, "pid")


@cache
def chosen_after_a_change(seed):
    """Between the rows of the day since the change and all of nine days."""
    return choose_for_glassware(glassware(seed), seed)


def line(n=400, turned_at=None, days=40):
    """A number that follows x, from a row on with the sign turned."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=n)
    y = np.where(np.arange(n) < (n if turned_at is None else turned_at), x, -x)
    day = [date(2024, 1, 1) + timedelta(days=row * days // n) for row in range(n)]
    noisy = y + 0.1 * rng.normal(size=n)
    return pa.table({"id": range(n), "day": day, "event_time": day, "x": x, "y": noisy})


def choose_for_line(rows, candidates, metric="rmse"):
    return choose_window(
        rows,
        candidates,
        {"x": Column(type="number")},
        Target(column="y", kind="regression"),
        Training(metric=metric, families=["linear"]),
        "id",
    )


def test_one_day_after_an_abrupt_change_the_older_rows_are_dropped():
    chosen = [chosen_after_a_change(seed) for seed in range(3)]
    assert {one.name for one in chosen} == {"since_change"}
    value = {score.name: score.value for score in chosen[0].scores}
    assert value["since_change"] > value["everything"] + 0.1
    assert chosen[0].evaluated_rows == 192


def test_without_a_change_the_longer_window_is_mostly_chosen():
    chosen = [choose_for_glassware(glassware(seed, stationary=True), seed) for seed in range(2)]
    assert {one.name for one in chosen} == {"everything"}


@pytest.mark.parametrize("metric", ["rmse", "r2"])
def test_both_directions_of_a_metric_find_the_better_window(metric):
    candidates = {"everything": None, "since_change": date(2024, 1, 21)}
    assert choose_for_line(line(turned_at=200), candidates, metric).name == "since_change"


def test_after_a_year_of_slow_drift_the_last_months_are_chosen():
    last = date(2021, 11, 30)
    rows = world("insurance", RISK, date(2020, 9, 1), last, 1, 30)
    candidates = {"recent": last - timedelta(days=89), "everything": None}
    training = Training(metric="accuracy")
    chosen = choose_window(rows, candidates, DRIVER, RISK, training, "policy_id")
    assert chosen.name == "recent"
    assert chosen.since == candidates["recent"]
    assert chosen.evaluated_rows == MOST_EVALUATED_ROWS
    assert [(score.name, score.rows) for score in chosen.scores] == [
        ("everything", rows.num_rows),
        ("recent", 4450),
    ]


def test_a_choice_is_cheap():
    rows = world("glassware", QUALITY, date(2019, 7, 1), CHANGE, 1, 2)
    # What loads at the first choice of a process does not count.
    chosen_after_a_change(1)
    start = process_time()
    choose_for_glassware(rows)
    assert process_time() - start < 2


def test_the_order_of_the_rows_does_not_matter():
    rows = glassware(2)
    shuffled = rows.take(np.random.default_rng(3).permutation(rows.num_rows))
    assert choose_for_glassware(shuffled, seed=2) == chosen_after_a_change(2)


def test_a_single_candidate_is_not_scored():
    chosen = choose_for_glassware(glassware(1), everything=None)
    assert (chosen.name, chosen.since, chosen.evaluated_rows) == ("everything", None, 0)
    assert [score.rows for score in chosen.scores] == [9 * 192]
    assert isnan(chosen.scores[0].value)


def test_candidates_with_the_same_rows_are_equal_and_the_longest_wins():
    same = {"recent": date(2024, 1, 1), "since_change": date(2024, 1, 21), "everything": None}
    chosen = choose_for_line(line(), same)
    value = {score.name: score.value for score in chosen.scores}
    assert value["everything"] == value["recent"]
    assert [score.name for score in chosen.scores] == ["everything", "recent", "since_change"]
    del same["since_change"]
    chosen = choose_for_line(line(), same)
    assert (chosen.name, chosen.evaluated_rows) == ("everything", 0)


def test_a_candidate_with_too_few_rows_is_not_chosen():
    rows = line(turned_at=360)
    candidates = {"everything": None, "since_change": date(2024, 2, 6), "recent": date(2024, 1, 11)}
    chosen = choose_for_line(rows, candidates)
    scores = {score.name: score for score in chosen.scores}
    assert scores["since_change"].rows < FEWEST_ROWS
    assert isnan(scores["since_change"].value)
    assert chosen.name == "recent"
    assert chosen.evaluated_rows == 300


@pytest.mark.parametrize("n", [0, 1, 30])
def test_where_nothing_can_be_scored_the_longest_is_chosen(n):
    rows = line().slice(0, n)
    chosen = choose_for_line(rows, {"recent": date(2024, 1, 2), "everything": None})
    assert (chosen.name, chosen.evaluated_rows) == ("everything", 0)
    assert all(isnan(score.value) for score in chosen.scores)


def test_a_candidate_with_one_class_is_not_chosen():
    frame = glassware(4).to_pandas()
    frame.loc[frame["day"] == CHANGE, "quality"] = "0"
    chosen = choose_for_glassware(pa.Table.from_pandas(frame, preserve_index=False))
    value = {score.name: score.value for score in chosen.scores}
    assert isnan(value["since_change"])
    assert chosen.name == "everything"


def test_a_candidate_without_one_of_the_classes_is_not_chosen():
    rng = np.random.default_rng(1)
    days = [date(2024, 1, 1) + timedelta(days=n // 20) for n in range(800)]
    x = rng.normal(size=800)
    change = date(2024, 1, 31)
    old = np.where(np.array(days) < change, "high", "low")
    risk = np.where(x > 0, "medium", old)
    rows = pa.table({"id": range(800), "day": days, "event_time": days, "x": x, "risk": risk})
    target = Target(column="risk", kind="multiclass", classes=["high", "medium", "low"])
    chosen = choose_window(
        rows,
        {"since_change": change, "everything": None},
        {"x": Column(type="number")},
        target,
        Training(metric="accuracy"),
        "id",
    )
    assert chosen.name == "everything"
    assert isnan(chosen.scores[1].value)


def test_a_class_that_is_rare_in_the_evaluated_rows_is_no_obstacle():
    frame = glassware(4).to_pandas()
    newest = frame.index[frame["day"] == CHANGE]
    frame.loc[newest, "quality"] = ["1"] * 2 + ["0"] * (len(newest) - 2)
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    chosen = choose_for_glassware(rows, metric="log_loss")
    assert not any(isnan(score.value) for score in chosen.scores)
    assert chosen.name == "since_change"


def test_scores_are_plain_values():
    score = chosen_after_a_change(1).scores[0]
    assert {type(value) for value in asdict(score).values()} == {str, type(None), int, float}
    assert not isinstance(score.value, np.floating)
    assert pd.isna(score.since)
