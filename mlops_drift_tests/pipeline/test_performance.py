"""The daily measurement of performance on a lake: late, corrected and missing labels."""

import shutil
from dataclasses import asdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.context import LABELS
from mlops_drift.pipeline.labels import count_labels, coverage
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.records import Received
from mlops_drift_tests.pipeline.watched import N, Watched, events, five_days, flipped
from mlops_drift_tests.tiny import day


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory, database):
    return five_days(MemoryLake(tmp_path_factory.mktemp("unlabelled"), database))


@pytest.fixture
def watched(unlabelled, tmp_path):
    """The days without a label, to go their own way."""
    root = shutil.copytree(unlabelled.model.lake.root, tmp_path / "lake")
    return Watched(unlabelled.model.lake.copy(root))


def landed_late(watched, landed, of):
    """Labels of a day have landed with another one."""
    record = Received(day(landed), LABELS, day(of), N, late=N)
    table = watched.tables.received
    rows = pa.Table.from_pylist([asdict(record)], schema=table.schema)
    watched.model.lake.replace_days(table, day(landed), day(landed), rows)


def test_labels_that_land_late_are_judged_on_the_day_that_they_come_with(watched):
    watched.arrive(2, events(1))
    [in_time] = watched.verdicts(2)
    landed_late(watched, 3, of=2)
    [late] = watched.verdicts(3)
    assert (late.verdict, late.production_day, late.n) == ("pass", day(1), N)
    assert late.value == in_time.value
    watched.arrive(3, events(2))
    found = watched.verdicts(3)
    assert [item.production_day for item in found] == [day(1), day(2), day(2)]
    together = watched.measure(2, 4).of_check("performance_drop")
    assert [item for item in together if item.day == day(3)] == found
    [nothing] = watched.verdicts(4)
    assert nothing.verdict == "unknown"


def test_labels_of_a_later_day_are_not_known_before_it(watched):
    watched.arrive(3, events(1))
    landed_late(watched, 2, of=3)
    [nothing] = watched.verdicts(2)
    assert nothing.verdict == "unknown"


def test_labels_count_for_the_day_of_their_event_from_the_day_they_arrive(watched):
    watched.arrive(4, events(1), events(2))
    [nothing] = watched.verdicts(3)
    assert (nothing.verdict, nothing.n) == ("unknown", 0)
    assert nothing.reason.startswith("no label arrived for a prediction of version 1; labels are")
    found = watched.verdicts(4)
    assert [(item.production_day, item.window, item.n) for item in found] == [
        (day(1), 1, N),
        (day(2), 1, N),
        (day(2), 3, 2 * N),
    ]
    assert {item.verdict for item in found} == {"pass"}


def test_a_correction_counts_from_its_arrival_on_and_the_first_label_stays_readable(watched):
    watched.arrive(2, events(1))
    watched.arrive(4, flipped(events(1)))
    [before], [after] = watched.verdicts(2), watched.verdicts(4)
    assert (before.n, after.n) == (N, N)
    assert after.value == pytest.approx(1 - before.value)
    assert (before.verdict, after.verdict) == ("pass", "fail")
    assert watched.verdicts(2) == [before]
    assert watched.model.lake.read(watched.tables.labels).num_rows == 2 * N


def test_labels_that_trickle_in_make_the_number_of_a_day_grow(watched):
    whole = events(1)
    watched.arrive(2, whole.head(50))
    watched.arrive(3, whole.tail(150))
    assert [item.n for item in watched.verdicts(2)] == [50]
    assert [item.n for item in watched.verdicts(3)] == [N]


def test_a_replaced_version_is_measured_and_not_judged(watched):
    watched.promote(2, on=3)
    watched.serve(events(4), events(5), version=2)
    watched.arrive(5, events(2), flipped(events(4)))
    old, new = watched.verdicts(5)
    assert (old.version, old.verdict, old.n) == (1, "unknown", N)
    assert "version 2 serves since" in old.reason
    assert (new.version, new.verdict, new.window) == (2, "fail", 1)


def test_a_range_of_days_says_what_day_after_day_says(lake):
    watched = five_days(lake)
    for number in range(1, 4):
        watched.arrive(number + 1, events(number) if number < 2 else flipped(events(number)))
    one_by_one = [item for i in range(1, 5) for item in watched.measure(i).evaluations]
    stored = watched.model.checks.find()
    together = watched.measure(1, 4).evaluations
    assert repr(together) == repr(one_by_one)
    assert repr(watched.model.checks.find()) == repr(stored)


