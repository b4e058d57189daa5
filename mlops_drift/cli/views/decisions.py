"""The decisions about a model on the terminal: a line each, or the whole log."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from mlops_drift.console import fixed, long_text, print_table, shortened, table_of
from mlops_drift.lifecycle.spans import Span
from mlops_drift.policy.decision import IDLE, Action
from mlops_drift.schema.days import span as days_of

# Decisions that a table shows, the newest.
_SHOWN = 12

_WORDS: Mapping[Action, str] = {"wait": "waits", "give_up": "paused"}


def print_decisions(console: Console, model: str, spans: Sequence[Span]) -> None:
    """Prints the newest decisions and waits, a line each; the log has all of them."""
    if not spans:
        console.print("No decisions yet.")
        return
    columns = *fixed("days", "decision"), long_text("why", 12), long_text("outcome", 8)
    table = table_of(*columns)
    for one in spans[-_SHOWN:]:
        because = f"{one.record.cause or ', '.join(one.triggers)}: {one.reason}"
        row = days_of(one.first, one.last).replace(" to ", "\nto "), _word(one.action)
        table.add_row(*row, shortened(because.removeprefix(": ")), Text(_outcome(one)))
    print_table(console, table, "Decisions")
    earlier = len(spans) - _SHOWN
    more = f"{earlier} earlier ones and all " if earlier > 0 else "All "
    console.print(Text(f"{more}reasons: mlops-drift log {model}", "dim"))


def _word(action: Action) -> str:
    return _WORDS.get(action, action)


def _outcome(span: Span) -> str:
    """What became of a decision, in a few words."""
    record = span.record
    if record.outcome is None:
        return "under way" if span.action == "retrain" else ""
    version = f" v{record.challenger}" if record.challenger else ""
    gates = f" by {', '.join(record.outcome.failed_gates)}" if record.outcome.failed_gates else ""
    return f"{record.status}{version}{gates}"


def log_lines(model: str, spans: Sequence[Span], width: int) -> Iterator[str]:
    """The decisions about a model in their order, each with its outcome; waits are one line.

    What did something ends a group: a wait, then what came after it.

    >>> from datetime import date
    >>> from mlops_drift.lifecycle.spans import acted_and_waited
    >>> from mlops_drift.policy.decision import DecisionRecord, Outcome
    >>> outcome = Outcome("rejected", date(2024, 10, 6), "F1 is 0.4.", 2, ("test_f1",))
    >>> spans = acted_and_waited([DecisionRecord("retrain", "31 days old", date(2024, 10, 5),
    ...     "churn-v1-2024-10-05", "age", ("model_age",), 1, outcome=outcome)])
    >>> print(*log_lines("churn", spans, 60), sep=chr(10))
    2024-10-05  retrain (model_age), version 1 serves
      31 days old
      2024-10-06 rejected by test_f1: F1 is 0.4.
      [churn-v1-2024-10-05]
    """
    if not spans:
        yield f"{model}: no decisions yet"
    for number, one in enumerate(spans):
        if number and spans[number - 1].action not in IDLE:
            yield ""
        record, days = one.record, days_of(one.first, one.last)
        serving = f"version {record.version} serves" if record.version else "no version serves"
        why = record.cause or ", ".join(one.triggers)
        head = f"{days}  {_word(one.action)}{f' ({why})' if why else ''}, {serving}"
        if one.action in IDLE:
            yield from _wrapped(f"{head}: {one.reason}", width, "")
            continue
        yield from _wrapped(head, width, "")
        yield from _wrapped(one.reason, width, "  ")
        if record.window:
            yield from _wrapped(f"trained on {record.window}", width, "  ")
        if outcome := record.outcome:
            gates = f" by {', '.join(outcome.failed_gates)}" if outcome.failed_gates else ""
            result = f"{outcome.day} {outcome.status}{gates}: {outcome.reason}"
            yield from _wrapped(result, width, "  ")
        yield f"  [{record.id}]"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    """Lines of at most a width, except for longer words; all but the first further indented."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
