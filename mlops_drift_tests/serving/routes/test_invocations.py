import msgspec
import pytest

from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import DESCRIPTION, ROW, only, served

NAMES = ["policy_id", "age", "training"]
DATA = [[7, 40, 1], [8, 80, 0]]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in DATA]
FORMATS = [
    {"dataframe_split": {"columns": NAMES, "data": DATA, "index": [0, 1]}},
    {"dataframe_records": RECORDS},
    {"instances": RECORDS},
    {
        "inputs": {
            name: list(values) for name, values in zip(NAMES, zip(*DATA, strict=True), strict=True)
        }
    },
    {"dataframe_records": RECORDS, "params": {"x": 1}},
]


@pytest.fixture
def service():
    return served()


def asked(service, body, kind="application/json"):
    return Client(service).post("/invocations", body, kind)


@pytest.mark.parametrize("body", FORMATS, ids=lambda body: next(iter(body)))
def test_every_format_of_mlflow_is_read(service, body):
    assert asked(service, body).json() == {"predictions": ["no", "yes"]}
    [record] = only(service).log.records
    assert [(row.key, row.row["age"]) for row in record.rows] == [(7, 40.0), (8, 80.0)]


def test_the_lines_of_a_text_are_typed_as_they_would_land(service):
    lines = [
        b"\xef\xbb\xbfpolicy_id,age,training,region,note,braked",
        b'7, 40 ,1.0,north,"a, b",yes',
        b"8,8e1,0,,,",
        b"",
    ]
    text = b"\r\n".join(lines)
    assert asked(service, text, "text/csv; charset=utf-8").json() == {"predictions": ["no", "yes"]}
    first, second = only(service).log.records[0].rows
    assert first.row == {
        "age": 40.0,
        "training": 1,
        "miles": None,
        "braked": True,
        "region": "north",
        "note": "a, b",
    }
    assert second.row["region"] is None


def test_a_key_that_is_left_out_is_made_and_recorded(service):
    rows = [{"age": 40, "training": 1}, {"age": 80, "training": 1}]
    assert asked(service, {"instances": rows}).status_code == 200
    first, second = (row.key for row in only(service).log.records[0].rows)
    assert isinstance(first, int)
    assert first != second

    texts = served(msgspec.structs.replace(DESCRIPTION, key="name", key_type="text"))
    assert asked(texts, {"instances": rows}).status_code == 200
    assert isinstance(only(texts).log.records[0].rows[0].key, str)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, "one of dataframe_split"),
        ([ROW], "one of dataframe_split"),
        ({"inputs": {}, "instances": []}, "found instances and inputs"),
        ({"dataframe_split": {"columns": NAMES}}, "data is missing"),
        ({"dataframe_split": []}, "dataframe_split should be an object"),
        ({"dataframe_split": {"columns": NAMES, "data": [[1]]}}, "row 0 should be a list of 3"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "each of them once"),
        ({"dataframe_split": {"columns": [[1]], "data": []}}, "each of them once"),
        ({"inputs": {"age": 40}}, "age should be a list of values"),
        ({"inputs": {"age": [40], "training": []}}, "the same number of values"),
        ({"inputs": [1]}, "inputs should be an object"),
        ({"instances": [[1, 2]]}, "an object of column names to values"),
        ({"instances": []}, "no rows"),
        ({"inputs": {}}, "no rows"),
        ({"dataframe_records": [{"age": "40", "training": 1}]}, 'age is "40"'),
    ],
)
def test_other_bodies_are_not_accepted(service, body, found):
    answer = asked(service, body)
    assert answer.status_code == 422
    assert found in answer.json()["error"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"", 422),
        (b"age,training\n", 422),
        (b"age,training\n40\n", 422),
        (b"age,training\n40,1,2\n", 422),
        (b"age,age\n40,1\n", 422),
        (b"age,training\nforty,1\n", 422),
        (b'age,training\n"40,1\n', 400),
        (b"age,training\n\xff,1\n", 400),
        (b"age,training\n40\x00,1\n", 422),
    ],
)
def test_other_texts_are_not_accepted(service, text, status):
    assert asked(service, text, "text/csv").status_code == status