def large_days(lake, most):
    """Days of 200, 400 and 1,000 events, whose labels arrive on the next day."""
    monitors = {"performance": {"windows": [1, 3], "max_rows": most}, "drift": {"windows": [1, 3]}}
    watched = Watched(lake, {"monitors": monitors})
    watched.promote(1, on=0)
    days = [events(1), events(2), events(3, 400), events(4), events(5, 1000)]
    watched.serve(*days)
    for number, rows in enumerate(days, start=2):
        watched.arrive(number, rows)
    return watched


def test_of_windows_with_more_than_max_rows_a_sample_counts_and_single_days_are_whole(memory_lake):
    watched = large_days(memory_lake, 250)
    found = [item for number in range(1, 7) for item in watched.verdicts(number)]
    assert [item.n for item in found if item.window == 1] == [0, N, N, 400, N, 1000]
    # 400 of 250 rows are every second lot, 800 every fourth, 1,600 every eighth.
    expected = [N, 200, 200, 200]
    sampled = [item.n for item in found if item.window == 3]
    assert sampled == pytest.approx(expected, rel=0.2)
    drift = watched.verdicts(6, "label_drift")
    assert [(item.window, item.n) for item in drift] == [(1, 1000), (3, sampled[-1])]


@pytest.mark.parametrize("most", [100, 250, 450])
def test_a_sample_is_the_same_in_a_range_of_days_and_day_after_day(memory_lake, most):
    watched = large_days(memory_lake, most)
    one_by_one = [item for number in range(1, 7) for item in watched.measure(number).evaluations]
    assert repr(watched.measure(1, 6).evaluations) == repr(one_by_one)


def test_a_late_label_that_no_sample_has_is_still_of_the_newest_day(memory_lake):
    watched = large_days(memory_lake, 100)
    for number in range(6):
        watched.arrive(7, events(5, 1000).iloc[[number]], events(1))
        [whole, *_] = watched.verdicts(7, "label_drift")
        assert (whole.production_day, whole.window, whole.n) == (day(5), 1, 1000)


def test_every_day_has_an_age_and_an_estimate_before_its_labels(watched):
    [age] = watched.verdicts(3, "model_age")
    assert (age.value, age.verdict) == (3.0, "pass")
    estimates = watched.verdicts(3, "estimated_performance")
    assert [(item.window, item.n) for item in estimates] == [(1, N), (3, 3 * N)]
    assert all(0.7 < item.lower < item.value < item.upper < 1 for item in estimates)


def test_an_estimate_is_kept_beside_what_labels_showed_later(watched):
    watched.measure(1, 2)
    watched.arrive(3, events(1))
    watched.measure(3)
    history = {one.day: one for one in watched.model.checks.performance_history(day(0), day(3))}
    assert history[day(1)].estimated == pytest.approx(history[day(1)].realized, abs=0.08)
    assert history[day(1)].lower < history[day(1)].realized < history[day(1)].upper
    assert history[day(2)].realized is None


def test_labels_that_become_another_mix_are_label_drift(watched):
    watched.arrive(2, events(1))
    watched.arrive(3, events(2).assign(y="yes"))
    assert {item.verdict for item in watched.verdicts(2, "label_drift")} == {"pass"}
    found = {item.window: item for item in watched.verdicts(3, "label_drift")}
    assert (found[1].verdict, found[1].production_day, found[1].n) == ("fail", day(2), N)
    assert found[3].n == 2 * N
    assert "y moved" in found[1].reason


def test_a_corrected_label_counts_once_for_label_drift(watched):
    watched.arrive(2, events(1))
    watched.arrive(3, events(1).assign(y="no").head(20))
    [found] = watched.verdicts(3, "label_drift")
    assert found.n == N


def test_a_slice_that_fails_is_found_while_the_whole_looks_well(memory_lake):
    watched = Watched(memory_lake, {"monitors": {"performance": {"slices": ["c"], "drop": 0.1}}})
    watched.promote(1, on=0)
    frames = [events(number) for number in (1, 2)]
    blue = [frame["c"] == "blue" for frame in frames]
    broken = [
        frame.assign(y=frame["y"].where(~mask | (np.arange(N) % 8 == 0), flipped(frame)["y"]))
        for frame, mask in zip(frames, blue, strict=True)
    ]
    watched.serve(*frames)
    watched.arrive(3, *broken)
    found = {
        (item.subject.removeprefix("accuracy of "), item.window, item.production_day): item
        for item in watched.verdicts(3, "slice_performance")
    }
    assert {name for name, _, _ in found} == {"c=blue", "c=red"}
    assert found["c=blue", 3, day(2)].verdict == "fail"
    assert found["c=red", 3, day(2)].verdict == "pass"
    assert found["c=blue", 3, day(2)].n == N // 2


