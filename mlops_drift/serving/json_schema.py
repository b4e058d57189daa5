"""JSON Schema of what a model takes and answers, typed by its description."""

from collections.abc import Mapping
from typing import Any

from mlops_drift.serving.description import Description, SourceColumn
from mlops_drift.serving.rows import EVENT_TIME
from mlops_drift.serving.values import key_column

Json = dict[str, Any]

_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "category": "string"}
# A text that is missing where only blanks are in it.
_NOT_BLANK = "[^ \\t\\r\\n]"


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
        schema["format"] = "int64"
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


def model_schemas(description: Description) -> Json:
    """The named schemas of a model: of a row, of rows, and of the answers to them."""
    name, target = description.name, description.target
    example_key = description.example[description.key]
    prediction: Json = {"type": "number"}
    if target.classes is not None:
        prediction = {"type": "string", "enum": list(target.classes)}
    answer: Json = {
        "key": _value(key_column(description.key_type)) | {"example": example_key},
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
    many = {"type": "array", "items": object_of(answer, answered)}
    return {
        f"{name}_row": row_schema(description),
        f"{name}_rows": object_of({"rows": rows_of(name)}, ["rows"])
        | {"additionalProperties": False},
        f"{name}_prediction": object_of(who | answer, [*who, *answered]),
        f"{name}_predictions": object_of(who | {"predictions": many}, [*who, "predictions"]),
    }


def _score(description: Description) -> str:
    match description.target.kind:
        case "binary":
            return f"Probability of {description.target.positive}."
        case "multiclass":
            return "The largest probability."
        case "regression":
            return "The number that is predicted."


def format_schemas(description: Description) -> Json:
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
        "dataframe_split": object_of(split, list(split)),
        "dataframe_records": records,
        "instances": records,
        "inputs": object_of(inputs, row["required"]),
    }


def object_of(properties: Mapping[str, Any], required: list[str]) -> Json:
    """An object with properties, of which some are required."""
    return {"type": "object", "properties": dict(properties), "required": required}


def rows_of(name: str) -> Json:
    """A list of rows of a model."""
    return {"type": "array", "items": ref(f"{name}_row"), "minItems": 1}


def ref(name: str) -> Json:
    """A named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


ERROR = object_of(
    {
        "error": {"type": "string", "description": "What is wrong, and what would be right."},
        "details": {
            "type": "array",
            "items": object_of(
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
