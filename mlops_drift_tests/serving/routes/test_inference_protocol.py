import pytest

from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import Young, only, served

INFER = "/v2/models/drivers/infer"


def tensor(name, data, datatype="FP64", shape=None):
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def body(**more):
    columns = [tensor("age", [40.0, 80.0]), tensor("training", [[1], [0]], "INT64", [2, 1])]
    return {"inputs": columns} | more


@pytest.fixture
def service():
    return served()


def test_columns_are_tensors_and_so_is_the_answer(service):
    answer = Client(service).post(INFER, body(id="mine")).json()
    outputs = {one.pop("name"): one for one in answer.pop("outputs")}
    assert answer == {"model_name": "drivers", "model_version": "3", "id": "mine"}
    assert outputs == {
        "prediction": {"datatype": "BYTES", "shape": [2], "data": ["no", "yes"]},
        "score": {"datatype": "FP64", "shape": [2], "data": [0.2, 0.4]},
        "probabilities": {"datatype": "FP64", "shape": [2, 2], "data": [0.8, 0.2, 0.6, 0.4]},
        "served_by": {"datatype": "BYTES", "shape": [2], "data": ["MODEL", "MODEL"]},
    }


def test_texts_truths_and_keys_are_read_as_well(service):
    inputs = [
        *body()["inputs"],
        tensor("policy_id", [7, 8], "INT64"),
        tensor("region", ["north", None], "BYTES"),
        tensor("braked", [True, False], "BOOL"),
    ]
    assert Client(service).post(INFER, {"inputs": inputs}).status_code == 200
    first, second = only(service).log.records[0].rows
    assert (first.key, first.row["region"], first.row["braked"]) == (7, "north", True)
    assert (second.key, second.row["region"]) == (8, None)


def test_numbers_are_null_where_the_model_gave_none():
    service = served(rules=Young())
    only(service).current.scorer.fails = True
    inputs = [tensor("age", [12.0, 40.0]), tensor("training", [1, 1], "INT64")]
    answer = Client(service).post(INFER, {"inputs": inputs}).json()
    outputs = {one["name"]: one["data"] for one in answer["outputs"]}
    assert outputs == {
        "prediction": ["yes", "yes"],
        "score": [None, None],
        "probabilities": [None, None, None, None],
        "served_by": ["RULES", "RULES"],
    }


def test_only_what_is_asked_for_is_answered(service):
    answer = Client(service).post(INFER, body(outputs=[{"name": "score"}])).json()
    assert [one["name"] for one in answer["outputs"]] == ["score"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "inputs is missing"),
        ([], "an object with inputs"),
        ({"inputs": {}}, "inputs should be a list"),
        ({"inputs": [7]}, "inputs[0] should be an object"),
        ({"inputs": []}, "no rows"),
        ({"inputs": [{"name": "age"}]}, "datatype should be one of"),
        ({"inputs": [tensor("age", [1], "COMPLEX")]}, "datatype should be one of"),
        ({"inputs": [tensor("age", [1], ["FP64"])]}, "datatype should be one of"),
        ({"inputs": [tensor("age", [1, 2], shape=[3])]}, "shape should be [2] or [2, 1]"),
        ({"inputs": [tensor("age", [1]), tensor("age", [1])]}, "age is given twice"),
        ({"inputs": [tensor("age", [1]), tensor("training", [1, 2])]}, "the same number"),
        ({"inputs": [tensor(7, [1])]}, "name should be"),
        (body(outputs=[{"name": "loss"}]), "outputs should name some of"),
        (body(outputs=[7]), "outputs should name some of"),
        (body(outputs=7), "outputs should name some of"),
        ({"inputs": [tensor("age", ["x"], "BYTES"), tensor("training", [1])]}, 'age is "x"'),
    ],
)
def test_other_bodies_are_not_accepted(service, asked, found):
    answer = Client(service).post(INFER, asked)
    assert answer.status_code == 422
    assert found in answer.json()["error"]


def test_a_model_says_what_it_takes_and_gives(service):
    client = Client(service)
    said = client.get("/v2/models/drivers").json()
    assert (said["name"], said["versions"]) == ("drivers", ["3"])
    assert {one["name"]: one["datatype"] for one in said["inputs"]} == {
        "policy_id": "INT64",
        "age": "FP64",
        "training": "INT64",
        "miles": "FP64",
        "braked": "BOOL",
        "region": "BYTES",
        "note": "BYTES",
        "event_time": "BYTES",
    }
    answered = client.post(INFER, body()).json()["outputs"]
    assert [one["name"] for one in said["outputs"]] == [one["name"] for one in answered]
    assert [one["datatype"] for one in said["outputs"]] == [one["datatype"] for one in answered]
