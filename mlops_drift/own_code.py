"""A user's own modules: what is in them, which sources they rest on, and what they raise.

None of them is imported here: it may import libraries that cost seconds.
"""

import ast
import symtable
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path
from traceback import extract_tb, format_exception

from mlops_drift.errors import UserError
from mlops_drift.variables import without_secrets


class OwnCodeError(UserError):
    """Code of the user's own does not do what it should; the message names it, and its error."""


def require_there(path: str) -> None:
    """Requires that a module defines a name, both as ``package.module:Name``, by its source.

    Of a module without a source, or with ``import *``, the name is taken on trust.

    Raises:
        ValueError: If there is no such module, it is no Python, or does not define the name.
    """
    module, _, name = path.partition(":")
    file = _file(module)
    # Those that are part of the interpreter itself have no file.
    if file is None and module.partition(".")[0] in sys.stdlib_module_names:
        return
    if file is None:
        raise ValueError(f"there is no module {module!r} that this environment can import")
    if file.suffix != ".py":
        return
    text = file.read_text(encoding="utf-8")
    try:
        symbols = symtable.symtable(text, str(file), "exec").get_symbols()
    except SyntaxError as error:
        raise ValueError(f"{file}, line {error.lineno}: {error.msg}") from error
    bound = {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}
    if name not in bound and "import *" not in text and "__getattr__" not in bound:
        raise ValueError(f"module {module!r} does not define {name!r} ({file})")


def sources(paths: Iterable[str]) -> dict[str, bytes]:
    """What the modules of these import paths rest on in their own packages: sources by name.

    With each module come the packages around it, and what it imports anywhere in its text of the
    same top-level package. Of other packages nothing is followed.
    """
    found: dict[str, bytes] = {}
    waiting = [path.partition(":")[0] for path in paths]
    while waiting:
        module = waiting.pop()
        file = None if module in found else _file(module)
        if file is None:
            continue
        found[module] = file.read_bytes()
        waiting += filter(None, [module.rpartition(".")[0]])
        if file.suffix == ".py":
            waiting += _imported(module, file, found[module])
    return found


@contextmanager
def own_code(path: str, action: str) -> Iterator[None]:
    """What an own function or its estimator raises becomes one sentence, with its place.

    Its traceback goes with it, unless that holds a secret of the environment.
    """
    try:
        yield
    except UserError:
        raise
    # It may raise whatever it likes, and end the process too.
    except (Exception, SystemExit) as error:
        text = without_secrets(str(error)).strip().partition("\n")[0]
        problem = f"{type(error).__name__}: {text}".rstrip(": ")
        trace = "".join(format_exception(error))
        cause = error if without_secrets(trace) == trace else None
        raise OwnCodeError(f"{path} {action}: {problem}{_place(path, error)}") from cause


def _place(path: str, error: BaseException) -> str:
    """The last line of the own package in a traceback."""
    file = _file(path.partition(":")[0].partition(".")[0])
    if file is None:
        return ""
    root = file.parent if file.name == "__init__.py" else file
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(root)
    ]
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _file(module: str) -> Path | None:
    """The file of a module; None where there is none."""
    spec: ModuleSpec | None = None
    place = ""
    for part in module.split("."):
        place = f"{place}.{part}" if place else part
        try:
            if spec is None:
                spec = find_spec(place)
            else:
                spec = PathFinder.find_spec(place, spec.submodule_search_locations)
        # The main module has no place of its own.
        except ValueError:
            return None
        if spec is None:
            return None
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


def _imported(module: str, file: Path, source: bytes) -> Iterator[str]:
    """What a module may import of its own top-level package; not all of it needs to be a module."""
    top = module.partition(".")[0]
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (package or not node.level):
            base = resolve_name("." * node.level + (node.module or ""), package or None)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.partition(".")[0] == top)
