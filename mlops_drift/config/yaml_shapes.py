"""Values of the wrong shape: a list for fields, one value for a list, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

from mlops_drift.config.yaml_syntax import quoted
from mlops_drift.schema.fields import Name, Written

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_STR = "tag:yaml.org,2002:str"

_WORDS = {"fields": "fields", "list": "a list", "value": "one value", "nothing": "nothing"}
_SAMPLES = {bool: "true", date: "2024-10-01"}
_TO_COME = "..."
_LONGEST = 40


def shape_mistake(
    node: yaml.Node, options: Sequence[Any], name: str = "", *, optional: bool = False
) -> str | None:
    """Why a value, of a field or key, has the wrong shape, and how to fix it; None if it is right.

    It has one of several possible types; without any it is not checked.
    """
    shapes = list(dict.fromkeys(_shape_of(option) for option in options if option is not NoneType))
    found = _shape(node)
    if not shapes or found in shapes or Any in options:
        return None
    if found == "nothing" and any(one in (NoneType, str, Name, Written) for one in options):
        return None
    written = _examples(node, options)
    field = f"{name}: " if name else ""
    remedies = [f"write {field}{written}"] if written != _TO_COME else []
    if found == "nothing" and optional and name:
        remedies.append(f"leave {name} out")
    expected = " or ".join(_WORDS[shape] for shape in shapes)
    text = f"found {_found(node)}, where {expected} {'are' if shapes[-1] == 'fields' else 'is'}"
    return "; ".join([f"{text} expected", *([" or ".join(remedies)] if remedies else [])])


def _shape_of(option: Any) -> str:
    if isinstance(option, type) and issubclass(option, BaseModel):
        return "fields"
    return {dict: "fields", list: "list"}.get(get_origin(option), "value")


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "fields"
    if isinstance(node, yaml.SequenceNode):
        return "list"
    return "nothing" if _is_null(node) else "value"


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL and not node.style


def _found(node: yaml.Node) -> str:
    shape = _shape(node)
    return repr(str(node.value).strip()[:_LONGEST]) if shape == "value" else _WORDS[shape]


def _examples(node: yaml.Node, options: Sequence[Any]) -> str:
    """Correct forms, with the written texts where they fit."""
    texts = _texts(node)
    choices = [choice for option in options for choice in _choices(option)]
    if choices and {_shape_of(option) for option in options} <= {"value"}:
        free = not all(_choices(option) for option in options if option is not NoneType)
        fits = len(texts) == 1 and (free or texts[0] in choices)
        return texts[0] if fits else " or ".join(choices)
    examples = [_example(option, texts) for option in options if option is not NoneType]
    # The one that contains most of the written texts.
    return max(examples, key=lambda example: sum(text in example for text in texts))


def _example(kind: Any, texts: Sequence[str] = ()) -> str:
    """A value of a type, with three dots for what is missing."""
    shape = _shape_of(kind)
    if shape == "list":
        [item] = get_args(kind)
        known = _shape_of(item) == "value" and texts
        return f"[{', '.join(texts) if known else _example(item)}]"
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        named = [text for text in texts if not _choices(key) or text in _choices(key)]
        return _braced(dict.fromkeys(named or [_example(key)], _example(value)))
    if shape == "fields":
        return _braced(_fields(kind, texts))
    if choices := _choices(kind):
        return choices[0]
    return texts[0] if len(texts) == 1 else _SAMPLES.get(kind, _TO_COME)


def _fields(model: type[BaseModel], texts: Sequence[str]) -> dict[str, str]:
    """The required fields of a model, one of them with the written text."""
    fields = model.model_fields
    needed = {
        name: _example(field.annotation) for name, field in fields.items() if field.is_required()
    }
    if len(texts) == 1:
        [text] = texts
        fitting = [name for name, field in fields.items() if text in _choices(field.annotation)]
        fitting += [name for name in needed if fields[name].annotation is str]
        if fitting:
            return {fitting[0]: text, **{n: v for n, v in needed.items() if n != fitting[0]}}
    first = next(iter(fields))
    return needed or {first: _example(fields[first].annotation)}


def _choices(kind: Any) -> list[str]:
    """The texts of a type with a fixed choice."""
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    if get_origin(kind) in (Union, UnionType, Annotated):
        return [choice for part in get_args(kind) for choice in _choices(part)]
    return []


def _braced(fields: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in fields.items())}}}"


def _texts(node: yaml.Node) -> list[str]:
    """The names in a value, quoted where needed: items of a list, keys, or itself."""
    if isinstance(node, yaml.SequenceNode):
        items = [_named(item) for item in node.value]
    elif isinstance(node, yaml.MappingNode):
        items = [key for key, _ in node.value]
    elif _is_null(node):
        items = []
    elif isinstance(node, yaml.ScalarNode) and not node.style and "," in node.value:
        return [_plain(text.strip()) for text in node.value.split(",") if text.strip()]
    else:
        items = [node]
    return [
        quoted(item.value) if item.style or item.tag == _NULL or _is_word(item) else item.value
        for item in items
        if isinstance(item, yaml.ScalarNode)
    ]


def _is_word(item: yaml.ScalarNode) -> bool:
    """Whether YAML reads a word such as no as a boolean."""
    return item.tag == _BOOL and item.value.lower() not in ("true", "false")


def _named(item: yaml.Node) -> yaml.Node:
    """The name in an item of a list that should be a key: `- a: ...` or `- name: a`."""
    if not isinstance(item, yaml.MappingNode) or not item.value:
        return item
    named = (value for key, value in item.value if key.value in ("name", "column"))
    found: yaml.Node = next(named, item.value[0][0])
    return found


def _plain(text: str) -> str:
    node = yaml.compose(text)
    return text if isinstance(node, yaml.ScalarNode) and node.tag == _STR else quoted(text)
