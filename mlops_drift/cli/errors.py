"""How a command ends when it cannot go on: a sentence, or where to report a bug."""

import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from io import TextIOWrapper
from typing import Any

import click

from mlops_drift.errors import InternalError, UserError
from mlops_drift.settings import DAGSTER, isolate

# As of `diff`: 1 says that something differs, 2 that there was trouble.
DRIFTED, TROUBLE = 1, 2
# Of `run`: it went to its last day, and no version serves.
NOT_SERVING = 3
# Of `run`: it went to its last day, and days on its way have no file.
MISSING_DAYS = 4
# As of sysexits.h.
BUG = 70
# What a shell reports for a program ended by Ctrl-C.
STOPPED = 130

ONE_IS_AN_ANSWER = ("compare",)


class Trouble(click.ClickException):
    exit_code = TROUBLE


class Commands(click.Group):
    """Commands that say in a sentence what a user can mend, wherever it is raised."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **kwargs: Any) -> Any:
        """Runs a command, undisturbed by what the environment says to libraries."""
        if args is None:
            _start_in_utf8()
        isolate(DAGSTER)
        with _printable(), _without_warnings():
            return super().main(args, *rest, **kwargs)

    def invoke(self, context: click.Context) -> Any:
        """Runs a command; whatever it raises becomes words and a status."""
        try:
            return super().invoke(context)
        # Click has its own way with these: a reader of the output that is gone is no error.
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as error:
            click.echo(str(error) or "stopped", err=True)
            raise SystemExit(STOPPED) from error
        except Exception as error:
            said = _sentence(error)
            if said is None:
                click.echo(_report(error), err=True)
                raise SystemExit(BUG) from error
            if context.invoked_subcommand in ONE_IS_AN_ANSWER:
                raise Trouble(said) from error
            raise click.ClickException(said) from error


def _sentence(error: BaseException | None) -> str | None:
    """What a user can mend of an error or of what it rests on; None if it is a bug."""
    if error is None or isinstance(error, InternalError):
        return None
    if isinstance(error, UserError):
        return str(error)
    from mlops_drift.store.troubles import sentence_of

    return sentence_of(error) or _sentence(error.__cause__)


def _report(error: Exception) -> str:
    lines = [str(error)] if isinstance(error, InternalError) else traceback.format_exception(error)
    package = metadata.metadata("mlops_drift")
    pages = [url.split(", ")[-1] for url in package.get_all("Project-URL") or []]
    tracker = pages[0] if pages else "the project's issue tracker"
    return (
        f"{''.join(lines).rstrip()}\n"
        f"Error: this is a bug of mlops_drift {package['Version']}; please report it, with the "
        f"lines above, to {tracker}"
    )


def _start_in_utf8() -> None:
    """Starts Python again where it takes all names and texts for ASCII, as under LC_ALL=C."""
    if sys.getfilesystemencoding() != "utf-8":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


@contextmanager
def _printable() -> Iterator[None]:
    """Lets output escape what its encoding lacks, as under cron, instead of ending there."""
    streams = [one for one in (sys.stdout, sys.stderr) if isinstance(one, TextIOWrapper)]
    strict = [(stream, stream.errors) for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    yield
    for stream, errors in strict:
        stream.reconfigure(errors=errors)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keeps the warnings of libraries, which are not the user's, from being shown or raised."""
    os.environ.pop("PYTHONWARNINGS", None)
    sys.warnoptions.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
