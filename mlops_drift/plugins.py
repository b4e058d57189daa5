"""Members of a family of plug-ins by name: shipped, by import path, or from an entry point."""

import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

Base = TypeVar("Base")

# package.module:Name
IMPORT_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def load(family: str, name: str, shipped: Mapping[str, str], base: type[Base]) -> type[Base]:
    """The class of a member of a family, such as gates; it derives from `base`.

    Its name is a shipped one, an import path ``package.module:Name``, or an entry point of the
    group ``mlops_drift.<family>``. Nothing is imported but the module of the member; entry points
    are read only for a name that is neither shipped nor an import path.
    """
    group, path = f"mlops_drift.{family}", shipped.get(name, name)
    if not IMPORT_PATH.fullmatch(path):
        points = entry_points(group=group)
        if name not in points.names:
            known = ", ".join([*shipped, *sorted(points.names - set(shipped))])
            raise ValueError(
                f"{name!r} is not one of {group}: {known or 'none is installed'}; give one of "
                "these names, the import path of your own class as package.module:Name, or the "
                "name of an entry point of that group"
            )
        path = points[name].value
    try:
        member = EntryPoint(name, path, group).load()
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"{name!r} cannot be imported as {path}: {error}; write package.module:Name of a "
            "class that this environment can import"
        ) from error
    if not (isinstance(member, type) and issubclass(member, base)):
        found = "another class" if isinstance(member, type) else f"a {type(member).__name__}"
        raise ValueError(
            f"{name!r} must be a subclass of {base.__module__}.{base.__qualname__}, "
            f"found {found}: {path}"
        )
    return member
