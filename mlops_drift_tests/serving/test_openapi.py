from dataclasses import replace

import msgspec
import pytest

from mlops_drift.serving.description import ServedTarget, SourceColumn
from mlops_drift.serving.json_schema import row_schema
from mlops_drift.serving.openapi import JSON, document
from mlops_drift.serving.routes.invocations import CSV
from mlops_drift.serving.service import LoadedVersion, ServedModel
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import DESCRIPTION, ROW, Line, Memory, only, served


def references(part):
    """Every reference within a document."""
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def test_a_row_is_typed_by_the_constraints():
    schema = row_schema(DESCRIPTION)
    assert schema["required"] == ["policy_id", "age", "training"]
    found = schema["properties"]
    assert found["age"] == {
        "type": "number",
        "minimum": 10,
        "maximum": 150,
        "description": "In years",
    }
    assert found["training"] == {
        "type": "integer",
        "format": "int64",
        "minimum": 0,
        "maximum": 1,
    }
    assert found["miles"] == {"type": ["number", "null"]}
    assert found["braked"] == {"type": ["boolean", "null"]}
    assert found["region"] == {"type": ["string", "null"], "enum": ["north", "south", None]}
    assert found["policy_id"]["type"] == "integer"
    assert schema["example"] == ROW


def test_a_text_that_is_needed_is_not_blank():
    columns = {"name": SourceColumn("category", nullable=False)}
    schema = row_schema(msgspec.structs.replace(DESCRIPTION, columns=columns))
    assert schema["properties"]["name"] == {"type": "string", "pattern": "[^ \\t\\r\\n]"}


def test_every_example_is_answered_and_every_path_exists():
    service = served()
    client = Client(service)
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/predict", "/models/drivers/predict", "/v2/models/drivers/infer"} <= paths.keys()
    n_examples = 0
    for path, methods in paths.items():
        if "get" in methods:
            assert client.get(path).status_code == 200, path
            continue
        content = methods["post"]["requestBody"]["content"]
        asked = [(one["value"], JSON) for one in content[JSON]["examples"].values()]
        if CSV in content:
            asked.append((content[CSV]["example"].encode(), CSV))
        for body, kind in asked:
            answer = client.post(path, body, kind)
            assert answer.status_code == 200, (path, answer.text)
        n_examples += len(asked)
    assert len(only(service).log.records) == n_examples == 15


def test_operations_are_named_once():
    paths = document(served())["paths"].values()
    names = [operation["operationId"] for methods in paths for operation in methods.values()]
    assert len(set(names)) == len(names) == 14


@pytest.mark.parametrize("token", [None, "secret"])
def test_the_document_is_whole(token):
    found = document(served(token=token))
    named = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert named >= set(references(found)) >= {"#/components/schemas/Error"}
    assert ("security" in found) == (token is not None)
    if token is not None:
        assert found["paths"]["/ready"]["get"]["security"] == []


def test_a_regression_answers_with_a_number():
    description = msgspec.structs.replace(DESCRIPTION, target=ServedTarget("price", "regression"))
    answer = document(served(description))["components"]["schemas"]["drivers_prediction"]
    assert answer["properties"]["prediction"] == {"type": "number"}
    assert "probabilities" not in answer["properties"]


def test_each_of_several_models_has_its_paths():
    service = served()
    prices = msgspec.structs.replace(DESCRIPTION, name="prices")
    model = ServedModel("prices", Memory(), service.metrics.of("prices"))
    model.serve(LoadedVersion(1, prices, Line()))
    found = document(replace(service, models={**service.models, "prices": model}))
    assert {"/models/prices/predict", "/models/drivers/predict"} <= found["paths"].keys()
    assert "/predict" not in found["paths"]
    assert "prices_row" in found["components"]["schemas"]


def test_a_model_without_a_version_is_left_out():
    assert "/predict" not in document(served(loaded=False))["paths"]


def test_the_page_of_the_document_needs_no_other_host():
    client = Client(served())
    page = client.get("/docs").text
    assert "https://" not in page
    assert "http://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200
