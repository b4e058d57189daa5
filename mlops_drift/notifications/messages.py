"""What people are told about a model: one short message an episode."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from textwrap import shorten
from typing import Annotated, Literal

from pydantic import Field

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import worst_of_each_subject
from mlops_drift.policy.decision import EPISODE_GAP_DAYS, Action
from mlops_drift.schema.fields import Distinct, Strict
from mlops_drift.schema.verdicts import overall

Kind = Literal["failed_check", "decision", "promotion", "broken_check"]

# As much of a message as is read on a phone.
LONGEST_REASON = 240
REASONS = 3

ACTION_TITLES: Mapping[Action, str] = {
    "retrain": "retraining begins",
    "alert": "a retraining is due",
    "give_up": "no more retrainings",
    "wait": "the retraining waits",
    "nothing": "no retraining",
    "promote": "a version is promoted by hand",
    "rollback": "the champion is taken back",
}


class Notifications(Strict):
    """Who is told about a model, and of what.

    A receiver that is down gets its messages when it is up again.
    """

    urls: list[str] = Field(
        [],
        description="Apprise URLs of the receivers, such as `slack://${SLACK_TOKENS}/#models` or "
        "`json://alerts.example.com/`. `$NAME` and `${NAME}` stand for environment variables, read "
        "when a message is sent, whose values are percent-encoded where a URL asks for it. Without "
        "a URL nothing is sent.",
    )
    about: Annotated[list[Kind], Distinct] = Field(
        ["failed_check", "decision", "promotion", "broken_check"],
        description="What a message is sent about: failed_check, decision, promotion, "
        "broken_check.",
    )


@dataclass(frozen=True)
class Message:
    """A message in plain text.

    Attributes:
        id: names the episode: one that is looked at again makes the same id.
        day: the as-of day of what it is about.
    """

    id: str
    kind: Kind
    day: date
    title: str
    body: str


def failed_check_messages(
    model: str,
    verdicts: Iterable[CheckEvaluation],
    advice: Mapping[str, str],
    told: Collection[str] = (),
) -> list[Message]:
    """One message for each episode of a failing check.

    An episode begins on the first day on which a check fails for a version. It ends when the check
    has passed and has not failed for more than `EPISODE_GAP_DAYS`, or when a day has verdicts about
    other versions only; days on which the check is unknown do not end it. The check of a day is the
    verdict over all its numbers.

    Args:
        model: name of the model.
        verdicts: every verdict since before the episodes began, in any order.
        advice: by check, why its failure matters and what to do next.
        told: ids of earlier messages. An episode that one of them is about, which may have begun
            on a later day before earlier days were filled in, has no other.

    Returns:
        The messages, ordered by day, check and version.

    >>> fail = CheckEvaluation(check="null_spike", day=date(2024, 10, 5), version=3, window=1,
    ...     production_day=date(2024, 10, 5), subject="age", verdict="fail", code="beyond_limit",
    ...     reason="age lost values: share of null went from 1.0 % to 9.0 %", value=0.08,
    ...     threshold=0.05, n=500)
    >>> [message] = failed_check_messages("churn", [fail], {"null_spike": "Look at the feed."})
    >>> message.id
    'churn-null_spike-v3-2024-10-05'
    >>> print(message.title)
    churn: null_spike fails since 2024-10-05
    >>> print(message.body)
    Version 3:
    - age lost values: share of null went from 1.0 % to 9.0 %
    <BLANKLINE>
    Look at the feed.
    """
    by_check: dict[str, list[CheckEvaluation]] = defaultdict(list)
    for evaluated in verdicts:
        by_check[evaluated.check].append(evaluated)
    messages = []
    for check in sorted(by_check):
        for episode in _episodes(by_check[check]):
            ids = [_episode_id(model, failed[0]) for failed in episode]
            if set(ids).isdisjoint(told):
                messages.append(_failed_check_message(model, ids[0], episode[0], advice))
    return sorted(messages, key=lambda message: message.day)


def _episodes(verdicts: Sequence[CheckEvaluation]) -> list[list[list[CheckEvaluation]]]:
    """The episodes of one check, each as the failed numbers of its failing days."""
    days: dict[date, dict[int, list[CheckEvaluation]]] = defaultdict(lambda: defaultdict(list))
    for evaluated in verdicts:
        days[evaluated.day][evaluated.version].append(evaluated)
    current: dict[int, list[list[CheckEvaluation]]] = {}
    passed: set[int] = set()
    begun = []
    for day in sorted(days):
        current = {version: current[version] for version in current.keys() & days[day].keys()}
        for version, judged in sorted(days[day].items()):
            verdict = overall([evaluated.verdict for evaluated in judged])
            if verdict == "pass":
                passed.add(version)
            elif verdict == "fail":
                failed = [evaluated for evaluated in judged if evaluated.verdict == "fail"]
                last = current[version][-1][0].day if version in current else None
                paused = last is not None and (day - last).days > EPISODE_GAP_DAYS
                if last is None or (paused and version in passed):
                    current[version] = []
                    begun.append(current[version])
                current[version].append(failed)
                passed.discard(version)
    return begun


def _episode_id(model: str, failed: CheckEvaluation) -> str:
    return f"{model}-{failed.check}-v{failed.version}-{failed.day}"


def _failed_check_message(
    model: str, name: str, failed: Sequence[CheckEvaluation], advice: Mapping[str, str]
) -> Message:
    first = failed[0]
    worst = worst_of_each_subject(failed)
    reasons = [f"- {_short(evaluated.reason)}" for evaluated in worst]
    more = [f"and {len(reasons) - REASONS} more"] if len(reasons) > REASONS else []
    lines = [f"Version {first.version}:", *reasons[:REASONS], *more, "", advice[first.check]]
    return Message(
        name,
        "failed_check",
        first.day,
        f"{model}: {first.check} fails since {first.day}",
        "\n".join(lines),
    )


def decision_message(
    model: str,
    decision: str,
    day: date,
    action: Action,
    rules: Sequence[str],
    version: int | None,
    reason: str,
) -> Message:
    """What the policy decided, and why.

    Args:
        model: name of the model.
        decision: id of the decision.
        day: its as-of day.
        action: what is done.
        rules: the checks or rules that it answers.
        version: the champion that it is about; None before the first one.
        reason: why, in one sentence or a few.

    >>> message = decision_message("churn", "churn-v3-2024-10-05", date(2024, 10, 5), "retrain",
    ...     ["performance_drop"], 3, "accuracy fell to 0.700")
    >>> print(message.title)
    churn: retraining begins
    >>> print(message.body)
    About version 3, on 2024-10-05, because of performance_drop.
    accuracy fell to 0.700
    """
    about = "About the first version" if version is None else f"About version {version}"
    because = f", because of {', '.join(rules)}" if rules else ""
    return Message(
        f"{decision}-decided",
        "decision",
        day,
        f"{model}: {ACTION_TITLES[action]}",
        f"{about}, on {day}{because}.\n{_short(reason, REASONS * LONGEST_REASON)}",
    )


def promotion_message(
    model: str,
    decision: str,
    day: date,
    rules: Sequence[str],
    version: int | None,
    challenger: int,
    reason: str,
) -> Message:
    """Which version serves from now on.

    Args:
        model: name of the model.
        decision: id of the decision that the promotion carries out.
        day: the day at whose end the challenger was promoted.
        rules: the checks or rules that asked for it.
        version: the champion before; None if there was none.
        challenger: the version that was promoted.
        reason: why it was promoted, in one sentence or a few.

    >>> message = promotion_message("churn", "churn-v3-2024-10-05", date(2024, 10, 5),
    ...     ["performance_drop"], 3, 4, "accuracy 0.910 on recent rows, version 3 has 0.700")
    >>> print(message.title)
    churn: version 4 is champion
    >>> print(message.body)
    It serves after 2024-10-05 in place of version 3, because of performance_drop.
    accuracy 0.910 on recent rows, version 3 has 0.700
    """
    before = "as the first version" if version is None else f"in place of version {version}"
    because = f", because of {', '.join(rules)}" if rules else ""
    return Message(
        f"{decision}-v{challenger}-promoted",
        "promotion",
        day,
        f"{model}: version {challenger} is champion",
        f"It serves after {day} {before}{because}.\n{_short(reason, REASONS * LONGEST_REASON)}",
    )


def outcome_message(
    model: str,
    decision: str,
    day: date,
    outcome: Literal["rejected", "failed", "waiting"],
    challenger: int | None,
    reason: str,
) -> Message:
    """What came of a decision to retrain, where nothing was promoted.

    Args:
        model: name of the model.
        decision: id of the decision.
        day: the day of the outcome.
        outcome: whether the challenger was refused, its training failed, or it waits for a person.
        challenger: the version that was trained; None if it did not come to one.
        reason: why, in one sentence or a few.

    >>> message = outcome_message("churn", "churn-v3-2024-10-05", date(2024, 10, 5), "waiting", 4,
    ...     "all gates passed")
    >>> print(message.title)
    churn: version 4 waits for approval
    >>> print(message.body)
    all gates passed
    Look at it, then approve or reject it: materialize champion, or mlops-drift approve churn.
    """
    name = "the challenger" if challenger is None else f"version {challenger}"
    said, then = {
        "rejected": ("was refused", "The champion serves on; new labels are needed for another."),
        "failed": (
            "failed in training",
            "Who serves, serves on; it is tried again with new labels, or when its rows, the "
            "code or the description have changed.",
        ),
        "waiting": (
            "waits for approval",
            "Look at it, then approve or reject it: materialize champion, or mlops-drift approve "
            f"{model}.",
        ),
    }[outcome]
    return Message(
        f"{decision}-{outcome}",
        "decision",
        day,
        f"{model}: {name} {said}",
        f"{_short(reason, REASONS * LONGEST_REASON)}\n{then}",
    )


def broken_check_message(model: str, run_id: str, step: str, day: date, error: str) -> Message:
    """A check that raised: it gave no verdict. A retry that breaks too is the same episode.

    Args:
        model: name of the model.
        run_id: the run that failed.
        step: the step of the run that raised.
        day: the day that the run was about.
        error: what was raised.

    >>> message = broken_check_message("churn", "8a1f", "drift_metrics", date(2024, 10, 5),
    ...     "LakeError: table monitoring.churn_drift: ...")
    >>> print(message.title)
    churn: drift_metrics broke on 2024-10-05
    >>> print(message.body)
    LakeError: table monitoring.churn_drift: ...
    <BLANKLINE>
    Its checks have no verdict: nothing retrains because of them, and nothing is known to be well.
    Look at run 8a1f, then run the day again.
    """
    return Message(
        f"{model}-{step}-broken-{day}",
        "broken_check",
        day,
        f"{model}: {step} broke on {day}",
        f"{_short(error)}\n\n"
        "Its checks have no verdict: nothing retrains because of them, and nothing is known to be "
        f"well.\nLook at run {run_id}, then run the day again.",
    )


def missing_file_messages(
    model: str, missing: Iterable[tuple[date, str, str]], told: Collection[str] = ()
) -> list[Message]:
    """One message for each episode of days without a file, of events and of labels each.

    An episode ends with `EPISODE_GAP_DAYS` days that have their files.

    Args:
        model: name of the model.
        missing: day, `events` or `labels`, and the file.
        told: ids of earlier messages; an episode that one of them is about has no other.

    >>> missing = [(date(2024, 3, 4), "events", "e/2024-03-04.csv")]
    >>> [message] = missing_file_messages("churn", missing)
    >>> print(message.title)
    churn: no file of events since 2024-03-04
    >>> print(message.body)
    e/2024-03-04.csv is missing; other days run without it.
    Put it there: the next run takes it in, and makes again what was made without it.
    """
    messages = []
    begun: dict[str, date] = {}
    for day, source, file in sorted(missing):
        since = begun.get(source, date.min)
        begun[source] = day
        before = (day - timedelta(days=number) for number in range(EPISODE_GAP_DAYS + 1))
        ids = [f"{model}-{source}-missing-{earlier}" for earlier in before]
        if (day - since).days > EPISODE_GAP_DAYS and set(ids).isdisjoint(told):
            messages.append(
                Message(
                    ids[0],
                    "broken_check",
                    day,
                    f"{model}: no file of {source} since {day}",
                    f"{_short(file)} is missing; other days run without it.\nPut it there: the "
                    "next run takes it in, and makes again what was made without it.",
                )
            )
    return messages


def _short(text: str, limit: int = LONGEST_REASON) -> str:
    return shorten(text, limit, placeholder=" …")
