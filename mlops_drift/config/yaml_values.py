"""Unquoted values that YAML reads as something else: `no` is false, `01067` 567 and `12:30` 750.

Where a text is expected, such a value is a mistake; so is an unusual form where a number is.
"""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml

from mlops_drift.config.yaml_shapes import shape_mistake
from mlops_drift.config.yaml_syntax import at, quoted
from mlops_drift.schema.fields import Name, Written, as_name, as_written

# Tags of texts, which timestamps are read as, too, and of numbers.
_TEXT = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"}
_NUMBERS = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool")}
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"

# How texts are read that may be written as something else.
_READ_BY: dict[Any, Callable[[object], object]] = {Name: as_name, Written: as_written}

_LONGEST = 40
_NO_MERGE = (
    "<< takes over the fields of a part that & has named, as <<: *name; write what else is called "
    'so in quotes: "<<"'
)

_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_LIKE_A_NUMBER = re.compile(r"[-+]?[0-9._:eE+-]*[0-9][0-9._:eE+-]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*")


def value_mistakes(node: yaml.Node, described: Any) -> list[str]:
    """Where YAML reads values of a document differently than its type asks, and how to fix it.

    The type is a pydantic model, or a mapping of them.
    """
    if not isinstance(node, yaml.MappingNode):
        return [f"{_place(node)}: fields are expected here, each as `name: value`"]
    return list(dict.fromkeys(_mistakes(node, [described], ())))


def _mistakes(
    node: yaml.Node,
    types: list[Any],
    above: tuple[int, ...],
    name: str = "",
    *,
    optional: bool = False,
) -> Iterator[str]:
    if id(node) in above:
        yield f"{_place(node)}: & names a part of the file that holds itself; write it out"
        return
    above = (*above, id(node))
    options = [option for kind in types for option in _options(kind)]
    texts = options and all(option in (str, *_READ_BY, NoneType) for option in options)
    if texts and isinstance(node, yaml.MappingNode) and node.flow_style:
        what = "braces make a mapping" if _braced(node) else "this is a mapping"
        yield f"{_place(node)}: {what}; put a text in quotes{_braced(node) or _paired(node)}"
    elif problem := shape_mistake(node, options, name, optional=optional):
        yield f"{_place(node)}: {problem}"
    elif isinstance(node, yaml.ScalarNode):
        if problem := _scalar_mistake(node, options, name if optional else ""):
            yield f"{_place(node)}: {problem}"
    elif isinstance(node, yaml.SequenceNode):
        items = [get_args(option)[0] for option in options if get_origin(option) is list]
        for item in node.value:
            yield from _mistakes(item, items, above)
    elif isinstance(node, yaml.MappingNode):
        yield from _mapping_mistakes(node, options, above)


def _mapping_mistakes(
    node: yaml.MappingNode, options: list[Any], above: tuple[int, ...]
) -> Iterator[str]:
    seen: set[str] = set()
    options = _of_kind(node, options)
    for field, value in node.value:
        if field.tag == _MERGE:
            parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            before = [part for part in parts if part.start_mark.index < field.start_mark.index]
            if before != parts or not all(isinstance(part, yaml.MappingNode) for part in parts):
                yield f"{_place(field)}: {_NO_MERGE}"
                continue
            for part in parts:
                yield from _mistakes(part, options, above)
            continue
        if not isinstance(field, yaml.ScalarNode):
            yield f"{_place(field)}: a name is one text; put it in quotes{_braced(node)}"
            continue
        if field.value in seen:
            yield f"{_place(field)}: {field.value} is given twice; keep one of them"
        seen.add(field.value)
        yield from _mistakes(field, _key_types(options), above)
        types, optional = _value_types(options, field.value)
        yield from _mistakes(value, types, above, field.value, optional=optional)


def _of_kind(node: yaml.MappingNode, options: list[Any]) -> list[Any]:
    """The options of the kind that a part names, or all of them."""
    written = {
        value.value
        for field, value in node.value
        if field.value == "kind" and isinstance(value, yaml.ScalarNode)
    }
    fields = [(option, getattr(option, "model_fields", {}).get("kind")) for option in options]
    named = [option for option, one in fields if one and written & {*get_args(one.annotation)}]
    return named or options


