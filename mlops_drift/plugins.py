"""Members of a family by name: a shipped one, an import path, or an entry point."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import TypeVar

_Base = TypeVar("_Base")


def load(
    group: str, name: str, shipped: Mapping[str, type[_Base]], base: type[_Base]
) -> type[_Base]:
    """The class of a member.

    Args:
        group: the group of entry points, such as `mlops_drift.checks`.
        name: a shipped name, an import path `package.module:Name`, or the name of an entry point.
        shipped: the members that come with the package.
        base: what every member derives from.

    Raises:
        ValueError: there is no such member, or it does not derive from the base.
    """
    if name in shipped:
        return shipped[name]
    points = {point.name: point for point in entry_points(group=group)}
    if name in points:
        found = points[name].load()
    elif ":" in name:
        module, _, attribute = name.partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ValueError(f"{name!r} cannot be imported: {error}") from error
    else:
        raise ValueError(
            f"{name!r} is none of {', '.join([*shipped, *sorted(points)])}, "
            "and no import path package.module:Name"
        )
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"{name!r} must be a subclass of {base.__name__}, found {found!r}")
    return found
