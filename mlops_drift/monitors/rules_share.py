"""The check `rules_share`: rules answer more rows of a service than the version led to expect."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import nan

from pydantic import Field

from mlops_drift.drift.significance import proportion_rise
from mlops_drift.monitors.base import (
    NOT_SIGNIFICANT,
    CheckEvaluation,
    Evaluations,
    Explanation,
    Monitor,
    Row,
)
from mlops_drift.monitors.baseline import MIN_TEST_ROWS
from mlops_drift.monitors.context import Answers, Champion, MonitorContext
from mlops_drift.monitors.performance import adjusted
from mlops_drift.monitors.windows import spanned, trailing_windows
from mlops_drift.schema.fields import Strict, Windows
from mlops_drift.schema.numbers import chance_of
from mlops_drift.schema.verdicts import Verdict

SUBJECT = "rows answered by rules"
# Of rows that the version answered.
BY_VERSION = "answered by the version"


class RulesMonitor(Strict):
    """When rules answer too many rows in the place of a version."""

    windows: Windows = Field([1, 7], min_length=1, description="Trailing windows, in days.")
    max_rise: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="How far the share of rows that rules answered may be above the share that "
        "they would have answered on the version's test split, in points.",
    )
    alpha: float = Field(
        0.001,
        gt=0,
        lt=0.5,
        description="Share of days on which chance alone may look like a rise, over all windows.",
    )
    min_rows: int = Field(100, ge=2, description="Fewest rows of a window; under it: unknown.")


@dataclass(frozen=True)
class _Window:
    """A window: its length, and its rows by reason."""

    length: int
    answers: Answers

    @property
    def n(self) -> int:
        return sum(self.answers.values())


class RulesShare(Monitor[RulesMonitor]):
    """The share of the rows of a service that rules answered, for whatever reason.

    It is compared with the version's test split, whose rows the present rules answer, too: what a
    version is unsure of or is not asked about was known when it was promoted, and no fixed limit
    suits every model. So this is the drift of who serves, without bins that a reference would have:
    rules may change while a version serves. Failures happen in production alone, so each of them is
    a rise. A rise beyond `max_rise` fails if it is significant by Fisher's one-sided exact test;
    all windows of a day are one Benjamini-Hochberg family.
    """

    name = "rules_share"
    description = (
        "Fails when the share of rows that rules answered in the place of the version is above "
        "that on its test split by more than `monitors.rules.max_rise`, and significantly so."
    )
    advice = (
        "Look at the reasons. error and timeout: see the log of the service for what the version "
        "fails of. low_probability: the version is unsure of more rows than it was when it was "
        "tested; feature_drift says of which. Else more rows meet a condition of `rules` than "
        "before: see whether a client sends other rows, or other values."
    )
    assets = ("serving_metrics",)
    section = "rules"
    settings_type = RulesMonitor
    confirm = True

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        champion = context.champion(day)
        if champion is None:
            return []
        windows = self._windows(context, champion, day)
        if not windows:
            reason = f"no row of the {max(self.settings.windows)} days to {day} was answered"
            return [self.evaluation(context, day, SUBJECT, "unknown", reason, "no_rows")]
        tested = context.tested_answers(champion.version)
        p_values = [self._p(one, tested) for one in windows]
        judged = zip(windows, p_values, adjusted(p_values), strict=True)
        return [
            replace(self._judge(context, day, one, tested, q), p=p, q=q) for one, p, q in judged
        ]

    def _windows(self, context: MonitorContext, champion: Champion, day: date) -> list[_Window]:
        """The windows that end on a day, of the days that the champion has served."""
        lengths = self.settings.windows
        reach = day - timedelta(days=max(lengths) - 1)
        since = max(reach, champion.as_of + timedelta(days=1))
        by_day = context.answers(since, day, champion.version)
        ordinals = {one.toordinal() for one in by_day}
        found = []
        for length, span in trailing_windows(lengths, day.toordinal(), ordinals).items():
            counts = Counter[str | None]()
            for one in span:
                counts.update(by_day[date.fromordinal(one)])
            found.append(_Window(length, counts))
        return found

    def _p(self, window: _Window, tested: Answers | None) -> float:
        """One-sided p-value of no rise; nan where the window is not judged."""
        if window.n < self.settings.min_rows or _n(tested) < MIN_TEST_ROWS:
            return nan
        return proportion_rise(_ruled(tested), _n(tested), _ruled(window.answers), window.n)

    def _judge(
        self, context: MonitorContext, day: date, one: _Window, tested: Answers | None, q: float
    ) -> CheckEvaluation:
        share, before = _ruled(one.answers) / one.n, _ruled(tested) / max(_n(tested), 1)
        limit, version = before + self.settings.max_rise, context.version(day)
        found = f"rules answered {_percent(share)} of {one.n} rows {spanned(one.length, day)}"
        found += _by_reason(one)
        known = f"{found}; {_percent(before)} on the test split of version {version}"
        verdict: Verdict
        if one.n < self.settings.min_rows:
            verdict, code = "unknown", "too_few_rows"
            reason = f"{found}; {self.settings.min_rows} rows are needed"
        elif _n(tested) < MIN_TEST_ROWS:
            verdict, code, limit = "unknown", "no_baseline", nan
            reason = f"{found}; what they would have answered on its test split is not known"
        elif share <= limit:
            verdict, code, reason = "pass", "", f"{known}, limit {_percent(limit)}"
        elif q >= self.settings.alpha:
            verdict, code = "pass", NOT_SIGNIFICANT
            reason = f"{known}, limit {_percent(limit)}; not significant ({chance_of('q', q)})"
        else:
            verdict, code, reason = "fail", "", f"{known}, limit {_percent(limit)}"
        item = self.evaluation(
            context, day, SUBJECT, verdict, reason, code, value=share, threshold=limit, n=one.n
        )
        return replace(item, window=one.length)

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
        """The reasons of the worst window, and of the test split."""
        worst, found = evaluations[0], super().explain(context, evaluations)
        champion = context.champion(worst.day)
        if champion is None:
            return found
        windows = self._windows(context, champion, worst.day)
        mine = [one for one in windows if one.length == worst.window]
        if not mine:
            return found
        rows = _reason_rows(mine[0].answers, context.tested_answers(champion.version))
        return replace(found, tables={"reasons": rows, **found.tables})


def _n(answers: Answers | None) -> int:
    return sum(answers.values()) if answers else 0


def _ruled(answers: Answers | None) -> int:
    """Rows that rules answered."""
    return _n(answers) - answers.get(None, 0) if answers else 0


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _by_reason(window: _Window) -> str:
    """The reasons with their shares, the most frequent first."""
    reasons = {reason: n for reason, n in window.answers.items() if reason is not None and n}
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{reason} {_percent(n / window.n)}" for reason, n in ordered)
    return f" ({listed})" if listed else ""


def _reason_rows(answers: Answers, tested: Answers | None) -> list[Row]:
    before: Mapping[str | None, int] = tested or {}
    reasons = sorted({*answers, *before}, key=lambda one: (-answers.get(one, 0), one or ""))
    return [
        {
            "reason": reason or BY_VERSION,
            "rows": answers.get(reason, 0),
            "share": answers.get(reason, 0) / max(_n(answers), 1),
            "share on the test split": before.get(reason, 0) / _n(before) if before else nan,
        }
        for reason in reasons
    ]
