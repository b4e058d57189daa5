"""How a command ends when it fails: one sentence, or where to report a bug."""

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

from mlops_drift.cli import signs
from mlops_drift.errors import InternalError, UserError
from mlops_drift.settings import isolate

# Of `compare`, as of `diff`: 1 for a difference, 2 for trouble.
DRIFTED, TROUBLE = 1, 2
# Of `run`, at its last day: no version serves, or some days have no file.
NOT_SERVING, MISSING_DAYS = 3, 4
# As in sysexits.h, and as a shell reports a program that Ctrl-C ended.
BUG, STOPPED = 70, 130


class Trouble(click.ClickException):
    exit_code = TROUBLE


class Commands(click.Group):
    """Commands that report what a user can fix in one sentence, wherever it is raised."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **kwargs: Any) -> Any:
        """Runs a command, unaffected by the environment variables of libraries."""
        if args is None:
            _start_in_utf8()
        isolate()
        with _printable(), _without_warnings():
            return super().main(args, *rest, **kwargs)

    def invoke(self, context: click.Context) -> Any:
        """Runs a command; every exception becomes a message and an exit status."""
        try:
            return super().invoke(context)
        # Click handles these itself: a closed pipe, for example, is no error.
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as error:
            click.echo(str(error) or "stopped", err=True)
            raise SystemExit(STOPPED) from error
        except Exception as error:
            message = _sentence(error)
            if message is None:
                click.echo(_report(error), err=True)
                raise SystemExit(BUG) from error
            if context.invoked_subcommand == "compare":
                raise Trouble(message) from error
            raise click.ClickException(message) from error


def _sentence(error: BaseException | None) -> str | None:
    """What a user can fix about an error or its cause; None if it is a bug."""
    if error is None or isinstance(error, InternalError):
        return None
    if isinstance(error, UserError):
        return str(error)
    from mlops_drift.store.troubles import sentence_of

    return sentence_of(error) or _sentence(error.__cause__)


def _report(error: Exception) -> str:
    lines = [str(error)] if isinstance(error, InternalError) else traceback.format_exception(error)
    bug = f"this is a bug of mlops_drift {metadata.version('mlops_drift')}"
    report = "please report it, with the lines above, to the project's issue tracker"
    return f"{''.join(lines).rstrip()}\nError: {bug}; {report}"


def _start_in_utf8() -> None:
    """Restarts Python in UTF-8 mode if its default is ASCII, as under LC_ALL=C."""
    if sys.getfilesystemencoding() != "utf-8":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


@contextmanager
def _printable() -> Iterator[None]:
    """Replaces characters that the output cannot encode, as under cron."""
    streams = [one for one in (sys.stdout, sys.stderr) if isinstance(one, TextIOWrapper)]
    strict = [(stream, stream.errors) for stream in streams]
    for stream in streams:
        stream.reconfigure(errors=signs.NAME)
    yield
    for stream, errors in strict:
        stream.reconfigure(errors=errors)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Hides the warnings of libraries, about which a user can do nothing."""
    os.environ.pop("PYTHONWARNINGS", None)
    sys.warnoptions.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
