"""The retraining policy: a pure function from evidence and history to a decision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.decision import (
    NO_CHAMPION,
    PAUSED,
    Action,
    Decision,
    DecisionRecord,
    kind_of,
)
from mlops_drift.policy.situation import (
    CONFIRMATION_DAYS,
    NO_DAY_YET,
    Evidence,
    Situation,
    first_of_episode,
    triggers_of,
    waiting_for_approval,
)


def decide(
    model: str,
    evidence: Evidence,
    history: Sequence[DecisionRecord],
    policy: RetrainingPolicy,
    awaited: str = "",
) -> Decision:
    """Decides whether to retrain.

    A decision under way is given again, so that it can be taken up after a kill. Without a
    champion the first version is trained once there are enough labelled rows. With one, failures
    of the checks in `retrain_on`, after the cooldown and since the last decision, are one drift
    episode and lead to one retraining, those of drift once a second day has confirmed them. It
    waits for new labels, for a row of every class, and for the budget. Once `give_up_after`
    challengers of one champion were rejected because of each of the checks, it pauses and asks for
    a person, until another check fails.

    A training that failed counts as a rejected challenger, until the rows, the code or the
    description by which it failed have changed.

    Where versions come from elsewhere, `awaited` says why none serves yet.
    """
    under_way = [past for past in history if past.is_under_way(evidence.champion)]
    if under_way:
        return under_way[-1]
    now = Situation(model, evidence, history, policy)
    if evidence.champion is not None:
        decision = _retraining(now)
    else:
        decision = _first_training(now)
        if awaited:
            decision = replace(_idle(now, "wait", awaited), kind="none")
    # Under an id of its own, if one that failed has had it.
    failed = [past.id for past in history if past.status == "failed"]
    name, number = decision.id, 1
    while name in failed:
        number += 1
        name = f"{decision.id}-{number}"
    return replace(decision, id=name)


def _first_training(now: Situation) -> Decision:
    day, labelled, policy = now.evidence.day, now.evidence.complete_rows, now.policy
    trained = [past.labelled for past in now.mine if past.status not in (None, "promoted")]
    needed = max([policy.first_training_rows, *(n + policy.min_new_labels for n in trained)])
    if pause := _paused(now, (NO_CHAMPION,)):
        return pause
    if awaited := _awaited(now):
        return _idle(now, "nothing", awaited)
    obstacle = (
        _first_version_cools(now)
        if day <= now.cooldown_until
        else f"{labelled} of {needed} labelled rows for a first version"
        if labelled < needed
        else _obstacle(now)
    )
    if obstacle:
        return _idle(now, "wait", obstacle)
    reason = f"no version serves, and {labelled} of {needed} labelled rows are there"
    found = CheckEvaluation(
        day=day,
        check=NO_CHAMPION,
        production_day=day,
        version=0,
        subject="labelled rows",
        window=0,
        verdict="fail",
        code=NO_CHAMPION,
        reason=reason,
        value=labelled,
        threshold=needed,
        n=labelled,
    )
    decision = replace(
        _decision(now, "retrain", reason, day, (), [found]),
        candidates=now.candidates,
        labelled=labelled,
    )
    if policy.mode == "retrain":
        return decision
    if alerted := [past for past in now.mine if past.action == "alert"]:
        reason = f"no version serves; mode is alert, and {alerted[-1].id} has reported it"
        return _idle(now, "nothing", reason)
    reason += "; mode is alert: train the first version by hand"
    return replace(decision, action="alert", reason=reason)


def _first_version_cools(now: Situation) -> str:
    if now.last_has_failed:
        return (
            f"a first training failed: the next one starts after {now.cooldown_until}, or when "
            "these rows, the code or the description have changed"
        )
    return f"a first version was rejected: the next one is trained after {now.cooldown_until}"


def _retraining(now: Situation) -> Decision:
    if not now.fresh:
        return _idle(now, "nothing", _no_news(now))
    if awaited := _awaited(now):
        return _idle(now, "nothing", awaited)
    if not now.confirmed:
        reason = (
            f"{', '.join(triggers_of(now.fresh))} failed on too few days to rule out chance: "
            f"{now.policy.confirm_days} of the last {CONFIRMATION_DAYS} are needed. "
            f"{_because(now.fresh)}"
        )
        return _idle(now, "wait", reason, triggers_of(now.fresh))
    triggers = triggers_of(now.confirmed)
    if pause := _paused(now, triggers):
        return pause
    if now.policy.mode == "alert":
        return _alert(now)
    if obstacle := _few_new_labels(now) or _obstacle(now):
        return _idle(now, "wait", obstacle, triggers)
    since = min(check.day for check in now.confirmed)
    return replace(
        _decision(now, "retrain", _because(now.confirmed), since, triggers, now.confirmed),
        candidates=now.candidates,
        labelled=now.evidence.rows,
    )


def _no_news(now: Situation) -> str:
    """Why a champion without a fresh failure is left alone."""
    name, decided, cool = f"version {now.evidence.version}", now.decided_until, now.cooldown_until
    if not now.failed:
        return f"no failed check of {name} that may retrain"
    if awaited := _awaited(now):
        return awaited
    if all(check.day <= decided for check in now.failed):
        return f"the failed checks of {name} were decided on {decided}"
    if now.evidence.day <= cool:
        return f"{name} is in its cooldown until {cool}: its failed checks only alert"
    return f"no new failed check of {name} since {max(decided, cool)}"


def _awaited(now: Situation) -> str:
    """Why no other challenger is trained; empty where none waits."""
    waiting = waiting_for_approval(now.mine)
    return f"a challenger waits for approval since {waiting.day} ({waiting.id})" if waiting else ""


def _few_new_labels(now: Situation) -> str:
    """Why another training waits for labels; empty where there are enough."""
    new, needed = now.new_labels, now.policy.min_new_labels
    if new >= needed:
        return ""
    since = "few labels since the last training"
    if any(past.brought_no_champion for past in now.mine):
        since = "a training failed" if now.last_has_failed else "a challenger was rejected"
    return f"{since}; {max(new, 0)} of {needed} new labels for another"


def _obstacle(now: Situation) -> str:
    """What any training waits for; empty if for nothing.

    That is rows that have all columns, a row of every class, and the budget.
    """
    missing, budget = ", ".join(now.evidence.missing_classes), now.policy.budget
    needed, since = now.policy.first_training_rows, now.evidence.columns_since
    if since == NO_DAY_YET:
        return "a declared column has not landed so far; no row can be learned from"
    if since and now.evidence.complete_rows < needed:
        return (
            f"{now.evidence.complete_rows} of {needed} labelled rows have all declared columns, "
            f"which are kept since {since}"
        )
    if missing:
        return f"no labelled row of class {missing} yet"
    if budget is None:
        return ""
    since = now.evidence.day - timedelta(days=budget.days)
    spent = now.retrainings_since(since)
    if spent < budget.retrainings:
        return ""
    return f"{spent} retrainings since {since}: the budget of {budget.days} days is spent"


def _alert(now: Situation) -> Decision:
    """In the mode `alert`, an episode that goes on is reported once."""
    alerts = [past for past in now.mine if past.action == "alert"]
    reported = set()
    for name in triggers_of(now.confirmed):
        since = first_of_episode([each.day for each in now.failed if each.check == name])
        found = {each.reason for each in now.confirmed if each.check == name}
        if any(
            name in past.triggers
            and (past.day >= since or found <= {each.reason for each in past.evidence})
            for past in alerts
        ):
            reported.add(name)
    news = [check for check in now.confirmed if check.check not in reported]
    if not news:
        fail, they = ("fails", "it was") if len(reported) == 1 else ("fail", "they were")
        names = ", ".join(sorted(reported))
        reason = f"{names} still {fail}; mode is alert, and {they} reported"
        return _idle(now, "nothing", reason)
    reason = f"{_because(news)}; mode is alert: nothing is trained"
    return _decision(now, "alert", reason, now.evidence.day, triggers_of(news), news)


def _paused(now: Situation, rules: tuple[str, ...]) -> Decision | None:
    """Once each of the rules has had its share of rejected challengers."""
    rejected = now.rejected(rules)
    if not rejected:
        return None
    before = [past for past in now.mine if past.action == "give_up"]
    if {rule for past in before for rule in past.rules}.issuperset(rules):
        reason = f"{PAUSED} {before[-1].day}; promote a version by hand, or raise give_up_after"
        return _idle(now, "nothing", reason)
    version, day = now.evidence.version, now.evidence.day
    whom = f"version {version}" if version else "a first version"
    causes = ", ".join(rules) if version else "first training"
    failed = sum(past.status == "failed" for past in rejected)
    why = (
        f"See why {failed} of them failed in training, and why gates rejected others"
        if failed
        else "See why the gates rejected them"
    )
    reason = (
        f"paused, needs a person: {len(rejected)} challengers in place of {whom} were rejected "
        f"({causes}), the last on {rejected[-1].day}. {why}, then promote a version by hand or "
        "change gates, features or policy"
    )
    return _decision(now, "give_up", reason, f"{day}-gave-up", rules if version else ())


def _because(failed: Sequence[CheckEvaluation]) -> str:
    """The reason of the worst evaluation of each check."""
    worst = {item.check: item.reason for item in reversed(worst_first(failed))}
    return "; ".join(worst[check] for check in sorted(worst))


def _decision(
    now: Situation,
    action: Action,
    reason: str,
    since: object,
    triggers: tuple[str, ...],
    evidence: Sequence[CheckEvaluation] = (),
) -> Decision:
    """A decision about the champion, or a first version, in the episode that began on a day."""
    version = now.evidence.version
    return Decision(
        action,
        reason,
        now.evidence.day,
        f"{now.model}-v{version or 0}-{since}",
        "first" if version is None else kind_of(triggers, now.evidence.confirm),
        triggers,
        version,
        evidence=tuple(evidence),
    )


def _idle(now: Situation, action: Action, reason: str, triggers: tuple[str, ...] = ()) -> Decision:
    """Nothing is done at the end of this day; the evidence is kept all the same."""
    day, version = now.evidence.day, now.evidence.version
    awaits_first = action == "wait" and version is None
    return Decision(
        action,
        reason,
        day,
        f"{now.model}-{day}-{action}",
        "first" if awaits_first else kind_of(triggers, now.evidence.confirm),
        triggers,
        version,
        labelled=now.evidence.rows,
        evidence=tuple(check for check in now.evidence.failed if check.day == day),
    )
