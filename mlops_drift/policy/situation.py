"""What the policy decides on: evidence, earlier decisions and rules, and what follows from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from mlops_drift.learning.gates.beats_champion import BeatsChampion
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.registry import Monitors, monitors_of
from mlops_drift.policy.config import RetrainingPolicy, TrainingWindow
from mlops_drift.policy.decision import (
    COLUMNS_CHANGED,
    EPISODE_GAP_DAYS,
    Champion,
    DecisionRecord,
)

SHIPPED = monitors_of(Monitors())

# The first day of what no day has had so far.
NO_DAY_YET = date.max

# Within so many days a second failing day confirms the first.
CONFIRMATION_DAYS = 28


@dataclass(frozen=True)
class Evidence:
    """What was known at the end of a day.

    Attributes:
        failed: failed evaluations of the champion, up to `day`.
        labelled: labelled rows by day of the event.
        missing_classes: classes of the target that no labelled row has.
        confirm: checks that fail by chance on some days, so that a second day must confirm them.
        realized: checks whose production day tells when the world changed.
        columns_since: the first day since which all declared columns are kept; None where all
            days have them, `NO_DAY_YET` where none has.
    """

    day: date
    champion: Champion | None
    failed: Sequence[CheckEvaluation]
    labelled: Mapping[date, int]
    missing_classes: Sequence[str] = ()
    confirm: frozenset[str] = frozenset(one.name for one in SHIPPED if one.confirm)
    realized: frozenset[str] = frozenset(one.name for one in SHIPPED if one.realized)
    columns_since: date | None = None

    @property
    def version(self) -> int | None:
        """The version that serves."""
        return self.champion.version if self.champion else None

    @property
    def rows(self) -> int:
        """All labelled rows."""
        return sum(self.labelled.values())

    @property
    def complete(self) -> dict[date, int]:
        """Labelled rows by day, of the days that have all declared columns."""
        since = self.columns_since or date.min
        return {day: n for day, n in self.labelled.items() if day >= since}

    @property
    def complete_rows(self) -> int:
        """Labelled rows that a training can learn all declared columns from."""
        return sum(self.complete.values())


@dataclass(frozen=True)
class Situation:
    """A model at the end of a day, with all decisions on it so far that led to something."""

    model: str
    evidence: Evidence
    history: Sequence[DecisionRecord]
    policy: RetrainingPolicy

    @cached_property
    def standing(self) -> list[DecisionRecord]:
        """The decisions without those that failed by what has changed since."""
        return [past for past in self.history if not past.superseded]

    @cached_property
    def mine(self) -> list[DecisionRecord]:
        """The decisions about the champion, or about a first version as long as none serves."""
        return [past for past in self.standing if past.version == self.evidence.version]

    @cached_property
    def failed(self) -> list[CheckEvaluation]:
        """The failures of the champion since its promotion that may retrain.

        That is those of the checks in `retrain_on`, and that its columns are not those declared.
        """
        champion = self.evidence.champion
        return [
            check
            for check in self.evidence.failed
            if champion is not None
            and check.version == champion.version
            and champion.as_of < check.day <= self.evidence.day
            and check.check in (*self.policy.retrain_on, COLUMNS_CHANGED)
        ]

    @cached_property
    def fresh(self) -> list[CheckEvaluation]:
        """The failures after the cooldown that nothing has been decided about yet.

        Without one, labels make no difference to the decision.
        """
        after = max(self.decided_until, self.cooldown_until)
        forgotten = self.evidence.day - timedelta(days=CONFIRMATION_DAYS)
        # A corrected label judges the same predictions again: that they fail is no news.
        known = {_judged_rows(check) for check in self.failed if check.day <= self.decided_until}
        return [
            check
            for check in self.failed
            if check.day > after
            and (check.check not in self.evidence.confirm or check.day > forgotten)
            and _judged_rows(check) not in known
        ]

    @cached_property
    def confirmed(self) -> list[CheckEvaluation]:
        """The fresh failures that are more than the chance of a single day."""
        days = Counter(name for name, _ in {(check.check, check.day) for check in self.fresh})
        return [
            check
            for check in self.fresh
            if check.check not in self.evidence.confirm
            or days[check.check] >= self.policy.confirm_days
        ]

    @cached_property
    def decided_until(self) -> date:
        """The last day that was decided on since the champion was promoted."""
        champion = self.evidence.champion
        promoted = champion.as_of if champion else date.min
        return max([promoted, *(past.day for past in self.mine)])

    @cached_property
    def cooldown_until(self) -> date:
        """The last day of the cooldown after the promotion or the last that brought no champion."""
        trained = [
            past.day for past in self.mine if past.brought_no_champion or past.status == "requested"
        ]
        if self.evidence.champion is not None:
            trained.append(self.evidence.champion.as_of)
        cooldown = timedelta(days=self.policy.cooldown_days)
        return max(trained) + cooldown if trained else date.min

    @property
    def last_has_failed(self) -> bool:
        """Whether the last decision that brought no champion failed in training."""
        return [past.status for past in self.mine if past.brought_no_champion][-1:] == ["failed"]

    def rejected(self, rules: Sequence[str]) -> list[DecisionRecord]:
        """The decisions of rejected challengers, once each of the rules has had enough of them."""
        rejected = [
            past
            for past in self.mine
            if past.brought_no_champion and {*past.rules} & {*rules} and not _has_aged_well(past)
        ]
        counts = Counter(rule for past in rejected for rule in past.rules)
        return rejected if all(counts[rule] >= self.policy.give_up_after for rule in rules) else []

    @property
    def new_labels(self) -> int:
        """Labelled rows since the last training for this champion, or of it."""
        champion = self.evidence.champion
        trained = [past.labelled for past in self.mine if past.action == "retrain"]
        trained += [
            past.labelled for past in self.standing if champion and past.id == champion.decision
        ]
        return self.evidence.rows - max(trained, default=0)

    def retrainings_since(self, day: date) -> int:
        """Retrainings after a day that spend the budget: no first trainings, none by hand."""
        return sum(
            past.action == "retrain" and past.day > day and past.kind not in ("first", "by_hand")
            for past in self.standing
        )

    @property
    def candidates(self) -> dict[TrainingWindow, date | None]:
        """First event day by training window, of those that the policy allows and the data has."""
        labelled, policy = self.evidence.complete, self.policy
        found: dict[TrainingWindow, date | None] = {}
        if policy.window_days is not None and labelled:
            start = max(labelled) - timedelta(days=policy.window_days - 1)
            found["recent"] = max(start, min(labelled))
        # Of the present episode of this champion, also before a rejected challenger.
        failing = [
            check.production_day
            for check in self.evidence.failed
            if check.check in self.evidence.realized and check.version == self.evidence.version
        ]
        if failing:
            change = max(first_of_episode(failing), self.evidence.columns_since or date.min)
            if sum(n for day, n in labelled.items() if day >= change) >= policy.rows_since_change:
                found["since_change"] = change
        if self.evidence.champion is not None or not found:
            found["everything"] = self.evidence.columns_since
        allowed = {name: since for name, since in found.items() if name in policy.training_windows}
        return allowed or {"everything": self.evidence.columns_since}


def triggers_of(failed: Sequence[CheckEvaluation]) -> tuple[str, ...]:
    """The checks that failed, sorted."""
    return tuple(sorted({check.check for check in failed}))


def _judged_rows(check: CheckEvaluation) -> tuple[str, date, int, str, int]:
    """What was judged, whenever that was: the same rows of the same window."""
    return check.check, check.production_day, check.window, check.subject, check.n


def _has_aged_well(past: DecisionRecord) -> bool:
    """Whether a challenger that only age asked for was no better than the champion."""
    gates = past.outcome.failed_gates if past.outcome else ()
    return past.triggers == (ModelAge.name,) and gates == (BeatsChampion.name,)


def waiting_for_approval(mine: Sequence[DecisionRecord]) -> DecisionRecord | None:
    """The decision whose challenger waits for a person, the last of several."""
    return next((past for past in reversed(mine) if past.status == "waiting"), None)


def first_of_episode(days: Sequence[date]) -> date:
    """The first of the days that reach to the last one without a longer pause.

    >>> first_of_episode([date(2024, 1, 1), date(2024, 1, 20), date(2024, 1, 25)])
    datetime.date(2024, 1, 20)
    """
    start, *earlier_days = sorted(set(days), reverse=True)
    for earlier in earlier_days:
        if (start - earlier).days > EPISODE_GAP_DAYS:
            break
        start = earlier
    return start
