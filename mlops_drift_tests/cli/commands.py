"""Calls of commands, as a person makes them."""

from click.testing import CliRunner

from mlops_drift.cli.main import main


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


def printed(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def complaint(*arguments):
    """What is printed on stderr by a command that fails as it should."""
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    return result.stderr
