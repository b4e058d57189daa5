"""The check `volume`: far more or far fewer events arrived than on the same weekdays before."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import nan
from typing import Any

import numpy as np
from pydantic import Field

from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.base import NO_FILE, CheckEvaluation, Evaluations, Monitor
from mlops_drift.monitors.context import LandedDay, MonitorContext
from mlops_drift.schema.fields import Strict

# Fewest same weekdays of the past that a day can be compared with.
MIN_WEEKS = 4


class VolumeMonitor(Strict):
    """When a day has too many or too few events to be one like those before."""

    weeks: int = Field(
        8, ge=MIN_WEEKS, le=52, description="How many of the same weekdays a day is compared with."
    )
    alpha: float = Field(
        0.001,
        gt=0,
        lt=0.5,
        description="Share of days on which chance alone may fail. Simulated at 0.001: 1 day in "
        "1,000 or fewer of Poisson counts, 1 to 2 of counts that vary more.",
    )


class Volume(Monitor[VolumeMonitor]):
    """Events of a day, unusable ones too, against the same weekdays of the past, two-sided.

    Days without a file are no count.
    """

    name = "volume"
    description = (
        "Fails when a day has far more or far fewer events than the same weekdays before. Unknown "
        f"until there are {MIN_WEEKS} of them."
    )
    advice = (
        "Look at the feed: a job that stopped half way, a file delivered twice, a client that "
        "went away. If it is a campaign or a holiday, nothing needs to be done."
    )
    assets = ("events",)
    section = "volume"
    settings_type = VolumeMonitor
    confirm = True

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        landed = [item for item in context.landed(day) if item.source == "events"]
        return [self._judge(context, day, item) for item in landed]

    def _judge(self, context: MonitorContext, day: date, landed: LandedDay) -> CheckEvaluation:
        if landed.missing_file:
            reason = f"no file {landed.missing_file}"
            return self.evaluation(context, day, "events", "unknown", reason, NO_FILE)
        counts = context.event_counts(day - timedelta(weeks=self.settings.weeks), day)
        n = counts[day]
        before = [day - timedelta(days=k) for k in range(7 * self.settings.weeks, 0, -1)]
        past = np.array([counts.get(one, nan) for one in before]).reshape(-1, 7)
        same = int(np.isfinite(past[:, 0]).sum())
        if same < MIN_WEEKS:
            reason = f"{n} events; {same} of the {MIN_WEEKS} earlier {day:%A}s that are needed"
            return self.evaluation(
                context, day, "events", "unknown", reason, "too_few_days", value=n, n=n
            )
        expected = Expected.of(past)
        lower, upper = map(float, expected.range(self.settings.alpha))
        usual = f"{expected.mean:.0f} on the last {same} {day:%A}s"
        found = self.evaluation(
            context,
            day,
            "events",
            "pass" if lower <= n <= upper else "fail",
            f"{n} events: {usual}, accepted {lower:.0f} to {upper:.0f}",
            value=n,
            threshold=lower if n < expected.mean else upper,
            n=n,
        )
        return replace(found, lower=lower, upper=upper, p=float(expected.p(n)))


@dataclass(frozen=True)
class Expected:
    """The count that a day is expected to have: negative binomial.

    Counts of days vary more than a Poisson count. Their variance is m + a m² around the mean m of
    their weekday, with one a for all weekdays, estimated by moments. That a was estimated on few
    days widens the tails, as those of Student's t are wider than those of the normal distribution.

    `variance` is that of a new count around the mean, the uncertainty of the mean included, and
    `freedom` the degrees of freedom that it was estimated with; all are of shape (...).

    >>> past = 100 + 5 * (np.arange(28.0) % 3).reshape(4, 7)
    >>> [int(count) for count in Expected.of(past).range(0.001)]
    [64, 151]
    """

    mean: Array
    variance: Array
    freedom: Array

    @classmethod
    def of(cls, past: Array) -> "Expected":
        """The expectation of a day from counts of earlier ones, shape (..., weeks, 7).

        The weekday of the day is the first; nan stands for no count.
        """
        known = np.isfinite(past)
        n, total = known.sum(axis=-2), np.where(known, past, 0).sum(axis=-2)
        means = total / np.maximum(n, 1)
        # Unbiased: the sum of squares has n - 1 degrees of freedom.
        degrees = np.maximum(n - 1, 0)
        spread = np.where(known, past - means[..., None, :], 0) ** 2
        surplus = (spread.sum(axis=-2) - degrees * means).sum(axis=-1)
        squares = (degrees * means**2).sum(axis=-1)
        dispersion = np.maximum(surplus / np.where(squares > 0, squares, np.inf), 0)
        # Half an event: after weeks without any, the first one is no alarm by itself.
        mean = (total[..., 0] + 0.5) / n[..., 0]
        variance = (mean + dispersion * mean**2) * (1 + 1 / n[..., 0])
        # Over-dispersed counts have heavy tails: their variance is harder to estimate.
        return cls(mean, variance, np.maximum(degrees.sum(axis=-1) / (1 + 3 * dispersion), 3))

    def range(self, alpha: float) -> tuple[Array, Array]:
        """The least and the greatest count that are not significant."""
        from scipy.stats import norm, t

        tail, counts = norm.sf(t.isf(alpha / 2, self.freedom)), self._counts()
        return counts.ppf(tail), counts.isf(tail)

    def p(self, n: int | Array) -> Array:
        """Two-sided p-value of a count."""
        from scipy.stats import norm, t

        counts = self._counts()
        tail = np.minimum(np.minimum(counts.cdf(n), counts.sf(n - 1)), 0.5)
        return np.asarray(np.minimum(2 * t.sf(norm.isf(tail), self.freedom), 1))

    def _counts(self) -> Any:
        from scipy.stats import nbinom

        size = self.mean**2 / np.maximum(self.variance - self.mean, 1e-9)
        return nbinom(size, size / (size + self.mean))
