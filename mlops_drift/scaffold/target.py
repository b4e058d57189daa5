"""What the labels are: classes or numbers, and how late they come."""

from collections.abc import Mapping

from mlops_drift.drift.sentences import count
from mlops_drift.errors import UserError
from mlops_drift.scaffold.roles import Choices, Roles
from mlops_drift.scaffold.summary import Summary
from mlops_drift.scaffold.table import FileColumns
from mlops_drift.schema.columns import Target

# Whole numbers with more values than this are amounts, and so many texts are no classes.
MOST_NUMBERED, MOST_CLASSES = 10, 50
# Share of the labels that have come when one counts as due.
DUE = 0.9

_POSITIVE = ("yes", "y", "true", "t", "1", "positive", "fraud", "churned", "bad", "default")
_NEGATIVE = ("no", "n", "false", "f", "0", "negative", "none", "ok", "good", "-1")


def find_target(
    events: FileColumns, labels: FileColumns, roles: Roles, choices: Choices
) -> tuple[Target, dict[str, str]]:
    """The target, with reasons; a UserError if the labels are neither classes nor numbers."""
    values = labels.columns[roles.label]
    delay, delay_why = _delay(events, labels, roles)
    target, why = target_of(values, labels.path.name, choices.positive)
    return target.model_copy(update={"label_delay_days": delay}), {**why, "delay": delay_why}


def target_of(
    values: Summary, place: str, positive: str | None = None
) -> tuple[Target, dict[str, str]]:
    """The target that a column of labels is, without its delay, with reasons.

    A UserError that names the place says why it is none.
    """
    n, problem = values.distinct, values.problem
    counts = values.counts(MOST_CLASSES)
    if n < 2:
        problem = f"has {count(n, 'different value')}; there must be at least two"
    is_number = values.kind == "number" or (values.kind == "integer" and n > MOST_NUMBERED)
    if not problem and not is_number and n > MOST_CLASSES:
        most = f"a model of classes has at most {MOST_CLASSES}, a regression needs numbers"
        problem = f"has {n} different texts; {most}"
    if problem:
        raise UserError(f"{place}: the label {values.name!r} {problem}")
    if is_number:
        target = Target(column=values.name, kind="regression")
        return target, {"kind": f"numbers from {values.span}"}
    positive, positive_why = _positive(counts, positive)
    target = Target(
        column=values.name,
        kind="binary" if positive else "multiclass",
        classes=sorted(counts),
        positive=positive,
    )
    shown = list(counts.items())[:5]
    shares = ", ".join(f"{name} {rows / values.filled:.0%}" for name, rows in shown)
    regression = "; regression if they are amounts" if values.kind == "integer" else ""
    kind_why = f"{n} classes ({shares}){regression}"
    return target, {"kind": kind_why, "positive": positive_why}


def _positive(counts: Mapping[str, int], chosen: str | None) -> tuple[str | None, str]:
    """The positive one of two classes and why; None of more."""
    if chosen is not None and (len(counts) > 2 or chosen not in counts):
        classes = sorted(counts)
        raise UserError(f"--positive {chosen!r} is not one of two classes; found {classes}")
    if len(counts) > 2:
        return None, ""
    if chosen is not None:
        return chosen, "chosen with --positive"
    frequent, rare = counts
    for name, other in ((rare, frequent), (frequent, rare)):
        if name.lower() in _POSITIVE or other.lower() in _NEGATIVE:
            return name, f"by its name; {other!r} with --positive"
    return rare, f"the rarer class; {frequent!r} with --positive"


def _delay(events: FileColumns, labels: FileColumns, roles: Roles) -> tuple[int, str]:
    """Days after which nearly all labels have come, and what was found."""
    days = events.columns[roles.day].days.set_axis(events.columns[roles.key].texts)
    arrived = labels.columns[roles.label_day].days
    delays = (arrived - labels.columns[roles.key].texts.map(days)).dt.days.dropna()
    if delays.empty:
        raise UserError(
            f"no label of {labels.path.name} has the key {roles.key!r} and the day of an event of "
            f"{events.path.name}; choose other columns with --key, --day or --label-day"
        )
    least, most = int(delays.min()), int(delays.max())
    delay = max(0, int(delays.quantile(DUE, interpolation="higher")))
    early = int((delays < 0).sum())
    why = f"labels come {least} to {most} days after their event, {DUE:.0%} within {delay}"
    if least == most:
        why = f"all labels come {most} days after their event"
    return delay, why + (f"; {early} before it, which is odd" if early else "")
