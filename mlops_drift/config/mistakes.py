"""Mistakes in a model's YAML, as sentences for its author."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from dagster_shared.yaml_utils.source_position import SourcePositionTree
from pydantic import BaseModel, ValidationError

from mlops_drift.config.spec import ModelSpec

_UNREAD = re.compile(r"(separate\.(events|labels)\.\w+\.)(?!\2\b)(events|labels)\b")


def mistakes(error: ValidationError, places: SourcePositionTree | None = None) -> str:
    """All mistakes of a file: where each is, what is wrong, and how to fix it."""
    lines = []
    errors = error.errors()
    said = {(".".join(map(str, one["loc"])), one["msg"]) for one in errors}
    for found in errors:
        _let_go(found)
        where = ".".join(map(str, found["loc"]))
        # Of `separate`, the table that is not written stands for the one that is.
        read = _UNREAD.sub(r"\1\2", where)
        if read != where and (read, found["msg"]) in said:
            continue
        field = where.partition(" at ")[0]
        place = _place(field, places) if places else None
        # No field has the tag of a source of another package in its path.
        at = f"{field} at {place}" if place else where
        for tagged in ("source", "offline", "events", "labels"):
            at = at.replace(f"{tagged}.other", tagged, 1)
        # What is wrong with several fields together is at none of them.
        lines.append(f"`{at}`\n  {_problem(found, field)}" if at else _problem(found, field))
    return "\n".join(lines)


def _let_go(found: Any) -> None:
    """Forgets the frames that an error was raised in: pydantic keeps them until the process ends.

    They hold DuckDB's objects, and it complains of each that is never freed.
    """
    raised: BaseException | None = found.get("ctx", {}).get("error")
    while isinstance(raised, BaseException):
        raised.__traceback__ = None
        raised = raised.__cause__ or raised.__context__


def _place(field: str, places: SourcePositionTree) -> str | None:
    """Where a field of a source is; its path contains the kind of the source."""
    attributes, source, _, *path = [*field.split("."), "", "", ""]
    if (attributes, source) != ("attributes", "source"):
        return None
    found = places.children[attributes].children[source]
    for name in path:
        found = found.children.get(name, found)
    return str(found.position)


def _problem(found: Any, where: str) -> str:
    *parents, name = where.removeprefix("attributes.").split(".")
    message = str(found["msg"]).removeprefix("Value error, ")
    match found["type"]:
        case "missing":
            fields = (model.model_fields.get(name) for model in _models_at(parents))
            described = next((field.description for field in fields if field), None)
            return f"{message}: {described}" if described else message
        case "extra_forbidden":
            known = dict.fromkeys(
                one for model in _models_at(parents) for one in model.model_fields
            )
            return f"there is no such field; there are {', '.join(known)}" if known else message
        case "value_error" | "union_tag_invalid":
            return message
        case "union_tag_not_found":
            return f"{found['ctx']['discriminator'].strip('()')} is missing"
        case "too_short":
            return f"at least {found['ctx']['min_length']} is needed, found none"
    return f"{message}, found {found['input']!r}"


def _models_at(path: list[str]) -> list[type[BaseModel]]:
    """The models at a path of fields, names and tags."""
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
    """The tags of a model in a union."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind else ()


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
