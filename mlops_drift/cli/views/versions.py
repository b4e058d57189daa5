"""The decision log and a chain of lineage as text."""

from collections.abc import Iterator, Sequence

from mlops_drift.lifecycle.lineage import Link
from mlops_drift.policy.decision import DecisionRecord

# Rows of one link that are shown.
_SHOWN = 30


def log_lines(model: str, records: Sequence[DecisionRecord]) -> Iterator[str]:
    """The decisions about a model in their order, each with its outcome.

    >>> from datetime import date
    >>> from mlops_drift.policy.decision import Outcome
    >>> outcome = Outcome("rejected", date(2024, 10, 6), "F1 is 0.4.", 2, ("test_f1",))
    >>> print(*log_lines("churn", [DecisionRecord("retrain", "31 days old", date(2024, 10, 5),
    ...     "churn-v1-2024-10-05", "age", ("model_age",), 1, outcome=outcome)]), sep=chr(10))
    2024-10-05  retrain (model_age), version 1 serves: 31 days old
    2024-10-06    rejected by test_f1: F1 is 0.4.  [churn-v1-2024-10-05]
    """
    if not records:
        yield f"{model}: no decisions yet"
    for record in records:
        serving = f"version {record.version} serves" if record.version else "no version serves"
        cause = f" ({record.cause})" if record.cause else ""
        yield f"{record.day}  {record.action}{cause}, {serving}: {record.reason}"
        if record.window:
            yield f"{record.day}    trained on {record.window}"
        if outcome := record.outcome:
            gates = f" by {', '.join(outcome.failed_gates)}" if outcome.failed_gates else ""
            yield f"{outcome.day}    {outcome.status}{gates}: {outcome.reason}  [{record.id}]"


def lineage_lines(title: str, chain: Sequence[Link]) -> Iterator[str]:
    """The lines of a chain, each link with its facts below it.

    >>> from datetime import date
    >>> chain = [Link("served by", rows=[{"version": 2, "predictions": 50}]), Link("labels")]
    >>> print(*lineage_lines("churn, 2024-10-05", chain), sep=chr(10))
    churn, 2024-10-05
    served by
      version 2, predictions 50
    labels
      none
    """
    yield title
    for link in chain:
        yield link.what
        for name, value in link.facts.items():
            if value is not None:
                yield f"  {name}: {_text(value)}"
        for row in link.rows[:_SHOWN]:
            text = ", ".join(
                f"{name} {_text(value)}" for name, value in row.items() if value not in ("", None)
            )
            yield f"  {text}"
        if len(link.rows) > _SHOWN:
            yield f"  … and {len(link.rows) - _SHOWN} more"
        if not link.facts and not link.rows:
            yield "  none"


def _text(value: object) -> str:
    if isinstance(value, float):
        # All digits: a value is traced here.
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_text(item)}" for name, item in value.items())
    return str(value)
