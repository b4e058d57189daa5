import duckdb
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.landing import judge_labels_again, land_events, land_labels
from mlops_drift.pipeline.missing_days import about_missing, in_short, no_file_at_all
from mlops_drift.schema.days import ranges
from mlops_drift.sources.base import MissingDayError
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.model_store import ModelStore
from mlops_drift_tests.tiny import SPEC, day, events_of, labels_of, merged

BY_DAY = {name: {"path": f"{name}/{{day}}.csv", "day_column": ...} for name in ("events", "labels")}
SPEC_HERE = ModelSpec(**merged(SPEC, {"source": BY_DAY}))


@pytest.fixture
def model(tmp_path):
    lake = MemoryLake(tmp_path / "sets", duckdb.connect(config={"threads": 1}))
    return ModelStore(lake, "tiny", SPEC_HERE.tables, SPEC_HERE.key, SPEC_HERE.target)


@pytest.fixture
def source(tmp_path):
    """Days 0 to 3, without the events of day 1 and without anything of day 2."""
    for number in (0, 1, 3):
        labels = labels_of(number - 1) if number else labels_of(0).iloc[:0]
        for name, rows in (("events", events_of(number)), ("labels", labels)):
            (tmp_path / name).mkdir(exist_ok=True)
            if (name, number) != ("events", 1):
                put(tmp_path, name, number, rows)
    return SPEC_HERE.source.open(tmp_path)


def put(folder, name, number, rows):
    rows.drop(columns="day").to_csv(folder / name / f"{day(number)}.csv", index=False)


def files(model):
    found = model.landing.missing_files(day(0), day(9))
    return [(row["day"], row["source"], row["file"]) for row in found]


def test_a_range_with_missing_days_lands_nothing_and_puts_them_all_on_record(model, source):
    with pytest.raises(MissingDayError) as caught:
        land_events(ModelContext(SPEC_HERE, model), source, day(0), day(3))
    assert set(caught.value.places) == {day(1), day(2)}
    assert model.landing.last_landed_day() is None
    assert files(model) == [
        (day(1), "events", f"events/{day(1)}.csv"),
        (day(2), "events", f"events/{day(2)}.csv"),
        (day(2), "labels", f"labels/{day(2)}.csv"),
    ]


def test_a_missing_day_is_no_origin_of_rows(model, source):
    with pytest.raises(MissingDayError):
        land_events(ModelContext(SPEC_HERE, model), source, day(1), day(1))
    assert model.landing.origins("events", day(0), day(3)) == []


def test_a_file_that_comes_ends_the_record(model, source, tmp_path):
    with pytest.raises(MissingDayError):
        land_events(ModelContext(SPEC_HERE, model), source, day(1), day(1))
    put(tmp_path, "events", 1, events_of(1))
    land_events(ModelContext(SPEC_HERE, model), source, day(1), day(1))
    assert files(model) == []


def test_a_day_that_has_landed_keeps_its_rows_when_its_file_goes(model, source, tmp_path):
    landed = land_events(ModelContext(SPEC_HERE, model), source, day(0), day(0))
    (tmp_path / "events" / f"{day(0)}.csv").unlink()
    with pytest.raises(MissingDayError):
        land_events(ModelContext(SPEC_HERE, model), source, day(0), day(0))
    assert files(model) == []
    assert landed.rows == model.lake.read(model.tables.events).num_rows


def test_labels_of_no_event_say_which_days_have_no_events(model, source, tmp_path):
    with pytest.raises(MissingDayError):
        land_events(ModelContext(SPEC_HERE, model), source, day(1), day(1))
    put(tmp_path, "labels", 2, labels_of(1))
    landed = land_labels(ModelContext(SPEC_HERE, model), source, day(2), day(2))
    [verdict] = landed.checks.of_check("data_quality")
    assert verdict.verdict == "fail"
    assert verdict.reason.endswith(f"; 1 day without its file: {day(1)}")


def quality(model, name):
    found = model.checks.find(checks={"data_quality"})
    return {item.day: item for item in found if item.subject == name}


