"""What every command has in common when it cannot go on, or when its surroundings are odd."""

import errno
import os
import sqlite3
import subprocess
import sys
import warnings

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from mlops_drift.cli.common import write_file
from mlops_drift.cli.errors import BUG, STOPPED, TROUBLE, Commands
from mlops_drift.cli.main import main
from mlops_drift.errors import InternalError, UserError


def command(action, name="work"):
    """A command line with one command, which does what is given."""

    @click.group(cls=Commands)
    def tool():
        pass

    tool.command(name)(action)
    return tool


def ended(action, name="work", **runner):
    return CliRunner(**runner).invoke(command(action, name), [name])


def failing(error, name="work"):
    def action():
        raise error

    return ended(action, name)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserError("a.csv: no such file"), "a.csv: no such file"),
        (OSError(errno.ENOSPC, "x", "/d"), "'/d': No space left on device; free some"),
        (PermissionError(errno.EACCES, "x", "/d"), "'/d': Permission denied; ask for the right"),
        (sqlite3.OperationalError("database is locked"), "another process is writing it"),
        (MemoryError(), "the memory is full"),
    ],
)
def test_what_a_user_can_mend_is_a_sentence(error, told):
    result = failing(error)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_where_one_is_an_answer_an_error_has_another_status():
    assert failing(UserError("no"), "compare").exit_code == TROUBLE


def test_what_a_library_puts_around_an_error_that_can_be_mended_is_left_out():
    def action():
        try:
            raise UserError("mend me")
        except UserError as error:
            raise LookupError("around it") from error

    assert ended(action).stderr == "Error: mend me\n"


@pytest.mark.parametrize("error", [KeyError("amount"), InternalError("Traceback …\nKeyError: x")])
def test_a_bug_shows_its_traceback_and_says_where_to_report_it(error):
    result = failing(error)
    assert result.exit_code == BUG
    assert result.stderr.startswith("Traceback")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: this is a bug of mlops_drift 0.")
    assert last.endswith("the project's issue tracker")


def test_a_stop_has_the_status_of_a_shell():
    result = failing(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (STOPPED, "stopped\n")


def test_a_reader_that_has_gone_is_no_error():
    result = failing(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert (result.exit_code, result.output) == (1, "")


def test_what_the_encoding_lacks_is_escaped():
    result = ended(lambda: Console().print("größe ▁"), charset="ascii")
    assert (result.exit_code, result.output) == (0, "gr\\xf6\\xdfe _\n")


def test_warnings_that_are_made_errors_reach_no_command(monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ended(lambda: warnings.warn("old", DeprecationWarning, stacklevel=1))
    assert result.exit_code == 0
    assert "PYTHONWARNINGS" not in os.environ


def test_the_statuses_are_documented():
    told = CliRunner().invoke(main, ["--help"]).output
    for status in (0, 1, TROUBLE, BUG, STOPPED):
        assert f"\n    {status} " in told


@pytest.mark.parametrize(
    ("option", "place"),
    [
        ("run --chart", "/proc/x.svg"),
        ("run --chart", "none/x.svg"),
        ("backtest --html", "folder"),
        ("compare a b --html", "x" * 300),
        ("run --chart", "x.png"),
        ("backtest --html", "x.svg"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_the_work(
    tmp_path, monkeypatch, option, place
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    name, *rest = option.split()
    model = [] if name == "compare" else ["no_such_model"]
    result = CliRunner().invoke(main, [name, *model, *rest, place])
    assert result.exit_code == 2
    assert place in result.stderr
    assert "no_such_model" not in result.stderr
    assert os.listdir(tmp_path) == ["folder"]  # noqa: PTH208


def test_a_file_that_can_be_written_is_left_as_it_is_until_then(tmp_path):
    old, new = tmp_path / "old.svg", tmp_path / "new.svg"
    old.write_text("mine")
    for file in (old, new):
        result = CliRunner().invoke(main, ["run", "no_such_model", "--chart", str(file)])
        assert "there is no model 'no_such_model'" in result.stderr
    assert old.read_text() == "mine"
    assert not new.exists()


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_what_was_there_stays_where_the_disk_is_full(tmp_path):
    import resource

    old = tmp_path / "old.html"
    old.write_text("mine")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        result = ended(lambda: write_file("--html", str(old), b"x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"--html {old} cannot be written: File too large" in result.stderr
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("old.html", "mine")]


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
def test_a_killed_pipe_ends_quietly_in_a_strict_and_poor_surrounding(tmp_path):
    query = "SELECT repeat('ä', 100) FROM range(20000)"
    odd = {
        "MLOPS_DRIFT_DATA": str(tmp_path / "none"),
        "PYTHONIOENCODING": "ascii",
        "PYTHONWARNINGS": "error",
    }
    tool = f"{sys.executable} -m mlops_drift.cli.main"
    done = subprocess.run(
        f'{tool} sql "{query}" --format csv | head -1',
        shell=True,
        capture_output=True,
        env={**os.environ, **odd},
        check=False,
    )
    assert done.stdout.startswith(b"\"repeat('")
    assert done.stderr == b""
    assert not (tmp_path / "none").exists()
