"""What the commands share: formats, output files, a spinner."""

import errno
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_drift.cli.errors import Trouble

if TYPE_CHECKING:
    from mlops_drift.config.context import ModelContext


class Day(click.DateTime):
    """A date such as 2024-10-01."""

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "DAY"


DAY = Day()
FORMAT = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Text for people, or JSON.",
)


def writable(context: click.Context, parameter: click.Parameter, file: str | None) -> str | None:
    """Checks before the work that its result can be written."""
    if file is not None:
        with _writing(parameter.opts[0], file):
            _try_to_write(Path(file))
    return file


def _try_to_write(place: Path) -> None:
    """Opens a file as a writer would, and leaves everything as it was."""
    if place.is_file():
        place.open("ab").close()
    elif place.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    elif not place.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{place.parent} is no folder")
    elif place.exists():
        # Opening a pipe or a device might block, or end the input of its reader.
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    else:
        place.open("xb").close()
        place.unlink()


@contextmanager
def _writing(option: str, file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Trouble(f"{option} {file} cannot be written: {error.strerror}") from error


@contextmanager
def opened(model: str) -> "Iterator[ModelContext]":
    """A model with its tables and its registry."""
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.resources import open_lake, open_registry
    from mlops_drift.simulation.instance import quiet

    spec = find_model(model).spec
    with quiet(), open_lake() as lake:
        yield ModelContext.of(lake, spec, open_registry())


def write_page(file: str, page: str) -> None:
    write_file("--html", file, page.encode())


def write_file(option: str, file: str, content: bytes) -> None:
    """Writes a file completely, or leaves it as it was."""
    place = Path(file)
    with _writing(option, file):
        # A pipe, a device, or a file in a read-only folder.
        if place.exists() and not (place.is_file() and os.access(place.parent, os.W_OK)):
            place.write_bytes(content)
            return
        # Follow a link to its file.
        place = place.resolve()
        part = place.with_name(f".{os.getpid()}.part")
        try:
            part.write_bytes(content)
            if place.exists():
                part.chmod(place.stat().st_mode)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)


def waiting(what: str) -> Any:
    """A spinner on stderr, if that is a terminal."""
    from rich.console import Console
    from rich.markup import escape

    return Console(stderr=True).status(escape(what))


def print_json(content: Any) -> None:
    click.echo(json.dumps(_without_nan(content), indent=2, default=_plain, allow_nan=False))


def _without_nan(content: Any) -> Any:
    """JSON has no nan and no infinity: a number that is undefined becomes null."""
    if isinstance(content, dict):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value)
