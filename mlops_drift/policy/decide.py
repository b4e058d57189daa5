"""The retraining policy: a pure function from evidence and history to a decision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.policy import reasons
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.decision import (
    NO_CHAMPION,
    Action,
    Decision,
    DecisionRecord,
    kind_of,
)
from mlops_drift.policy.evidence import Evidence, triggers_of
from mlops_drift.policy.history import (
    about,
    confirmed_failures,
    cooldown_until,
    enough_rejections,
    failures_that_may_retrain,
    first_of_episode,
    fresh_failures,
    new_labels,
    retrainings_since,
    standing,
)
from mlops_drift.policy.windows import candidates


def decide(
    model: str, evidence: Evidence, history: Sequence[DecisionRecord], policy: RetrainingPolicy
) -> Decision:
    """Decides whether to retrain.

    A decision under way is given again, so that it can be taken up after a kill. Without a
    champion the first version is trained once there are enough labelled rows. With one, failures
    of the checks in `retrain_on`, after the cooldown and since the last decision, are one drift
    episode and lead to one retraining, those of drift once a second day has confirmed them. It
    waits for new labels, for a row of every class, and for the budget. Once `give_up_after`
    challengers of one champion were rejected because of each of the checks, it pauses and asks for
    a person, until another check fails.

    A decision whose training failed counts as a rejected challenger does, as long as the rows, the
    code and the description are those by which it failed; when they have changed, it is as if it
    had never been.

    Args:
        model: name of the model.
        evidence: what was known at the end of the day.
        history: all decisions on this model so far that led to something.
        policy: the rules.
    """
    under_way = [past for past in history if past.is_under_way(evidence.champion)]
    if under_way:
        return under_way[-1]
    first = evidence.champion is None
    rule = _first_training if first else _retraining
    return _numbered(rule(model, evidence, standing(history), policy), history)


def _numbered(decision: Decision, history: Sequence[DecisionRecord]) -> Decision:
    """The decision under an id of its own, if one that failed has had it."""
    failed = [past.id for past in history if past.status == "failed"]
    name, number = decision.id, 1
    while name in failed:
        number += 1
        name = f"{decision.id}-{number}"
    return replace(decision, id=name)


def _first_training(
    model: str, evidence: Evidence, history: Sequence[DecisionRecord], policy: RetrainingPolicy
) -> Decision:
    day, labelled = evidence.day, evidence.rows
    mine = about(None, history)
    trained = [past.labelled for past in mine if past.status not in (None, "promoted")]
    needed = max([policy.first_training_rows, *(n + policy.min_new_labels for n in trained)])
    pause = _paused(model, evidence, mine, (NO_CHAMPION,), policy)
    if pause is not None:
        return pause
    if awaited := reasons.awaits_approval(mine):
        return _idle("nothing", model, evidence, awaited)
    cool = cooldown_until(None, mine, policy)
    obstacle = (
        reasons.first_version_cools(mine, cool)
        if day <= cool
        else f"{labelled} of {needed} labelled rows for a first version"
        if labelled < needed
        else _obstacle(evidence, history, policy)
    )
    if obstacle:
        return _idle("wait", model, evidence, obstacle)
    alerted = [past for past in mine if past.action == "alert"]
    if policy.mode == "alert" and alerted:
        reason = f"no version serves; mode is alert, and {alerted[-1].id} has reported it"
        return _idle("nothing", model, evidence, reason)
    reason = f"no version serves, and {labelled} of {needed} labelled rows are there"
    by_hand = "; mode is alert: train the first version by hand"
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
    return Decision(
        "alert" if policy.mode == "alert" else "retrain",
        reason + by_hand if policy.mode == "alert" else reason,
        day,
        f"{model}-v0-{day}",
        kind="first",
        candidates=candidates(evidence, policy),
        labelled=labelled,
        evidence=(found,),
    )


def _retraining(
    model: str, evidence: Evidence, history: Sequence[DecisionRecord], policy: RetrainingPolicy
) -> Decision:
    mine = about(evidence.version, history)
    failed = failures_that_may_retrain(evidence, policy)
    fresh = fresh_failures(evidence, history, policy)
    if not fresh:
        reason = reasons.no_news(evidence, failed, mine, policy)
        return _idle("nothing", model, evidence, reason)
    if awaited := reasons.awaits_approval(mine):
        return _idle("nothing", model, evidence, awaited)
    confirmed = confirmed_failures(fresh, evidence, policy)
    if not confirmed:
        return _idle("wait", model, evidence, reasons.unconfirmed(fresh, policy))
    triggers = triggers_of(confirmed)
    pause = _paused(model, evidence, mine, triggers, policy)
    if pause is not None:
        return pause
    if policy.mode == "alert":
        return _alert(model, evidence, mine, failed, confirmed)
    new = new_labels(evidence, history, mine)
    obstacle = (
        reasons.few_new_labels(new, mine, policy)
        if new < policy.min_new_labels
        else _obstacle(evidence, history, policy)
    )
    if obstacle:
        return _idle("wait", model, evidence, obstacle)
    return Decision(
        "retrain",
        reasons.failed_because(confirmed),
        evidence.day,
        f"{model}-v{evidence.version}-{min(check.day for check in confirmed)}",
        kind_of(triggers, evidence.confirm),
        triggers,
        evidence.version,
        candidates(evidence, policy),
        evidence.rows,
        tuple(confirmed),
    )


def _obstacle(
    evidence: Evidence, history: Sequence[DecisionRecord], policy: RetrainingPolicy
) -> str:
    """What any training waits for: a row of every class, and the budget; empty if nothing."""
    missing, budget = ", ".join(evidence.missing_classes), policy.budget
    if missing:
        return f"no labelled row of class {missing} yet"
    if budget is None:
        return ""
    since = evidence.day - timedelta(days=budget.days)
    spent = retrainings_since(history, since)
    if spent < budget.retrainings:
        return ""
    return f"{spent} retrainings since {since}: the budget of {budget.days} days is spent"


def _alert(
    model: str,
    evidence: Evidence,
    mine: Sequence[DecisionRecord],
    failed: Sequence[CheckEvaluation],
    fresh: Sequence[CheckEvaluation],
) -> Decision:
    """In the mode `alert`, an episode that goes on is reported once."""
    reported = {
        name
        for name in triggers_of(fresh)
        if any(
            past.action == "alert"
            and name in past.triggers
            and past.day >= first_of_episode([each.day for each in failed if each.check == name])
            for past in mine
        )
    }
    news = [check for check in fresh if check.check not in reported]
    if not news:
        reason = f"{', '.join(sorted(reported))} still fails; mode is alert, and it was reported"
        return _idle("nothing", model, evidence, reason)
    return Decision(
        "alert",
        f"{reasons.failed_because(news)}; mode is alert: nothing is trained",
        evidence.day,
        f"{model}-v{evidence.version}-{evidence.day}",
        kind_of(triggers_of(news), evidence.confirm),
        triggers_of(news),
        evidence.version,
        evidence=tuple(news),
    )


def _paused(
    model: str,
    evidence: Evidence,
    mine: Sequence[DecisionRecord],
    rules: tuple[str, ...],
    policy: RetrainingPolicy,
) -> Decision | None:
    """Once each of the rules has had its share of rejected challengers."""
    rejected = enough_rejections(mine, rules, policy)
    if not rejected:
        return None
    before = [past for past in mine if past.action == "give_up"]
    if {rule for past in before for rule in past.rules}.issuperset(rules):
        reason = f"paused since {before[-1].day}; promote a version by hand, or raise give_up_after"
        return _idle("nothing", model, evidence, reason)
    first = evidence.champion is None
    return Decision(
        "give_up",
        reasons.paused(rejected, evidence.version, "first training" if first else ", ".join(rules)),
        evidence.day,
        f"{model}-v{evidence.version or 0}-{evidence.day}-gave-up",
        "first" if first else kind_of(rules, evidence.confirm),
        () if first else rules,
        evidence.version,
    )


def _idle(action: Action, model: str, evidence: Evidence, reason: str) -> Decision:
    """Nothing is done at the end of this day; the evidence is kept all the same."""
    return Decision(
        action,
        reason,
        evidence.day,
        f"{model}-{evidence.day}-{action}",
        version=evidence.version,
        labelled=evidence.rows,
        evidence=tuple(check for check in evidence.failed if check.day == evidence.day),
    )
