from dataclasses import replace

import msgspec
import pytest

from mlops_drift.serving.description import ServedTarget
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.service import LoadedVersion, ServedModel
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import (
    DESCRIPTION,
    NOW,
    ROW,
    Line,
    Memory,
    Young,
    only,
    served,
)

OTHER = ROW | {"policy_id": 8, "age": 80}


@pytest.fixture
def service():
    return served()


def test_a_bare_row_gets_one_prediction(service):
    answer = Client(service).post("/predict", ROW, x_request_id="abc-1")
    assert answer.status_code == 200
    assert answer.json() == {
        "key": 7,
        "prediction": "no",
        "served_by": "MODEL",
        "score": 0.2,
        "probabilities": {"no": 0.8, "yes": 0.2},
        "model": "drivers",
        "version": 3,
        "request_id": "abc-1",
    }


@pytest.mark.parametrize("body", [{"rows": [ROW, OTHER]}, [ROW, OTHER]], ids=["rows", "list"])
@pytest.mark.parametrize("path", ["/predict", "/models/drivers/predict"])
def test_rows_get_predictions_in_their_order(service, body, path):
    answer = Client(service).post(path, body).json()
    assert {name: answer[name] for name in ("model", "version")} == {
        "model": "drivers",
        "version": 3,
    }
    assert [(one["key"], one["prediction"]) for one in answer["predictions"]] == [
        (7, "no"),
        (8, "yes"),
    ]


def test_what_is_answered_is_recorded_first(service):
    answer = Client(service).post("/predict", {"rows": [ROW, OTHER]}).json()
    [record] = only(service).log.records
    assert (record.id, record.time, record.version) == (answer["request_id"], NOW, 3)
    assert [row.key for row in record.rows] == [7, 8]
    assert record.rows[1].model == ModelAnswer("yes", 0.4, (0.6, 0.4))
    assert record.rows[0].row["miles"] is None


def test_rules_answer_without_the_numbers_of_the_model():
    service = served(rules=Young())
    answer = Client(service).post("/predict", {"rows": [ROW | {"age": 12}, OTHER | {"age": 90}]})
    early, unsure = answer.json()["predictions"]
    assert early == {
        "key": 7,
        "prediction": "yes",
        "served_by": "RULES",
        "reason": "too_young",
    }
    assert unsure["reason"] == "low_probability"
    assert only(service).log.records[0].rows[1].model is not None


def test_a_regression_has_no_probabilities():
    class Price(Line):
        def score(self, rows):
            return [
                one._replace(prediction=1.5, score=1.5, probabilities=None)
                for one in super().score(rows)
            ]

    target = ServedTarget("price", "regression")
    service = served(msgspec.structs.replace(DESCRIPTION, target=target), loaded=False)
    description = msgspec.structs.replace(DESCRIPTION, target=target)
    only(service).serve(LoadedVersion(1, description, Price()))
    answer = Client(service).post("/predict", ROW).json()
    assert (answer["prediction"], answer["score"]) == (1.5, 1.5)
    assert "probabilities" not in answer


def test_several_models_are_asked_by_name(service):
    other = ServedModel("prices", Memory(), service.metrics.of("prices"))
    other.serve(LoadedVersion(9, msgspec.structs.replace(DESCRIPTION, name="prices"), Line()))
    client = Client(replace(service, models={**service.models, "prices": other}))
    assert client.post("/models/prices/predict", ROW).json()["version"] == 9
    assert client.post("/models/drivers/predict", ROW).json()["version"] == 3
    assert client.post("/predict", ROW).status_code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"rows": []}, "the request has no rows; send at least one"),
        ([], "the request has no rows; send at least one"),
        ({"rows": "x"}, "rows should be a list of rows"),
        ({"rows": [ROW], "age": 7}, "beside rows stands age; write it into the rows"),
        (7, "the body should be a row, as an object, or a list of rows"),
        ("x", "the body should be a row, as an object, or a list of rows"),
        (None, "the body should be a row, as an object, or a list of rows"),
        ({}, "3 values are wrong; the first: row 0: policy_id is missing; it should be an integer"),
    ],
)
def test_other_bodies_are_not_accepted(service, body, message):
    answer = Client(service).post("/predict", body)
    assert (answer.status_code, answer.json()["error"]) == (422, message)
    assert only(service).log.records == []


def test_faults_are_listed(service):
    answer = Client(service).post("/predict", {"rows": [ROW, OTHER | {"age": 7}]})
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "row 1: age is 7; it should be a number between 10 and 150",
        "details": [
            {"row": 1, "column": "age", "value": "7", "expected": "a number between 10 and 150"}
        ],
    }


def test_of_a_name_that_stands_twice_the_last_value_counts_and_is_recorded(service):
    twice = b'{"policy_id": 7, "age": 40, "training": 1, "age": 90}'
    assert Client(service).post("/predict", twice).json()["score"] == 0.45
    assert only(service).log.records[0].rows[0].row["age"] == 90


def test_a_column_may_be_called_rows():
    columns = {**DESCRIPTION.columns, "rows": DESCRIPTION.columns["miles"]}
    service = served(msgspec.structs.replace(DESCRIPTION, columns=columns))
    client = Client(service)
    assert client.post("/predict", ROW | {"rows": 5}).status_code == 200
    assert client.post("/predict", {"rows": [ROW | {"rows": 5}]}).status_code == 200
