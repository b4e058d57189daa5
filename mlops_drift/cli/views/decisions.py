"""The decision log of a model on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from mlops_drift.policy.decision import DecisionRecord


def print_log(model: str, records: Sequence[DecisionRecord]) -> None:
    """Prints decisions in their order, each with its outcome."""
    console = Console(highlight=False)
    if not records:
        console.print(f"{escape(model)}: no decisions yet")
    for record in records:
        for line in log_lines(record):
            console.print(escape(line), soft_wrap=True)


def log_lines(record: DecisionRecord) -> list[str]:
    """A decision as lines of the log.

    >>> from datetime import date
    >>> from mlops_drift.policy.decision import Outcome
    >>> outcome = Outcome("rejected", date(2024, 10, 6), "F1 is 0.4.", 2, ("test_f1",))
    >>> print(*log_lines(DecisionRecord("retrain", "31 days old", date(2024, 10, 5),
    ...     "churn-v1-2024-10-05", "age", ("model_age",), 1, outcome=outcome)), sep=chr(10))
    2024-10-05  retrain (model_age), version 1 serves: 31 days old
    2024-10-06    rejected by test_f1: F1 is 0.4.  [churn-v1-2024-10-05]
    """
    serving = f"version {record.version} serves" if record.version else "no version serves"
    cause = f" ({record.cause})" if record.cause else ""
    lines = [f"{record.day}  {record.action}{cause}, {serving}: {record.reason}"]
    if record.window:
        lines.append(f"{record.day}    trained on {record.window}")
    if outcome := record.outcome:
        gates = f" by {', '.join(outcome.failed_gates)}" if outcome.failed_gates else ""
        lines.append(f"{outcome.day}    {outcome.status}{gates}: {outcome.reason}  [{record.id}]")
    return lines
