"""Of windows of many rows only every k-th lot of events is read, the same ones every day."""

import pytest

from mlops_drift_tests.store.model_samples import TABLES, day, put

KEYS = [f"k{number}" for number in range(40)]
LAST = 5
LOOKBACK = 3


def fill(model):
    scored = {"version": 1, "prediction": "yes", "score": 0.9}
    days = range(LAST + 1)
    put(
        model,
        TABLES.predictions,
        [{"day": day(n), "id": f"{n} {key}", **scored} for n in days for key in KEYS],
    )
    put(
        model,
        TABLES.labels,
        [{"day": day(n + 1), "id": f"{n} {key}", "y": "yes"} for n in days[:-1] for key in KEYS],
    )


def read(model, last, max_rows):
    """The labelled rows that labels of a day need, by production day, with their lots."""
    touched = model.predictions.touched(day(last), day(last))
    strides = model.predictions.strides(touched, LOOKBACK, max_rows)
    rows = model.predictions.outcomes(strides, day(last), LOOKBACK).to_pylist()
    found = {}
    for row in rows:
        found.setdefault((row["day"] - day(0)).days, []).append((row["key"], row["lot"]))
    return strides, found


def test_few_rows_are_all_read(model):
    fill(model)
    strides, rows = read(model, LAST, 160)
    assert strides == {day(4): 1}
    assert {n: len(found) for n, found in rows.items()} == {1: 40, 2: 40, 3: 40, 4: 40}


def test_the_day_that_labels_are_about_is_whole_and_the_days_before_it_a_sample(model):
    fill(model)
    strides, rows = read(model, LAST, 50)
    assert strides == {day(4): 4}
    assert len(rows[4]) == 40
    assert all(lot % 4 == 0 for n in (1, 2, 3) for _, lot in rows[n])
    # By chance: 120 rows of which every fourth counts.
    assert 15 <= sum(len(rows[n]) for n in (1, 2, 3)) <= 45


def test_rows_that_are_drawn_once_are_drawn_on_later_days_too(model):
    fill(model)
    earlier, later = (read(model, last, 50)[1][3] for last in (LAST - 1, LAST))
    assert later
    assert later == [(key, lot) for key, lot in earlier if lot % 4 == 0]


@pytest.mark.parametrize(("max_rows", "stride"), [(240, 1), (239, 2)])
def test_predictions_before_the_days_are_a_sample_where_they_are_too_many(model, max_rows, stride):
    fill(model)
    strides = model.predictions.strides([day(LAST)], LAST, max_rows)
    assert strides == {day(LAST): stride}
    rows = model.predictions.of_version(1, day(0), strides, LAST, []).to_pylist()
    assert sum(row["day"] == day(LAST) for row in rows) == 40
    before = [row["lot"] for row in rows if row["day"] < day(LAST)]
    assert all(lot % stride == 0 for lot in before)
    assert (len(before) == 200) == (stride == 1)


def test_a_late_label_reads_the_days_before_its_event_and_not_those_since(model):
    fill(model)
    put(model, TABLES.labels, [{"day": day(30), "id": "2 k1", "y": "no"}])
    strides = model.predictions.strides(model.predictions.touched(day(30), day(30)), 1, 1000)
    rows = model.predictions.outcomes(strides, day(30), 1).to_pylist()
    assert {(row["day"] - day(0)).days for row in rows} == {1, 2}
    assert [row["label"] for row in rows if row["key"] == "2 k1"] == ["yes", "no"]
