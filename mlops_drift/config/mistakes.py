"""What is wrong with a model's YAML, in the words of whoever writes it."""

from collections.abc import Iterator
from typing import Any, get_args

from dagster_shared.yaml_utils.source_position import SourcePositionTree
from pydantic import BaseModel, ValidationError

from mlops_drift.config.spec import ModelSpec


def mistakes(error: ValidationError, places: SourcePositionTree | None = None) -> str:
    """All mistakes of a file: where each is, what is wrong, and what would be right.

    Args:
        error: what was found.
        places: where the fields of the file are; what the error itself says by default.

    >>> try:
    ...     ModelSpec.model_validate({"gates": {"f1": 0.6}})
    ... except ValidationError as error:
    ...     print(mistakes(error).splitlines()[-1])
      there is no such field; there are metrics, comparison, tolerance, min_rows, \
max_false_negative_rate, min_class_f1, max_share_deviation, min_class_share, \
max_calibration_error, max_row_latency_ms, max_batch_latency_ms, max_artifact_mb, max_null_loss, \
slices, max_slice_gap, max_feature_auc, trusted_columns, max_surprise
    """
    lines = []
    for found in error.errors():
        where = ".".join(map(str, found["loc"]))
        field = where.partition(" at ")[0]
        place = _place(field, places) if places else None
        at = f"{field} at {place}" if place else where
        lines.append(f"`{at}`\n  {_told(found, field)}")
    return "\n".join(lines)


def _place(field: str, places: SourcePositionTree) -> str | None:
    """Where a field of a source is: its path holds the kind of the source, which no field is."""
    attributes, source, _, *path = [*field.split("."), "", "", ""]
    if (attributes, source) != ("attributes", "source"):
        return None
    found = places.children[attributes].children[source]
    for name in path:
        found = found.children.get(name, found)
    return str(found.position)


def _told(found: Any, where: str) -> str:
    *parents, name = where.removeprefix("attributes.").split(".")
    said = str(found["msg"]).removeprefix("Value error, ")
    match found["type"]:
        case "missing":
            described = [
                model.model_fields[name].description
                for model in _models_at(parents)
                if name in model.model_fields
            ]
            return f"{said}: {described[0]}" if described and described[0] else said
        case "extra_forbidden":
            fields = [field for model in _models_at(parents) for field in model.model_fields]
            if not fields:
                return said
            return f"there is no such field; there are {', '.join(dict.fromkeys(fields))}"
        case "value_error" | "union_tag_invalid":
            return said
        case "union_tag_not_found":
            return f"{found['ctx']['discriminator'].strip(chr(39))} is missing"
        case "too_short":
            return f"at least {found['ctx']['min_length']} is needed, found none"
    return f"{said}, found {found['input']!r}"


def _models_at(path: list[str]) -> list[type[BaseModel]]:
    """The models that describe what is at a path of fields, names that a user gives, and tags."""
    models: list[type[BaseModel]] = [ModelSpec]
    for name in path:
        tagged = [model for model in models if name in _kinds(model)]
        if tagged:
            models = tagged
            continue
        fields = [model.model_fields[name] for model in models if name in model.model_fields]
        if fields:
            models = [model for field in fields for model in _models_in(field.annotation)]
    return models


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    """The tags of a model that is one of several."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind else ()


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
