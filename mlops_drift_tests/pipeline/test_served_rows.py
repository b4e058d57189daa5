"""Features and predictions of served days are those of the log, each of the row that landed."""

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.monitoring import measure_drift
from mlops_drift.pipeline.scoring import Served
from mlops_drift.pipeline.served_rows import predict_days
from mlops_drift.serving.records import ModelAnswer
from mlops_drift_tests.pipeline.place import day, write
from mlops_drift_tests.pipeline.service_place import Service, moment
from mlops_drift_tests.pipeline.watched import N, Watched, events

DERIVED = {
    "columns": {
        "a": {"nullable": True},
        "n": {"type": "integer"},
        "t": {"type": "boolean"},
        "c": {"type": "category"},
        "made": {"type": "number", "derived": True},
    },
    "inputs": {"x": {"type": "number"}},
    "features_sql": "SELECT id, x * 10 AS made FROM events",
}
YES, NO = ModelAnswer("yes", 0.7, (0.3, 0.7)), ModelAnswer("no", 0.1, (0.9, 0.1))


@pytest.fixture
def service(tmp_path):
    write(tmp_path, [])
    return Service(tmp_path, **DERIVED)


def features_of(service, number=2):
    service.place.land(number)
    make_features(service.model, day(number), day(number))
    table = service.place.model.tables.features
    rows = service.place.model.lake.read(table).sort_by("id").to_pylist()
    return [{name: row[name] for name in ("id", *service.place.spec.columns)} for row in rows]


def predictions(service):
    table = service.place.model.tables.predictions
    return service.place.model.lake.read(table).sort_by("id").to_pylist()


def test_features_are_those_that_the_version_was_given(service):
    given = {"a": 1 / 3, "b": -0.1, "c": "é'\"", "n": 2**53 + 1, "t": False, "made": 5e-324}
    service.answer("s1", moment(2, 1), features=given)
    service.answer("s2", moment(2, 2), features=dict.fromkeys(given))
    assert features_of(service) == [
        {"id": "s1", **given},
        {"id": "s2", **dict.fromkeys(given)},
    ]


def test_features_that_the_log_does_not_have_are_made_as_those_of_a_file(service):
    given = {"a": 1.5, "b": 1.0, "c": "x", "n": 1, "t": True, "made": 99.0}
    service.answer("s1", moment(2, 1), features=given, x=2.0, a=1.5, n=1, t=True, c="x")
    service.answer("s2", moment(2, 2), features=None, x=3.0, a=2.5, n=2, t=False, c="y")
    without = {name: given[name] for name in ("a", "b", "n", "t", "c")}
    service.answer("s3", moment(2, 3), features=without, x=4.0, a=1.5, n=1, t=True, c="x")
    assert features_of(service) == [
        {"id": "s1", **given},
        {"id": "s2", "a": 2.5, "b": 1.0, "c": "y", "n": 2, "t": False, "made": 30.0},
        {"id": "s3", **given, "made": 40.0},
    ]


def test_what_was_given_is_of_the_row_that_landed(service):
    given = {"a": 1.5, "b": 1.0, "c": "x", "n": 1, "t": True, "made": 1.0}
    # The first one breaks a constraint, and the last one comes when the key is taken.
    service.answer("s1", moment(2), moment(2, 1), features={**given, "made": 0.0}, n=0.5, version=1)
    service.answer("s1", moment(2), moment(2, 2), features=given, model=YES, version=1)
    service.answer(
        "s1", moment(2), moment(2, 3), features={**given, "made": 2.0}, model=NO, version=1
    )
    assert features_of(service) == [{"id": "s1", **given}]
    assert predict_days(service.model, day(2), day(2)) == Served(1, 1, (1,))
    service.answer("s1", moment(2), moment(2, 0), features={**given, "made": 3.0}, model=NO)
    service.place.land(3)
    assert features_of(service, 4) == [{"id": "s1", **given}]


def test_predictions_are_the_answers_of_the_versions_whoever_answered(service):
    service.answer("s1", moment(2, 1), model=YES, version=3)
    service.answer("s2", moment(2, 2), model=NO, version=4)
    # The rules answered, of the first the version too.
    service.answer("s3", moment(2, 3), version=4)
    service.answer("s4", moment(2, 4))
    service.place.land(2)
    assert predict_days(service.model, day(2), day(2)) == Served(2, 2, (3, 4))
    assert predictions(service) == [
        {
            "day": day(2),
            "version": 3,
            "id": "s1",
            "prediction": "yes",
            "score": 0.7,
            "probabilities": [0.3, 0.7],
        },
        {
            "day": day(2),
            "version": 4,
            "id": "s2",
            "prediction": "no",
            "score": 0.1,
            "probabilities": [0.9, 0.1],
        },
    ]


def test_a_request_that_is_sent_again_under_its_id_takes_nothing_from_the_first(service):
    given = {"a": 1.5, "b": 1.0, "c": "x", "n": 1, "t": True, "made": 1.0}
    for second in range(3):
        service.answer(
            "s1", moment(2), moment(2, second), features=given, model=YES, version=1, name="again"
        )
    assert features_of(service) == [{"id": "s1", **given}]
    assert predict_days(service.model, day(2), day(2)) == Served(1, 1, (1,))


def test_predictions_are_written_once(service):
    service.answer("s1", moment(2, 5), model=YES, version=3)
    service.place.land(2)
    predict_days(service.model, day(2), day(2))
    assert predict_days(service.model, day(2), day(2)) == Served(1, 0, (3,))
    # A request that was earlier, and came later, becomes the event; what was served stays.
    service.answer("s1", moment(2, 5), moment(2, 1), model=NO, version=3)
    service.answer("s2", moment(2, 5), model=NO, version=3)
    service.place.land(2)
    assert predict_days(service.model, day(2), day(2)) == Served(2, 1, (3,))
    assert [(row["id"], row["prediction"]) for row in predictions(service)] == [
        ("s1", "yes"),
        ("s2", "no"),
    ]


def test_days_without_an_answer_or_before_the_service_need_no_version(service):
    assert predict_days(service.model, day(2), day(4)) == Served(0, 0, ())
    assert predict_days(service.model, day(0), day(1)) == Served(0, 0, ())
    assert predict_days(service.model, day(0), day(4)) == Served(0, 0, ())


@pytest.fixture
def swapped(memory_lake):
    """A day whose first half the champion of the day before has answered, and its labels."""
    watched = Watched(memory_lake)
    watched.promote(1, on=0)
    watched.promote(2, on=1)
    first, second = events(2).iloc[: N // 4], events(2).iloc[N // 4 :]
    watched._put(watched.tables.features, first, second)
    watched._put(watched.tables.predictions, first.assign(version=1), second.assign(version=2))
    watched.arrive(3, first, second)
    return watched


def test_on_a_day_of_two_versions_the_drift_is_that_of_the_champion_of_the_day(swapped):
    model = ModelContext(swapped.spec, swapped.model)
    drift = measure_drift(model, day(2), day(2)).context.drift(day(2))
    assert drift.champion.version == 2
    profile = drift.windows[1]
    assert (profile["a"].n, profile["score"].n) == (N, N - N // 4)


def test_on_a_day_of_two_versions_each_has_its_own_performance(swapped):
    found = swapped.measure(3).of_check("performance_drop")
    assert {(item.version, item.window, item.n) for item in found} >= {
        (1, 1, N // 4),
        (2, 1, N - N // 4),
    }
