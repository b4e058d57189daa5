"""A check begins to fail: one message for each episode."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import worst_of_each_subject
from mlops_drift.notifications.base import REASONS, Message, NotificationKind
from mlops_drift.notifications.events import facts_of, shortened
from mlops_drift.notifications.history import History
from mlops_drift.policy.decision import EPISODE_GAP_DAYS


class FailedCheck(NotificationKind):
    """One message for each episode of a failing check.

    An episode begins on the first day on which a check fails for a version. It ends when the check
    has passed and has not failed for more than `EPISODE_GAP_DAYS`, or on a day with verdicts about
    other versions only. Unknown days do not end it. The verdict of a day is that over all numbers.
    An episode has no message if one of its days already had one: earlier days may be filled in.

    >>> fail = CheckEvaluation(check="null_spike", day=date(2024, 10, 5), version=3, window=1,
    ...     production_day=date(2024, 10, 5), subject="age", verdict="fail", code="beyond_limit",
    ...     reason="age lost values: share of null went from 1.0 % to 9.0 %", value=0.08,
    ...     threshold=0.05, n=500)
    >>> history = History("churn", [fail], advice={"null_spike": "Look at the feed."})
    >>> [message] = FailedCheck().messages(history)
    >>> print(message.title)
    churn: null_spike fails since 2024-10-05
    >>> print(message.body)
    Version 3:
    - age lost values: share of null went from 1.0 % to 9.0 %
    <BLANKLINE>
    Look at the feed.
    """

    name = "failed_check"

    def messages(self, history: History) -> Iterator[Message]:
        """One message for each new episode, by check and day."""
        by_check: dict[str, list[CheckEvaluation]] = defaultdict(list)
        for evaluated in history.evaluations:
            by_check[evaluated.check].append(evaluated)
        for check, evaluations in sorted(by_check.items()):
            for episode in _episodes(evaluations):
                name = f"{history.model}-{check}"
                ids = [f"{name}-v{failed[0].version}-{failed[0].day}" for failed in episode]
                if set(ids).isdisjoint(history.sent):
                    yield self._begun(history, ids[0], episode[0])

    def _begun(self, history: History, name: str, failed: Sequence[CheckEvaluation]) -> Message:
        check, since, version = failed[0].check, failed[0].day, failed[0].version
        worst = worst_of_each_subject(failed)
        title = f"{history.model}: {check} fails since {since}"
        body = _body(worst, history.advice.get(check, ""))
        facts = {"check": check, "version": version, **facts_of(worst)}
        return self.message(history, name, since, title, body, "check.failed", **facts)


def _episodes(evaluations: Sequence[CheckEvaluation]) -> list[list[list[CheckEvaluation]]]:
    """The episodes of one check, each as the failed numbers of its failing days."""
    days: dict[date, dict[int, list[CheckEvaluation]]] = defaultdict(lambda: defaultdict(list))
    for evaluated in evaluations:
        days[evaluated.day][evaluated.version].append(evaluated)
    current: dict[int, list[list[CheckEvaluation]]] = {}
    passed: set[int] = set()
    begun = []
    for day in sorted(days):
        current = {version: current[version] for version in current.keys() & days[day].keys()}
        for version, found in sorted(days[day].items()):
            failed = [evaluated for evaluated in found if evaluated.verdict == "fail"]
            if failed:
                last = current[version][-1][0].day if version in current else None
                paused = last is not None and (day - last).days > EPISODE_GAP_DAYS
                if last is None or (paused and version in passed):
                    current[version] = []
                    begun.append(current[version])
                current[version].append(failed)
                passed.discard(version)
            elif any(evaluated.verdict == "pass" for evaluated in found):
                passed.add(version)
    return begun


def _body(worst: Sequence[CheckEvaluation], advice: str) -> str:
    reasons = [f"- {shortened(item.reason)}" for item in worst]
    more = [f"and {len(reasons) - REASONS} more"] if len(reasons) > REASONS else []
    return "\n".join([f"Version {worst[0].version}:", *reasons[:REASONS], *more, "", advice])
