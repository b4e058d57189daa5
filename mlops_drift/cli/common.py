"""What the commands share: options, output files, a spinner."""

import errno
import getpass
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.errors import Trouble
from mlops_drift.errors import UserError

if TYPE_CHECKING:
    from rich.status import Status

    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.spec import ModelSpec

FORMAT = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Text for people, or JSON.",
)


def day(text: str) -> date:
    """The type of an option that is a day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a day such as 2024-10-01") from error


def person(why: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options of a manual decision: who decides, and the reason, with its help."""
    by = click.option("--by", default=_me, help="Who decides; you by default.")
    reason = click.option("--reason", required=True, help=why)
    return lambda command: by(reason(command))


def _me() -> str:
    try:
        return getpass.getuser()
    # An account without a name, as in many containers.
    except (KeyError, OSError) as error:
        raise click.UsageError(f"your account has no name; give --by NAME ({error})") from error


def output_file(
    option: str, about: str, ending: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option of a file to write; checks before the work that it can be written.

    A name that has an ending must have this one.
    """

    def writable(_: click.Context, __: click.Parameter, file: str | None) -> str | None:
        if file is not None:
            if Path(file).suffix.lower() not in ("", ending):
                raise Trouble(f"{option} {file}: the name should end in {ending}")
            with _writing(option, file):
                _try_to_write(Path(file))
        return file

    return click.option(option, type=click.Path(dir_okay=False), callback=writable, help=about)


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


def require_trained(spec: "ModelSpec") -> None:
    """Raises a UserError if the versions of a model are made elsewhere."""
    if spec.external:
        raise UserError(
            f"{spec.name} is external: its versions are made elsewhere, and this command is for "
            "versions that are trained here"
        )


@contextmanager
def opened(model: str, *, trained: bool = False) -> "Iterator[ModelContext]":
    """A model with its tables and its registry; one that is trained here, if asked for."""
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.gateways import open_lake, open_registry
    from mlops_drift.simulation.instance import quiet

    spec = find_model(model).spec
    if trained:
        require_trained(spec)
    with quiet(), open_lake() as lake:
        yield ModelContext.of(lake, spec, open_registry())


@contextmanager
def clear_reading(*paths: str) -> Iterator[None]:
    """Reports a damaged file in one sentence: damage in a column shows when that is read."""
    import duckdb
    import pyarrow as pa

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise UserError(f"{' or '.join(paths)} cannot be read: {error}") from error


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


def waiting(what: str) -> "Status":
    """A spinner on stderr, if that is a terminal."""
    from rich.text import Text

    from mlops_drift.console import open_console

    console = open_console(stderr=True)
    spinner = "line" if console.options.ascii_only else "dots"
    return console.status(Text(what), spinner=spinner)


def show(style: str, content: object, print_text: Callable[[], None]) -> None:
    """Prints JSON, or text; in JSON a number that is undefined or infinite becomes null."""
    if style != "json":
        print_text()
        return
    from pydantic_core import to_jsonable_python

    plain = to_jsonable_python(content, inf_nan_mode="null", fallback=str)
    click.echo(json.dumps(plain, indent=2, allow_nan=False))