def test_nulls_are_a_slice_and_a_column_may_be_called_label(memory_lake):
    changes = {
        "columns": {"label": {"type": "boolean"}},
        "monitors": {"performance": {"slices": ["label"]}},
    }
    watched = Watched(memory_lake, changes)
    flags = np.array([True, None, False, None] * 225, dtype=object)

    def labelled(number, n=N):
        return events(number, n).assign(label=flags[:n])

    watched.promote(1, on=0, events=labelled)
    watched.serve(labelled(1))
    watched.arrive(2, labelled(1))
    found = watched.verdicts(2, "slice_performance")
    assert [(item.subject.removeprefix("accuracy of "), item.n) for item in found] == [
        ("label=false", 50),
        ("label=null", 100),
        ("label=true", 50),
    ]
    assert {item.verdict for item in found} == {"pass"}


def test_a_slice_of_integers_keeps_its_name_beside_nulls(memory_lake):
    changes = {
        "columns": {"floor": {"type": "integer"}},
        "monitors": {"performance": {"slices": ["floor"]}},
    }
    watched = Watched(memory_lake, changes)

    def made(number, n=N, missing=False):
        frame = events(number, n).assign(floor=pd.array([1, 2] * (n // 2), dtype="Int64"))
        return frame.assign(
            floor=frame["floor"].where(~frame.index.isin([0])) if missing else frame["floor"]
        )

    watched.promote(1, on=0, events=made)
    watched.serve(made(1), made(2, missing=True))
    watched.arrive(2, made(1))
    watched.arrive(3, made(2))
    for number in (2, 3):
        found = watched.verdicts(number, "slice_performance")
        names = {item.subject.removeprefix("accuracy of ") for item in found}
        assert {"floor=1", "floor=2"} <= names <= {"floor=1", "floor=2", "floor=null"}


def test_what_outcomes_are_worth_is_judged_beside_the_metric(memory_lake):
    business = {
        "unit": "EUR",
        "outcomes": [
            {"truth": "yes", "prediction": "yes", "value": 10},
            {"truth": "no", "prediction": "yes", "value": -10},
        ],
        "drop": 1,
    }
    watched = Watched(memory_lake, {"monitors": {"performance": {"business": business}}})
    watched.promote(1, on=0)
    watched.serve(events(1), events(2))
    watched.arrive(2, events(1))
    watched.arrive(3, events(2).assign(y="no"))
    [usual] = watched.verdicts(2, "business_value")
    poor = watched.verdicts(3, "business_value")[0]
    assert (usual.verdict, poor.verdict) == ("pass", "fail")
    assert usual.value > 3
    assert poor.value == pytest.approx(-10 * (events(2)["prediction"] == "yes").mean())


def test_a_rise_of_errors_is_found_on_the_day_on_which_its_labels_arrive(memory_lake):
    pytest.importorskip("river")
    watched = Watched(
        memory_lake, {"monitors": {"performance": {"streaming": {"detector": "adwin"}}}}
    )
    watched.promote(1, on=0)
    frames = [events(number, 400) for number in range(1, 5)]
    watched.serve(*frames)
    for number, frame in enumerate(frames, start=1):
        watched.arrive(number + 1, frame if number < 3 else flipped(frame))
    found = watched.measure(2, 5).of_check("error_drift")
    assert [item.verdict for item in found] == ["pass", "pass", "fail", "fail"]
    assert [item.day for item in found] == [day(number) for number in range(2, 6)]
    assert watched.verdicts(4, "error_drift") == found[2:3]


def test_predictions_without_a_label_are_counted_by_age(watched):
    watched.arrive(3, events(1), events(2).head(50))
    model = ModelContext(watched.spec, watched.model)
    count_labels(model, day(3), day(5))
    ages = coverage(model, day(5))
    assert [(item.age_from, item.age_until) for item in ages] == [(0, 0), (1, 7)]
    assert [(item.predictions, item.unlabelled) for item in ages] == [(N, N), (4 * N, 2 * N + 150)]
    assert [item.unlabelled for item in coverage(model, day(3))] == [N, 150]


def test_days_that_were_counted_are_counted_again_after_a_late_day(watched):
    model = ModelContext(watched.spec, watched.model)
    count_labels(model, day(4), day(5))
    watched.arrive(3, events(1), events(2).head(50))
    count_labels(model, day(3), day(3))
    late = [coverage(model, day(number)) for number in (3, 4, 5)]
    count_labels(model, day(3), day(5))
    assert late == [coverage(model, day(number)) for number in (3, 4, 5)]


def test_a_day_before_the_first_champion_has_nothing_to_say(memory_lake):
    watched = Watched(memory_lake)
    watched.serve(events(1))
    found = watched.measure(1)
    assert (found.context.champion(day(1)), found.evaluations) == (None, [])
