"""The project that models belong to: a folder, and what its pyproject.toml says of it."""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mlops_drift.errors import UserError

SHIPPED_DEFS = Path(__file__).resolve().parent / "defs"
# The folder of the installed package, which is a project only where it is a checkout.
CHECKOUT = SHIPPED_DEFS.parent.parent

# The code location of runs that belong to no project.
CODE_LOCATION = "mlops_drift"

# Where installers put packages, and with them a project that was built as one.
INSTALLED = ("site-packages", "dist-packages")


class ProjectError(UserError, ValueError):
    """There is no project, or its configuration is wrong; the message says what would help."""


@dataclass(frozen=True)
class Project:
    """A folder with a Dagster project, or with `[tool.mlops_drift]` in its pyproject.toml.

    Attributes:
        root: the folder.
        data: the folder of its state, such as `data` below it.
        code_location: its name in Dagster.
        import_root: the folder that its package is imported from.
        root_module: its package; None where it is no project of `dg`.
        defs: the folder of its definitions; None as well.
    """

    root: Path
    data: Path
    code_location: str
    import_root: Path
    root_module: str | None
    defs: Path | None

    @property
    def is_checkout(self) -> bool:
        """Whether it is the checkout of this package."""
        return self.root_module == "mlops_drift" and self.root == CHECKOUT

    def make_importable(self) -> None:
        """Puts its package on the path of this process, unless the environment has it."""
        if self.root_module and find_spec(self.root_module.partition(".")[0]) is None:
            sys.path.append(str(self.import_root))


_used: Project | None = None


def use(folder: Path) -> None:
    """Makes the project of a folder, if it is in one, that of this process, wherever it works.

    Dagster knows the project whose definitions it loads, which it may do from another folder.
    """
    global _used
    _used = _above(folder.resolve()) or _used


def current() -> Project | None:
    """The project whose definitions were loaded, else of the working directory, else the checkout.

    The project of a folder lies in it or in the next folder above that has one.
    """
    if found := _used or _above(_working_directory()):
        return found
    checkout = project_at(CHECKOUT)
    return checkout if checkout and checkout.is_checkout else None


def data_folder() -> Path:
    """The folder of the project's state; a `ProjectError` says what to do where there is none."""
    found, wanted = current(), "set MLOPS_DRIFT_DATA to a folder"
    if found is None:
        raise ProjectError(
            f"{_working_directory()} is in no project, so there is no place for data; {wanted}, "
            "or work in a folder whose pyproject.toml has [tool.dg] (of a Dagster project) or "
            '[tool.mlops_drift] data = "…"'
        )
    if found.root.name in INSTALLED and found.data.is_relative_to(found.root):
        raise ProjectError(
            f"the project is installed in {found.root}, which is no place for data; {wanted}"
        )
    return found.data


def _working_directory() -> Path:
    try:
        return Path.cwd()
    # It was deleted.
    except FileNotFoundError:
        return Path("/")


@cache
def _above(folder: Path) -> Project | None:
    return next(filter(None, map(project_at, (folder, *folder.parents))), None)


@cache
def project_at(root: Path) -> Project | None:
    """The project in a folder; None if it is none, as the root of a workspace with several."""
    pyproject = _toml(root / "pyproject.toml").get("tool", {})
    own, dg = pyproject.get("mlops_drift"), pyproject.get("dg", {})
    project = (_toml(root / "dg.toml") or dg).get("project")
    if own is None and project is None:
        return None
    module = (project or {}).get("root_module")
    base = root / "src" if (root / "src").is_dir() else root
    name = (project or {}).get("defs_module") or (f"{module}.defs" if module else None)
    return Project(
        root,
        _data(root, own or {}),
        (project or {}).get("code_location_name") or root.name,
        base,
        module,
        base.joinpath(*name.split(".")) if name else None,
    )


def _data(root: Path, own: Mapping[str, Any]) -> Path:
    file = root / "pyproject.toml"
    for name, value in own.items():
        if name != "data" or not isinstance(value, str) or not value:
            raise ProjectError(
                f"{file}: [tool.mlops_drift] has {name} = {value!r}; it takes one field, the "
                'folder of all state, such as data = "data"'
            )
    return (root / Path(own.get("data", "data")).expanduser()).resolve()


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except ValueError as error:
        raise ProjectError(f"{file} cannot be read: {error}") from error
