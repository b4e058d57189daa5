"""The command line: `mlops-drift …`."""

import click

from mlops_drift.cli.cleanup import cleanup
from mlops_drift.cli.compare import compare
from mlops_drift.cli.days import backtest, run, sql, status
from mlops_drift.cli.versions import approve, explain, log, rebuild, reject, rollback


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Keeps tabular models honest in production."""


for command in (
    run,
    status,
    backtest,
    log,
    explain,
    rebuild,
    approve,
    reject,
    rollback,
    cleanup,
    sql,
    compare,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
