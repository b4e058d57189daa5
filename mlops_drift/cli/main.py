"""The command line: `mlops-drift …`."""

import click

from mlops_drift.cli.compact import compact
from mlops_drift.cli.compare import compare
from mlops_drift.cli.days import backtest, run, status
from mlops_drift.cli.errors import Commands
from mlops_drift.cli.explore import explore
from mlops_drift.cli.exporter import exporter
from mlops_drift.cli.init import init
from mlops_drift.cli.removal import cleanup, reset
from mlops_drift.cli.report import report
from mlops_drift.cli.serve import serve
from mlops_drift.cli.tables import history, restore, sql
from mlops_drift.cli.versions import approve, explain, log, rebuild, reject, rollback

EXIT_STATUS = """\b
Exit status:
  0    done
  1    an error that you can fix: the message says what, where and how;
       compare --exit-code: a column drifted;
       rebuild: the version differs
  2    an option, an argument or an output file is wrong;
       compare: any error
  3    run: no version serves; the last lines say why, and what would help
  4    run: some days have no file, all others have run
  70   a bug in mlops-drift: the message says where to report it
  130  stopped by Ctrl-C
"""


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_STATUS
)
@click.version_option(package_name="mlops_drift", prog_name="mlops-drift")
def main() -> None:
    """Keeps tabular models honest in production."""


for command in (init, explore, run, status, report, backtest, log, explain, rebuild, approve):
    main.add_command(command)
for command in (reject, rollback, serve, exporter, cleanup, compact, reset, sql, history, restore):
    main.add_command(command)
main.add_command(compare)


if __name__ == "__main__":
    main()
