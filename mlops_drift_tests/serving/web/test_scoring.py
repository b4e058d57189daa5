import threading
from time import monotonic, sleep

import pytest

from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift.serving.service import Limits, LoadedVersion
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.log.samples import closed
from mlops_drift_tests.serving.service import DESCRIPTION, ROW, Line, Young, only, served


def counted(service, outcome):
    return only(service).metrics.requests[outcome]._value.get()


def many(n):
    return {"rows": [ROW | {"policy_id": number} for number in range(n)]}


def test_nothing_is_answered_that_is_not_recorded():
    service = served()
    only(service).log.is_full = True
    answer = Client(service).post("/predict", ROW)
    assert (answer.status_code, answer.json()["error"]) == (503, "the log cannot be written")
    assert answer.headers["retry-after"] == "1"
    assert counted(service, "unavailable") == 1
    assert "prediction" not in answer.text

    only(service).log.is_full = False
    assert Client(service).post("/predict", ROW).status_code == 200


@pytest.mark.parametrize("is_refused", [False, True])
def test_an_answer_waits_for_the_disk_where_that_is_asked_for(is_refused, caplog):
    service, waited = served(), []

    async def durable():
        waited.append(len(only(service).log.records))
        if is_refused:
            raise LogUnavailable("no disk")

    only(service).durable = durable
    assert Client(service).post("/predict", ROW).status_code == (503 if is_refused else 200)
    assert waited == [1]
    assert [one.getMessage() for one in caplog.records] == ["drivers: no disk"] * is_refused


def test_a_log_whose_folder_is_a_file_answers_again_when_it_is_none(tmp_path, caplog):
    service, place = served(), tmp_path / "log"
    model, client = only(service), Client(service)
    model.log = LogWriter(place, "w1", min_free_mb=1)
    place.touch()
    for _ in range(2):
        assert client.post("/predict", ROW).json()["error"] == "the log cannot be written"
        assert client.get("/ready").status_code == 503
    [told] = [one.getMessage() for one in caplog.records]
    assert told.startswith(f"drivers: the log in {place} cannot be written: File exists; it must")
    place.unlink()
    assert client.get("/ready").status_code == 200
    assert client.post("/predict", ROW).status_code == 200
    model.log.close()
    assert len(closed(place)) == 1


def test_without_a_version_there_is_no_answer():
    service = served(loaded=False)
    answer = Client(service).post("/predict", ROW)
    assert (answer.status_code, answer.json()["error"]) == (503, "no version is loaded")
    assert counted(service, "unavailable") == 1


@pytest.mark.parametrize("n", [1, 100], ids=["at once", "in a thread"])
def test_a_failing_model_is_an_error_without_internals(n, caplog):
    service = served()
    only(service).current.scorer.fails = True
    answer = Client(service).post("/predict", many(n))
    assert answer.status_code == 503
    assert answer.json()["error"] == "the model failed to answer; try again"
    assert "/secret/path" in caplog.text
    assert counted(service, "error") == 1
    assert only(service).log.records == []


def test_rules_answer_for_a_failing_model():
    service = served(rules=Young())
    only(service).current.scorer.fails = True
    answer = Client(service).post("/predict", ROW)
    assert (answer.status_code, answer.json()["reason"]) == (200, "error")
    assert counted(service, "ok") == 1


@pytest.mark.parametrize("rules", [None, Young()], ids=["no rules", "rules"])
def test_what_is_not_scored_in_time_is_answered_by_rules_or_not_at_all(rules):
    service = served(limits=Limits(scoring_seconds=0.02), kind="pipeline", rules=rules)
    scorer = only(service).current.scorer
    scorer.waits.clear()
    try:
        answer = Client(service).post("/predict", ROW)
    finally:
        scorer.waits.set()
    if rules is None:
        assert answer.status_code == 503
        assert counted(service, "error") == 1
    else:
        assert answer.json()["reason"] == "timeout"


def test_rows_beyond_the_limit_are_not_read():
    service = served(limits=Limits(rows=100))
    client = Client(service)
    assert client.post("/predict", many(100)).status_code == 200
    answer = client.post("/predict", many(101))
    assert answer.status_code == 413
    assert answer.json()["error"] == "the request has 101 rows; send at most 100"
    assert counted(service, "invalid") == 1


def test_more_requests_than_can_be_under_way_are_asked_to_come_again():
    service = served(limits=Limits(in_flight=2), kind="pipeline")
    scorer = only(service).current.scorer
    scorer.waits.clear()

    def release():
        deadline = monotonic() + 20
        while counted(service, "overloaded") < 3 and monotonic() < deadline:
            sleep(0.001)
        scorer.waits.set()

    thread = threading.Thread(target=release)
    thread.start()
    answers = Client(service).ask_at_once([("POST", "/predict", {"json": ROW})] * 5)
    thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert service.metrics.in_flight.labels("drivers")._value.get() == 0


def test_a_request_is_answered_by_one_version_whichever_is_loaded_meanwhile():
    service = served(kind="pipeline")
    model = only(service)
    first = model.current.scorer
    first.waits.clear()

    class Later(Line):
        def score(self, rows):
            return [one._replace(prediction="yes") for one in super().score(rows)]

    def swap():
        while not first.is_asked:
            sleep(0.001)
        model.serve(LoadedVersion(4, DESCRIPTION, Later()))
        first.waits.set()

    client = Client(service)
    thread = threading.Thread(target=swap)
    thread.start()
    answer = client.post("/predict", many(3)).json()
    thread.join()
    assert (answer["version"], {one["prediction"] for one in answer["predictions"]}) == (3, {"no"})
    assert model.log.records[0].version == 3
    assert client.post("/predict", ROW).json()["version"] == 4


def test_ignored_columns_are_counted():
    service = served()
    Client(service).post("/predict", [ROW | {"a": 1, "b": 2}, ROW | {"policy_id": 8, "a": 1}])
    assert only(service).metrics.ignored._value.get() == 2