def land_without_day_1(model, source, tmp_path, spec=SPEC_HERE):
    """Days 0, 2 and 3, and then the events of day 1."""
    for name, rows in (("events", events_of(2)), ("labels", labels_of(1))):
        put(tmp_path, name, 2, rows)
    with pytest.raises(MissingDayError):
        land_events(ModelContext(spec, model), source, day(1), day(1))
    for number in (0, 2, 3):
        land_events(ModelContext(spec, model), source, day(number), day(number))
        land_labels(ModelContext(spec, model), source, day(number), day(number))
        assert judge_labels_again(ModelContext(spec, model), day(number)) is None
    put(tmp_path, "events", 1, events_of(1))
    land_events(ModelContext(spec, model), source, day(1), day(1))


def test_labels_are_judged_again_when_their_events_have_landed(model, source, tmp_path):
    land_without_day_1(model, source, tmp_path)
    before = quality(model, "labels")
    again = judge_labels_again(ModelContext(SPEC_HERE, model), day(1))
    assert [item.day for item in again.evaluations] == [day(2), day(3)]
    assert {item.verdict for item in again.evaluations} == {"pass"}
    after = quality(model, "labels")
    assert (before[day(2)].verdict, after[day(2)].verdict, after[day(2)].value) == (
        "fail",
        "pass",
        0,
    )
    assert after[day(2)].reason == f"all {len(labels_of(1))} labels meet their constraints"
    assert repr({**after, day(2): 0}) == repr({**before, day(2): 0})
    assert judge_labels_again(ModelContext(SPEC_HERE, model), day(1)) is None


def test_labels_are_judged_again_when_a_corrected_file_has_fewer_events(model, source, tmp_path):
    land_without_day_1(model, source, tmp_path)
    judge_labels_again(ModelContext(SPEC_HERE, model), day(1))
    put(tmp_path, "events", 1, events_of(1).head(6))
    land_events(ModelContext(SPEC_HERE, model), source, day(1), day(1))
    again = judge_labels_again(ModelContext(SPEC_HERE, model), day(1))
    assert again.evaluations[0].verdict == "fail"


def test_labels_that_retention_let_go_stay_as_they_were_judged(model, source, tmp_path):
    retention = {"landing_days": 200, "predictions_days": 200}
    policy = {"window_days": 9, "training_windows": ["recent"]}
    spec = ModelSpec(**merged(SPEC, {"source": BY_DAY, "retention": retention, "policy": policy}))
    land_without_day_1(model, source, tmp_path, spec)
    model.lake.replace_days(
        model.tables.labels, day(0), day(2), model.tables.labels.schema.empty_table()
    )
    assert judge_labels_again(ModelContext(spec, model), day(0)) is None


def test_labels_are_looked_for_from_the_day_on_which_the_first_are_due(source, tmp_path):
    for number in (1, 3):
        (tmp_path / "labels" / f"{day(number)}.csv").unlink()
    said = no_file_at_all(SPEC_HERE, source, day(3))
    assert said.startswith(f"tiny: no day from {day(1)} to {day(3)} has a file of labels")
    assert no_file_at_all(SPEC_HERE, source, day(0)) == ""


def test_many_missing_days_are_named_in_short():
    missing = [{"day": day(number), "file": f"{number}.csv"} for number in range(40)]
    said = about_missing(missing)
    assert said.startswith(f"40 days have no file: {day(0)} 0.csv, {day(1)} 1.csv, ")
    assert said.endswith("9.csv and 30 more; put the files there and run the same command again")
    assert in_short([row["day"] for row in missing]) == (
        f"; 40 days without their files: {day(0)}, {day(1)}, {day(2)} and 37 more"
    )


def test_ranges_end_where_days_differ():
    days = [day(0), day(1), day(2), day(5)]
    assert ranges(days, alike=lambda each: each == day(2)) == [
        (day(0), day(1)),
        (day(2), day(2)),
        (day(5), day(5)),
    ]
