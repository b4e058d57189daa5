"""Of windows of many rows only a sample is read, the same one every day."""

from collections import Counter

from mlops_drift_tests.store.model_samples import TABLES, day, put

KEYS = [f"k{number}" for number in range(40)]
LAST = 5


def predicted(first, last, keys):
    return [
        {"day": day(n), "version": 1, "id": f"{n} {key}", "prediction": "yes", "score": 0.9}
        for n in range(first, last + 1)
        for key in keys
    ]


def fill(model):
    put(model, TABLES.predictions, predicted(0, LAST, KEYS))
    put(
        model,
        TABLES.labels,
        [{"day": day(n + 1), "id": f"{n} {key}", "y": "yes"} for n in range(LAST) for key in KEYS],
    )


def by_day(rows, stride=1):
    """The keys of each day, of every k-th lot."""
    found = {}
    for row in rows.to_pylist():
        if row["lot"] % stride == 0:
            found.setdefault((row["day"] - day(0)).days, []).append(row["key"])
    return found


def outcomes(model, last, lookback, stride=1):
    touched = model.predictions.touched(day(last), day(last))
    return model.predictions.outcomes(dict.fromkeys(touched, stride), day(last), lookback)


def test_the_day_that_labels_are_about_is_whole_and_the_days_before_it_a_sample(model):
    fill(model)
    every = by_day(outcomes(model, LAST, 3))
    assert {n: len(keys) for n, keys in every.items()} == {1: 40, 2: 40, 3: 40, 4: 40}
    rows = outcomes(model, LAST, 3, stride=4)
    few, drawn = by_day(rows), by_day(rows, 4)
    assert few[LAST - 1] == every[LAST - 1]
    assert all(few[n] == drawn[n] for n in (1, 2, 3))
    # 160 rows of which every fourth counts, by chance.
    assert 20 <= sum(map(len, drawn.values())) <= 60


def test_rows_that_are_drawn_once_are_drawn_on_later_days_and_among_more(model):
    fill(model)
    now, before = (by_day(outcomes(model, last, 3, stride=4), 4)[3] for last in (LAST, LAST - 1))
    assert now == before != []
    assert set(now) < set(by_day(outcomes(model, LAST, 3, stride=2))[3])


def test_each_window_has_its_own_stride_whatever_is_asked_beside_it(model):
    fill(model)
    put(model, TABLES.predictions, predicted(LAST, LAST, [f"k{number}" for number in range(200)]))
    days, strides = [day(n) for n in range(LAST + 1)], model.predictions.strides
    together = strides(days, 2, 40)
    assert list(together.values()) == [1, 2, 4, 4, 4, 8]
    assert together == {key: k for one in days for key, k in strides([one], 2, 40).items()}
    assert strides([day(4)], 2, 40, since=day(4)) == {day(4): 1}
    assert strides(days, 2, 440) == dict.fromkeys(days, 1)


def test_predictions_before_the_days_are_a_sample(model):
    fill(model)
    rows = model.predictions.of_version(1, day(0), {day(LAST): 8}, LAST, [])
    counts = Counter(row["day"] for row in rows.to_pylist())
    assert counts.pop(day(LAST)) == 40
    assert 10 <= counts.total() <= 45
    assert all(row["lot"] % 8 == 0 for row in rows.to_pylist() if row["day"] < day(LAST))
    whole = model.predictions.of_version(1, day(2), {day(LAST): 1}, LAST, [])
    assert whole.num_rows == 4 * 40


def test_a_late_label_reads_the_days_before_its_event_and_not_those_since(model):
    fill(model)
    put(model, TABLES.labels, [{"day": day(30), "id": "2 k1", "y": "no"}])
    rows = outcomes(model, 30, 1).to_pylist()
    assert {(row["day"] - day(0)).days for row in rows} == {1, 2}
    assert [row["label"] for row in rows if row["key"] == "2 k1"] == ["yes", "no"]
