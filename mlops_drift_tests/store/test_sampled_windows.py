"""Of windows of many rows only a sample is read, the same one every day."""

import pytest

from mlops_drift_tests.store.model_samples import TABLES, day, put

KEYS = [f"k{number}" for number in range(40)]
LAST = 5


def fill(model):
    put(
        model,
        TABLES.predictions,
        [
            {"day": day(n), "version": 1, "id": f"{n} {key}", "prediction": "yes", "score": 0.9}
            for n in range(LAST + 1)
            for key in KEYS
        ],
    )
    put(
        model,
        TABLES.labels,
        [{"day": day(n + 1), "id": f"{n} {key}", "y": "yes"} for n in range(LAST) for key in KEYS],
    )


def by_day(rows):
    found = {}
    for row in rows.to_pylist():
        found.setdefault((row["day"] - day(0)).days, []).append((row["key"], row["sampled"]))
    return found


def test_the_day_that_labels_are_about_is_whole_and_the_days_before_it_a_sample(model):
    fill(model)
    every = by_day(model.predictions.outcomes(day(LAST), day(LAST), 3))
    assert {n: len(rows) for n, rows in every.items()} == {1: 40, 2: 40, 3: 40, 4: 40}
    assert all(sampled for rows in every.values() for _, sampled in rows)
    few = by_day(model.predictions.outcomes(day(LAST), day(LAST), 3, max_rows=50))
    assert len(few[LAST - 1]) == 40
    drawn = {n: [key for key, sampled in rows if sampled] for n, rows in few.items()}
    assert all(len(few[n]) == len(drawn[n]) for n in (1, 2, 3))
    # 160 rows of which every fourth counts, by chance.
    assert 20 <= sum(map(len, drawn.values())) <= 60


def test_rows_that_are_drawn_once_are_drawn_on_later_days_too(model):
    fill(model)

    def drawn(last, n):
        rows = by_day(model.predictions.outcomes(day(last), day(last), 3, max_rows=50))[n]
        return [key for key, sampled in rows if sampled]

    assert drawn(LAST, 3) == drawn(LAST - 1, 3) != []


@pytest.mark.parametrize(("max_rows", "is_sample"), [(None, False), (240, False), (239, True)])
def test_predictions_before_the_days_are_a_sample_where_they_are_too_many(
    model, max_rows, is_sample
):
    fill(model)
    rows = model.predictions.of_version(1, day(0), [day(LAST)], [], max_rows).to_pylist()
    assert (len(rows) < 240) == is_sample
    assert sum(row["day"] == day(LAST) for row in rows) == 40
    assert all(row["sampled"] for row in rows if row["day"] < day(LAST))


def test_a_late_label_reads_the_days_before_its_event_and_not_those_since(model):
    fill(model)
    put(model, TABLES.labels, [{"day": day(30), "id": "2 k1", "y": "no"}])
    rows = model.predictions.outcomes(day(30), day(30), 1).to_pylist()
    assert {(row["day"] - day(0)).days for row in rows} == {1, 2}
    assert [row["label"] for row in rows if row["key"] == "2 k1"] == ["yes", "no"]
