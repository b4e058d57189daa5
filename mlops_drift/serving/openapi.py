"""The OpenAPI document of a service, typed by the descriptions of its models."""

import csv
import io
from importlib.metadata import version as installed

from mlops_drift.serving.description import Description
from mlops_drift.serving.json_schema import (
    ERROR,
    Json,
    format_schemas,
    model_schemas,
    object_of,
    ref,
    rows_of,
)
from mlops_drift.serving.routes.inference_protocol import ACCEPTED, DATATYPES
from mlops_drift.serving.routes.invocations import CSV
from mlops_drift.serving.service import Service
from mlops_drift.serving.web.guard import ID_PATTERN, OPEN

JSON = "application/json"
PREDICTIONS, PROTOCOL, STATE = "predictions", "inference protocol", "state"

_ERRORS = {
    400: "The body or the id cannot be read.",
    401: "The token is missing or wrong.",
    408: "The body came too slowly.",
    413: "The body is too long, or has too many rows.",
    415: "The content type is not accepted.",
    422: "Values are not accepted; `details` lists them.",
    503: "The service cannot answer now.",
}
_REQUEST_ID: Json = {
    "name": "x-request-id",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{ID_PATTERN}$"},
    "description": "Comes back with the answer; made where it is left out.",
}


def document(service: Service) -> Json:
    """The document of what is served now; a model without a version is left out."""
    loaded = [model.current for model in service.models.values() if model.current is not None]
    described = [version.description for version in loaded]
    paths: Json = {}
    schemas: Json = {"Error": ERROR}
    if len(service.models) == len(described) == 1:
        paths |= _scoring(described[0], "", "")
    for one in described:
        paths |= _scoring(one, f"/models/{one.name}", f"{one.name}_") | _protocol(one)
        schemas |= model_schemas(one)
    components: Json = {"schemas": schemas}
    made: Json = {
        "openapi": "3.1.0",
        "info": {"title": "mlops_drift", "version": installed("mlops_drift")},
        "paths": paths | _states(),
        "components": components,
    }
    if service.token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
        for path in OPEN:
            made["paths"][path]["get"]["security"] = []
    return made


def _states() -> Json:
    return {
        "/health": _get("health", "Is the service up?", STATE),
        "/ready": _get("ready", "Can it answer?", STATE),
        "/version": _get("version", "Who serves?", STATE),
        "/metrics": _get("metrics", "Metrics for Prometheus.", STATE, "text/plain"),
        "/v2": _get("server_metadata", "What serves.", PROTOCOL),
        "/v2/health/live": _get("server_live", "Is the service up?", PROTOCOL),
        "/v2/health/ready": _get("server_ready", "Can it answer?", PROTOCOL),
    }


def _scoring(description: Description, path: str, prefix: str) -> Json:
    """The service's own form, and that of MLflow; ids of operations have a prefix."""
    name, example = description.name, description.example
    predict = _post(
        f"{prefix}predict",
        f"{name}: a prediction of each row",
        PREDICTIONS,
        {"anyOf": [ref(f"{name}_row"), ref(f"{name}_rows"), rows_of(name)]},
        {"one row": {"value": example}, "many rows": {"value": {"rows": [example]}}},
        {"anyOf": [ref(f"{name}_prediction"), ref(f"{name}_predictions")]},
    )
    formats: Json = {
        "dataframe_split": {"columns": list(example), "data": [list(example.values())]},
        "dataframe_records": [example],
        "instances": [example],
        "inputs": {column: [value] for column, value in example.items()},
    }
    schemas = format_schemas(description)
    invocations = _post(
        f"{prefix}invocations",
        f"{name}: predictions in the formats of MLflow",
        PREDICTIONS,
        {"oneOf": [object_of({one: schemas[one]}, [one]) for one in formats]},
        {one: {"value": {one: value}} for one, value in formats.items()},
        object_of({"predictions": {"type": "array"}}, ["predictions"]),
    )
    text = io.StringIO()
    csv.writer(text).writerows([list(example), list(example.values())])
    as_text = {"schema": {"type": "string"}, "example": text.getvalue()}
    invocations["requestBody"]["content"][CSV] = as_text
    return {f"{path}/predict": {"post": predict}, f"{path}/invocations": {"post": invocations}}


def _protocol(description: Description) -> Json:
    """The Open Inference Protocol."""
    name, path = description.name, f"/v2/models/{description.name}"
    kinds = {column: DATATYPES[one.type] for column, one in description.source_columns.items()}
    kinds[description.key] = "INT64" if description.key_type == "integer" else "BYTES"
    inputs = [
        {"name": column, "datatype": kinds[column], "shape": [1], "data": [value]}
        for column, value in description.example.items()
    ]
    fields: Json = {
        "name": {"type": "string"},
        "datatype": {"enum": list(ACCEPTED)},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "minItems": 1},
    }
    tensors = {"type": "array", "minItems": 1, "items": object_of(fields, list(fields))}
    answer = {"model_name": {}, "model_version": {}, "id": {}, "outputs": tensors}
    infer = _post(
        f"{name}_infer",
        f"{name}: columns as named tensors",
        PROTOCOL,
        object_of({"inputs": tensors, "id": {"type": "string"}}, ["inputs"]),
        {"one row": {"value": {"inputs": inputs}}},
        object_of(answer, list(answer)),
    )
    return {
        f"{path}/infer": {"post": infer},
        path: _get(f"{name}_metadata", f"What {name} takes and gives.", PROTOCOL),
        f"{path}/ready": _get(f"{name}_ready", f"Can {name} answer?", PROTOCOL),
    }


def _post(operation: str, summary: str, tag: str, body: Json, examples: Json, answer: Json) -> Json:
    errors = {str(status): _answer(text, ref("Error")) for status, text in _ERRORS.items()}
    return {
        "operationId": operation,
        "summary": summary,
        "tags": [tag],
        "parameters": [_REQUEST_ID],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": body, "examples": examples}},
        },
        "responses": {"200": _answer("The answer.", answer), **errors},
    }


def _get(operation: str, summary: str, tag: str, media: str = JSON) -> Json:
    schema = {"type": "object"} if media == JSON else {"type": "string"}
    errors = {
        str(status): _answer(_ERRORS[status], {"type": "object"}) for status in (400, 401, 503)
    }
    responses = {"200": _answer("The answer.", schema, media), **errors}
    about = {"operationId": operation, "summary": summary, "tags": [tag]}
    return {"get": about | {"responses": responses}}


def _answer(text: str, schema: Json, media: str = JSON) -> Json:
    return {"description": text, "content": {media: {"schema": schema}}}
