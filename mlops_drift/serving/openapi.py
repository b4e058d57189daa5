"""The OpenAPI document of a service, typed by the descriptions of its models."""

from collections.abc import Mapping
from importlib.metadata import version as installed
from typing import Any

from mlops_drift.serving.description import Description, SourceColumn
from mlops_drift.serving.routes.inference_protocol import ACCEPTED, DATATYPES
from mlops_drift.serving.rows import EVENT_TIME
from mlops_drift.serving.service import LoadedVersion, Service
from mlops_drift.serving.values import key_column
from mlops_drift.serving.web.guard import ID_PATTERN, OPEN

Json = dict[str, Any]

_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "category": "string"}
_LEAST, _MOST = -(2**63), 2**63 - 1
# A text that is missing where only blanks are in it.
_NOT_BLANK = "[^ \\t\\r\\n]"
_ERRORS = {
    400: "The body cannot be read.",
    401: "The token is missing or wrong.",
    408: "The body came too slowly.",
    413: "The body is too long, or has too many rows.",
    415: "The content type is not accepted.",
    422: "Values are not accepted; `details` lists them.",
    503: "The service cannot answer now.",
}


def document(service: Service) -> Json:
    """The document of what is served now; a model without a version is left out."""
    versions = [model.current for model in service.models.values() if model.current is not None]
    schemas: Json = {"Error": _ERROR}
    paths: Json = {}
    for version in versions:
        name = version.description.name
        schemas |= _schemas(version.description)
        paths |= _scoring(version, f"/models/{name}")
        paths[f"/v2/models/{name}/infer"] = {"post": _infer(version.description)}
        paths[f"/v2/models/{name}"] = _get(f"What {name} takes and gives.", "inference protocol")
        paths[f"/v2/models/{name}/ready"] = _get(f"Can {name} answer?", "inference protocol")
    if len(service.models) == len(versions) == 1:
        paths = _scoring(versions[0], "") | paths
    paths |= {
        "/health": _get("Is the service up?", "state"),
        "/ready": _get("Can it answer?", "state"),
        "/version": _get("Who serves?", "state"),
        "/metrics": _get("Metrics for Prometheus.", "state", "text/plain"),
        "/v2": _get("What serves.", "inference protocol"),
        "/v2/health/live": _get("Is the service up?", "inference protocol"),
        "/v2/health/ready": _get("Can it answer?", "inference protocol"),
    }
    components: Json = {"schemas": schemas}
    made: Json = {
        "openapi": "3.1.0",
        "info": {"title": "mlops_drift", "version": installed("mlops_drift")},
        "paths": paths,
        "components": components,
    }
    if service.token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
        for path in OPEN & paths.keys():
            paths[path]["get"]["security"] = []
    return made


def row_schema(description: Description) -> Json:
    """JSON Schema of a row of a request."""
    key = _value(key_column(description.key_type)) | {"description": "Identifies the event."}
    columns = description.source_columns
    properties = {description.key: key}
    properties |= {name: _value(column) for name, column in columns.items()}
    properties[EVENT_TIME] = {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the event happened, with its time zone; now where it is left out.",
    }
    needed = [name for name, column in columns.items() if not column.nullable]
    return {
        "type": "object",
        "properties": properties,
        "required": [description.key, *needed],
        "description": "Further columns are ignored.",
        "example": description.example,
    }


def _value(column: SourceColumn) -> Json:
    kind = _TYPES[column.type]
    schema: Json = {"type": [kind, "null"] if column.nullable else kind}
    if column.type == "integer":
        schema |= {"minimum": _LEAST, "maximum": _MOST}
    if column.min is not None:
        schema["minimum"] = column.min
    if column.max is not None:
        schema["maximum"] = column.max
    if column.allowed is not None:
        schema["enum"] = [*column.allowed, *([None] if column.nullable else [])]
    elif column.type == "category" and not column.nullable:
        schema["pattern"] = _NOT_BLANK
    if column.description:
        schema["description"] = column.description
    return schema


def _schemas(description: Description) -> Json:
    name, target = description.name, description.target
    prediction: Json = {"type": "number"}
    if target.classes is not None:
        prediction = {"type": "string", "enum": list(target.classes)}
    answer: Json = {
        "key": _value(key_column(description.key_type)),
        "prediction": prediction,
        "served_by": {"type": "string", "enum": ["MODEL", "RULES"]},
        "score": {"type": "number", "description": _score(description)},
        "reason": {"type": "string", "description": "Why the rules answered."},
    }
    if target.classes is not None:
        of_class = {one: {"type": "number", "minimum": 0, "maximum": 1} for one in target.classes}
        answer["probabilities"] = {"type": "object", "properties": of_class}
    answered = ["key", "prediction", "served_by"]
    who = {
        "model": {"type": "string"},
        "version": {"type": "integer"},
        "request_id": {"type": "string"},
    }
    many = {"type": "array", "items": _object(answer, answered)}
    return {
        f"{name}_row": row_schema(description),
        f"{name}_rows": _object({"rows": _rows(name)}, ["rows"]) | {"additionalProperties": False},
        f"{name}_prediction": _object(who | answer, [*who, *answered]),
        f"{name}_predictions": _object(who | {"predictions": many}, [*who, "predictions"]),
    }


