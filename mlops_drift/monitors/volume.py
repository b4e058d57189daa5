"""The check `volume`: far more or far fewer events arrived than on the same weekdays before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from mlops_drift.monitors.base import NO_FILE, CheckEvaluation, Monitor
from mlops_drift.monitors.context import MonitorContext
from mlops_drift.schema.fields import Strict

# Fewest same weekdays of the past that a day can be compared with.
MIN_WEEKS = 4


class VolumeMonitor(Strict):
    """When a day has too many or too few events to be one like those before."""

    weeks: int = Field(
        8, ge=MIN_WEEKS, le=52, description="How many of the same weekdays a day is compared with."
    )
    alpha: float = Field(
        0.001, gt=0, lt=0.5, description="Share of days on which chance alone may fail."
    )


class Volume(Monitor[VolumeMonitor | None]):
    """Events of a day, unusable ones too, against the same weekdays of the past, two-sided.

    Days without a file are no count.
    """

    name = "volume"
    description = (
        "Fails when a day has far more or far fewer events than the same weekdays before. Unknown "
        f"until there are {MIN_WEEKS} of them."
    )
    advice = (
        "Look at the feed: a job that stopped half way, a file that was delivered twice, a client "
        "that went away. If it is a campaign or a holiday, nothing needs to be done."
    )
    assets = ("events",)
    section = "volume"
    settings_type = VolumeMonitor
    confirm = True

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`."""
        landed = [item for item in context.landed(day) if item.source == "events"]
        if not landed or self.settings is None:
            return []
        champion = context.champion(day)
        found = CheckEvaluation(
            check=self.name,
            day=day,
            production_day=day,
            version=champion.version if champion else 0,
            subject="events",
            window=1,
            verdict="unknown",
            code=NO_FILE,
            reason=f"no file {landed[0].missing_file}",
        )
        if landed[0].missing_file:
            return [found]
        counts = context.event_counts(day - timedelta(weeks=self.settings.weeks), day)
        return [_judge(found, counts, self.settings.alpha)]


def _judge(found: CheckEvaluation, counts: Mapping[date, int], alpha: float) -> CheckEvaluation:
    day, n = found.day, counts[found.day]
    found = replace(found, value=float(n), n=n)
    past = {one: count for one, count in counts.items() if one < day}
    same = sum(one.weekday() == day.weekday() for one in past)
    if same < MIN_WEEKS:
        reason = f"{n} events; {same} of the {MIN_WEEKS} earlier {day:%A}s that are needed"
        return replace(found, code="too_few_days", reason=reason)
    expected = Expected.of(past, day.weekday())
    lower, upper = expected.range(alpha)
    failed = not lower <= n <= upper
    usual = f"{expected.mean:.0f} on the last {same} {day:%A}s, accepted {lower} to {upper}"
    return replace(
        found,
        verdict="fail" if failed else "pass",
        code="beyond_limit" if failed else "within_limit",
        reason=f"{n} events: {usual}",
        lower=float(lower),
        upper=float(upper),
        threshold=float(lower if n < expected.mean else upper),
        p=expected.p(n),
    )


@dataclass(frozen=True)
class Expected:
    """The count that a day is expected to have: negative binomial.

    Counts of days vary more than a Poisson count. Their variance is m + a m² around the mean m of
    their weekday, with one a for all weekdays, estimated by moments. That a was estimated on few
    days widens the tails, as those of Student's t are wider than those of the normal distribution.

    Attributes:
        mean: mean of the same weekdays.
        variance: of a new count around it, the uncertainty of the mean included.
        freedom: degrees of freedom that the variance was estimated with.

    >>> from datetime import timedelta
    >>> monday = date(2024, 3, 4)
    >>> past = {monday + timedelta(days=i): 100 + 5 * (i % 3) for i in range(28)}
    >>> Expected.of(past, 0).range(0.001)
    (64, 151)
    """

    mean: float
    variance: float
    freedom: float

    @classmethod
    def of(cls, past: Mapping[date, int], weekday: int) -> "Expected":
        """The expectation of a weekday, from counts of days before."""
        by_weekday: dict[int, list[int]] = {}
        for day, count in past.items():
            by_weekday.setdefault(day.weekday(), []).append(count)
        surplus = squares = 0.0
        freedom = 0
        for values in by_weekday.values():
            mean, k = sum(values) / len(values), len(values)
            # Unbiased: the sum of squares has k - 1 degrees of freedom.
            surplus += sum((value - mean) ** 2 for value in values) - (k - 1) * mean
            squares += (k - 1) * mean**2
            freedom += k - 1
        dispersion = max(surplus / squares, 0.0) if squares else 0.0
        mine = by_weekday[weekday]
        # Half an event: after weeks without any, the first one is no alarm by itself.
        mean = (sum(mine) + 0.5) / len(mine)
        variance = (mean + dispersion * mean**2) * (1 + 1 / len(mine))
        # Over-dispersed counts have heavy tails: their variance is harder to estimate.
        return cls(mean, variance, max(freedom / (1 + 3 * dispersion), 3.0))

    def range(self, alpha: float) -> tuple[int, int]:
        """The least and the greatest count that are not significant."""
        from scipy.stats import norm, t

        tail = norm.sf(t.isf(alpha / 2, self.freedom))
        counts = self._counts()
        return int(counts.ppf(tail)), int(counts.isf(tail))

    def p(self, n: int) -> float:
        """Two-sided p-value of a count."""
        from scipy.stats import norm, t

        counts = self._counts()
        tail = min(counts.cdf(n), counts.sf(n - 1), 0.5)
        return min(float(2 * t.sf(norm.isf(tail), self.freedom)), 1.0)

    def _counts(self) -> Any:
        from scipy.stats import nbinom

        size = self.mean**2 / max(self.variance - self.mean, 1e-9)
        return nbinom(size, size / (size + self.mean))
