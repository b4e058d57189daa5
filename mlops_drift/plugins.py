"""Members of a family of plug-ins by name: shipped, by import path, or from an entry point."""

import re
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from mlops_drift.own_code import require_there

Base = TypeVar("Base")
Function = Callable[..., Any]

# What the error of a member says that is nowhere.
NOT_THERE = "cannot be imported"
# package.module:Name
IMPORT_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def load(family: str, name: str, shipped: Mapping[str, str], base: type[Base]) -> type[Base]:
    """The class of a member of a family, such as gates; it derives from `base`.

    Its name is a shipped one, an import path ``package.module:Name``, or an entry point of the
    group ``mlops_drift.<family>``. Nothing is imported but the module of the member; entry points
    are read only for a name that is neither shipped nor an import path.
    """
    member, path = _imported(family, name, shipped, "class")
    if isinstance(member, type) and issubclass(member, base):
        return member
    wanted = f"must be a subclass of {base.__module__}.{base.__qualname__}"
    raise ValueError(f"{name!r} {wanted}, found {_kind(member)}: {path}")


def load_either(
    family: str, name: str, shipped: Mapping[str, str], base: type[Base], signature: str
) -> type[Base] | Function:
    """As `load`, or a function; the signature is what an error asks for."""
    member, path = _imported(family, name, shipped, "class or a function")
    if isinstance(member, type) and issubclass(member, base):
        return member
    if callable(member) and not isinstance(member, type):
        return member
    wanted = f"must be a function {signature}, or a subclass of"
    place = f"{base.__module__}.{base.__qualname__}"
    raise ValueError(f"{name!r} {wanted} {place}, found {_kind(member)}: {path}")


def import_path(family: str, name: str, shipped: Mapping[str, str]) -> str:
    """The import path of a member, which is not imported; else a ValueError."""
    group, path = f"mlops_drift.{family}", shipped.get(name, name)
    if IMPORT_PATH.fullmatch(path):
        return path
    points = entry_points(group=group)
    if name not in points.names:
        known = ", ".join([*shipped, *sorted(points.names - set(shipped))])
        raise ValueError(
            f"{name!r} is not one of {group}: {known or 'none is installed'}; give one of "
            "these names, the import path of your own class as package.module:Name, or the "
            "name of an entry point of that group"
        )
    return points[name].value


def own_paths(family: str, names: Iterable[str], shipped: Mapping[str, str]) -> tuple[str, ...]:
    """The import paths of the members among these that are not shipped."""
    paths = {import_path(family, name, shipped) for name in names if name not in shipped}
    return tuple(sorted(path for path in paths if path.partition(".")[0] != __package__))


def require_member(family: str, name: str, shipped: Mapping[str, str]) -> None:
    """Requires that there is such a member, by its module's source: nothing is imported."""
    path = import_path(family, name, shipped)
    if name in shipped:
        return
    try:
        require_there(path)
    except ValueError as error:
        raise ValueError(_not_there(name, path, str(error), "class or a function")) from error


def _imported(family: str, name: str, shipped: Mapping[str, str], what: str) -> tuple[object, str]:
    path = import_path(family, name, shipped)
    try:
        return EntryPoint(name, path, f"mlops_drift.{family}").load(), path
    # A module may raise whatever it likes while it is imported.
    except Exception as error:
        is_plain = isinstance(error, ImportError | AttributeError)
        problem = str(error) if is_plain else f"{type(error).__name__}: {error}"
        raise ValueError(_not_there(name, path, problem, what)) from error


def _not_there(name: str, path: str, problem: str, what: str) -> str:
    return (
        f"{name!r} {NOT_THERE} as {path}: {problem}; write package.module:Name of a "
        f"{what} that this environment can import"
    )


def _kind(member: object) -> str:
    return "another class" if isinstance(member, type) else f"a {type(member).__name__}"