def _score(description: Description) -> str:
    match description.target.kind:
        case "binary":
            return f"Probability of {description.target.positive}."
        case "multiclass":
            return "The largest probability."
        case "regression":
            return "The number that is predicted."


def _scoring(version: LoadedVersion, prefix: str) -> Json:
    description = version.description
    name, example = description.name, description.example
    body = {"anyOf": [_ref(f"{name}_row"), _ref(f"{name}_rows"), _rows(name)]}
    examples = {
        "one row": {"value": example},
        "many rows": {"value": {"rows": [example]}},
    }
    one_or_many = {"anyOf": [_ref(f"{name}_prediction"), _ref(f"{name}_predictions")]}
    predict = _post(f"{name}: a prediction of each row", "predictions", body, examples, one_or_many)
    columns, values = list(example), list(example.values())
    formats: Json = {
        "dataframe_split": {"columns": columns, "data": [values]},
        "dataframe_records": [example],
        "instances": [example],
        "inputs": {column: [value] for column, value in example.items()},
    }
    schemas = _formats(description)
    invocations = _post(
        f"{name}: predictions in the formats of MLflow",
        "predictions",
        {"oneOf": [_object({one: schemas[one]}, [one]) for one in formats]},
        {one: {"value": {one: value}} for one, value in formats.items()},
        _object({"predictions": {"type": "array"}}, ["predictions"]),
    )
    return {f"{prefix}/predict": {"post": predict}, f"{prefix}/invocations": {"post": invocations}}


def _formats(description: Description) -> Json:
    """The formats of MLflow; of lists of values JSON Schema cannot say that they are as long."""
    row, key = row_schema(description), description.key
    row["required"] = [name for name in row["required"] if name != key]
    kind = row["properties"][key]["type"]
    row["properties"][key] = {"type": [kind, "null"], "description": "Made where it is left out."}
    records = {"type": "array", "items": row, "minItems": 1}
    values = {"type": "array", "minItems": 1}
    inputs = {name: values | {"items": value} for name, value in row["properties"].items()}
    split = {
        "columns": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "data": values | {"items": {"type": "array"}},
    }
    return {
        "dataframe_split": _object(split, list(split)),
        "dataframe_records": records,
        "instances": records,
        "inputs": _object(inputs, row["required"]),
    }


def _infer(description: Description) -> Json:
    kinds = {name: DATATYPES[column.type] for name, column in description.source_columns.items()}
    kinds[description.key] = "INT64" if description.key_type == "integer" else "BYTES"
    inputs = [
        {"name": name, "datatype": kinds[name], "shape": [1], "data": [value]}
        for name, value in description.example.items()
    ]
    fields: Json = {
        "name": {"type": "string"},
        "datatype": {"enum": list(ACCEPTED)},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "minItems": 1},
    }
    tensors = {"type": "array", "minItems": 1, "items": _object(fields, list(fields))}
    answer = _object(
        {"model_name": {}, "model_version": {}, "id": {}, "outputs": tensors},
        ["model_name", "model_version", "outputs"],
    )
    return _post(
        f"{description.name}: columns as named tensors",
        "inference protocol",
        _object({"inputs": tensors, "id": {"type": "string"}}, ["inputs"]),
        {"one row": {"value": {"inputs": inputs}}},
        answer,
    )


def _post(summary: str, tag: str, body: Json, examples: Json, answer: Json) -> Json:
    content = {"application/json": {"schema": body, "examples": examples}}
    errors = {str(status): _answer(text, _ref("Error")) for status, text in _ERRORS.items()}
    return {
        "summary": summary,
        "tags": [tag],
        "parameters": [
            {
                "name": "x-request-id",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": f"^{ID_PATTERN}$"},
                "description": "Comes back with the answer; made where it is left out.",
            }
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {"200": _answer("The answer.", answer), **errors},
    }


def _get(summary: str, tag: str, media: str = "application/json") -> Json:
    schema = {"type": "object"} if media == "application/json" else {"type": "string"}
    errors = {
        str(status): _answer(_ERRORS[status], {"type": "object"}) for status in (400, 401, 503)
    }
    responses = {"200": _answer("The answer.", schema, media), **errors}
    return {"get": {"summary": summary, "tags": [tag], "responses": responses}}


def _answer(text: str, schema: Json, media: str = "application/json") -> Json:
    return {"description": text, "content": {media: {"schema": schema}}}


def _object(properties: Mapping[str, Any], required: list[str]) -> Json:
    return {"type": "object", "properties": dict(properties), "required": required}


def _rows(name: str) -> Json:
    return {"type": "array", "items": _ref(f"{name}_row"), "minItems": 1}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_ERROR = _object(
    {
        "error": {"type": "string", "description": "What is wrong, and what would be right."},
        "details": {
            "type": "array",
            "items": _object(
                {
                    "row": {"type": "integer"},
                    "column": {"type": ["string", "null"]},
                    "value": {"type": ["string", "null"]},
                    "expected": {"type": "string"},
                },
                ["row", "column", "value", "expected"],
            ),
        },
    },
    ["error", "details"],
)
