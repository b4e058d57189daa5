"""What the commands share: formats, errors that a user can mend, signs of life."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mlops_drift.lake.model_lake import ModelLake
    from mlops_drift.registry.registry import Registry
    from mlops_drift.spec import ModelSpec

# What a shell reports for a program ended by Ctrl-C.
STOPPED = 130
# As of `diff`: 1 says that something differs, 2 that there was trouble.
DRIFTED, TROUBLE = 1, 2
# Of `run`: it went to its last day, and days on its way have no file.
MISSING_DAYS = 4

DAY = click.DateTime(formats=["%Y-%m-%d"])
FORMAT = click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")


class Trouble(click.ClickException):
    exit_code = TROUBLE


def writable(context: click.Context, parameter: click.Parameter, file: str | None) -> str | None:
    """Says before the work, not after it, that its result cannot be written."""
    if file is not None and not Path(file).resolve().parent.is_dir():
        folder = Path(file).parent
        raise Trouble(f"{parameter.opts[0]} {file} cannot be written: {folder} is no folder")
    return file


@contextmanager
def opened(model: str) -> "Iterator[tuple[ModelSpec, ModelLake, Registry]]":
    """A model with its tables and its registry; errors that a user can mend become messages."""
    with clear_errors():
        from mlops_drift.loading import find_model
        from mlops_drift.replay import quiet
        from mlops_drift.resources import model_lake, open_lake, open_registry

        spec = find_model(model).spec
        with quiet(), open_lake() as lake:
            yield spec, model_lake(lake, spec), open_registry()


def write_page(file: str, page: str) -> None:
    try:
        Path(file).write_text(page, encoding="utf-8")
    except OSError as error:
        raise Trouble(f"--html {file} cannot be written: {error.strerror}") from error


def waiting(what: str) -> Any:
    """A sign of life on stderr, where that is a terminal."""
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


class clear_errors:  # noqa: N801  # reads as a statement: `with clear_errors():`
    """Turns the errors that a user can mend into a message without a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from mlops_drift.backtest import BacktestError
        from mlops_drift.lake.catalogue import QueryError
        from mlops_drift.lake.lake import LakeError
        from mlops_drift.lake.training_sets import CorruptionError
        from mlops_drift.lineage import LineageError
        from mlops_drift.loading import ModelDefinitionError
        from mlops_drift.registry.base import RegistryError
        from mlops_drift.replay import ReplayError, ReplayStopped
        from mlops_drift.settings import SettingsError
        from mlops_drift.steps.promotion import PromotionError

        mendable = (
            BacktestError,
            ModelDefinitionError,
            ReplayError,
            QueryError,
            LakeError,
            LineageError,
            PromotionError,
            CorruptionError,
            RegistryError,
            SettingsError,
            FileNotFoundError,
            NotADirectoryError,
            PermissionError,
        )
        if isinstance(error, KeyboardInterrupt | ReplayStopped):
            click.echo(str(error) or "stopped; the same command goes on where it was", err=True)
            raise SystemExit(STOPPED) from error
        if isinstance(error, mendable):
            raise click.ClickException(str(error)) from error