def _key_types(options: list[Any]) -> list[Any]:
    """The types of the keys of a mapping: the names of fields, or what a user names."""
    keys = [get_args(option)[0] for option in options if get_origin(option) is dict]
    return keys or [str for option in options if isinstance(option, type)]


def _value_types(options: list[Any], name: str) -> tuple[list[Any], bool]:
    """The types of what is under a key, and whether it may be left out."""
    named = (getattr(option, "model_fields", {}).get(name) for option in options)
    fields = [field for field in named if field]
    return [
        *(get_args(option)[1] for option in options if get_origin(option) is dict),
        *(Annotated[field.annotation, None, *field.metadata] for field in fields),
    ], bool(fields) and not any(field.is_required() for field in fields)


def _options(kind: Any) -> Iterator[Any]:
    """The types of which a value may have one."""
    origin = get_origin(kind)
    if origin is Annotated:
        parts = get_args(kind)
        read = {getattr(part, "func", None) for part in parts[1:]}
        named = [option for option, function in _READ_BY.items() if function in read]
        yield from named or _options(parts[0])
    elif origin in (Union, UnionType):
        for part in get_args(kind):
            yield from _options(part)
    else:
        yield kind


def _scalar_mistake(node: yaml.ScalarNode, options: Collection[Any], optional: str) -> str | None:
    written, tag = node.value, node.tag
    value = _value(node)
    if value is node:
        kind, text = tag.removeprefix("tag:yaml.org,2002:"), written[:_LONGEST]
        return f"YAML cannot read {text} as {kind}; put it in quotes: {quoted(text)}"
    if (node.style and tag in _TEXT) or (tag == _NULL and NoneType in options):
        return None
    if bool in options and written in ("true", "false"):
        return None
    number = tag in _NUMBERS or _LIKE_A_NUMBER.fullmatch(written)
    if int in options or float in options:
        if number and not _NUMBER.fullmatch(written):
            return f"{_read(node, value)}; write a number in plain digits, such as 1000 or 0.5"
    elif date in options:
        if not _DATE.fullmatch(written):
            return f"{written} is no date; write it as 2024-10-01"
    elif (
        any(option in (str, *_READ_BY) for option in options)
        and bool not in options
        and tag not in _TEXT
    ):
        out = f", or leave {optional} out" if optional and tag == _NULL else ""
        if not written:
            return f"a text is missing here{out and f'; write one{out}'}"
        readings = [read(value) for option, read in _READ_BY.items() if option in options]
        if written not in readings:
            return f"{_read(node, value)}; put it in quotes: {quoted(written)}{out}"
    return None


def _read(node: yaml.ScalarNode, value: object) -> str:
    if node.tag in _TEXT:
        return f"{node.value} is no number to YAML"
    read = "nothing" if value is None else str(value).lower()
    return f"YAML reads {node.value} as {read}"


def _value(node: yaml.ScalarNode) -> object:
    """What YAML reads; the node itself if it cannot be read."""
    if node.tag in _TEXT:
        return node.value
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        return node


def _paired(node: yaml.Node) -> str:
    """The correct form of a text with a colon."""
    match node.value:
        case [(yaml.ScalarNode(value=field), yaml.ScalarNode(value=value))]:
            return f": {quoted(f'{field}: {value}')}"
    return ""


def _braced(node: yaml.Node) -> str:
    """The correct form of a text in braces."""
    text = ""
    while isinstance(node, yaml.MappingNode) and node.flow_style and len(node.value) == 1:
        [(node, value)] = node.value
        if value.value:
            return ""
        text += "{"
    if not text or not isinstance(node, yaml.ScalarNode):
        return ""
    return f": {quoted(text + node.value + '}' * len(text))}"


def _place(node: yaml.Node) -> str:
    return at(node.start_mark.line, node.start_mark.column)
