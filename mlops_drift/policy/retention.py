"""How long what a model leaves behind is kept, and how far back the days to come still look."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.schema.columns import Target
from mlops_drift.schema.fields import Strict

# At most a century; no limit keeps for ever.
Days = Annotated[int, Field(ge=1, le=36_525)] | None


class Retention(Strict):
    """What `mlops-drift cleanup` may remove; without a limit it is kept for ever.

    Age is counted back from the model's last day with features, not from the clock. What an alias,
    a kept version or an open decision points to stays, however old it is. So does the record: the
    tables of versions, promotions and decisions, and of which files arrived on which day.
    """

    versions: int | None = Field(
        None,
        ge=1,
        description="How many of the newest versions are kept, besides the champion, the one "
        "before it, challengers that wait, and those whose predictions are kept.",
    )
    training_sets_days: Days = Field(
        None,
        description="Days for which a training set without a version is kept; versions that "
        "were trained or decided about within them stay too, beyond `versions`.",
    )
    predictions_days: Days = Field(
        None,
        description="Days of predictions and profiles. A label that comes later is not measured.",
    )
    landing_days: Days = Field(
        None,
        description="Days of events, labels, quarantined rows and features. Needs "
        "`policy.window_days`, and `everything` must not be among `policy.training_windows`.",
    )
    metrics_days: Days = Field(
        None,
        description="Days of the numbers and verdicts of drift and performance, and of the pages "
        "that are kept of each day.",
    )

    @property
    def is_empty(self) -> bool:
        """Whether everything is kept for ever."""
        return all(limit is None for limit in self.model_dump().values())


@dataclass(frozen=True)
class Lookback:
    """How many days back a day to come still reads.

    Predictions and profiles in windows whose labels come in time; features of past seasons; the
    labelled days of the training window `recent` (None where a training takes any day), and until
    their label is due; and the days before a day that features.sql reads.
    """

    predictions: int
    season: int
    window: int | None
    delay: int
    history: int


def lookback_of(
    target: Target,
    drift: DriftMonitor,
    performance: PerformanceMonitor,
    policy: RetrainingPolicy,
    history_days: int,
) -> Lookback:
    """How far back the days to come look; `history_days` is what features.sql reads.

    >>> target = Target(column="y", kind="regression", label_delay_days=30)
    >>> policy = RetrainingPolicy(window_days=90, training_windows=["recent"])
    >>> lookback_of(target, DriftMonitor(), PerformanceMonitor(), policy, 7)
    Lookback(predictions=58, season=0, window=90, delay=30, history=7)
    """
    delay, windows = target.label_delay_days, policy.training_windows
    predictions = delay + max(*performance.windows, *drift.windows)
    # Without rows since a change, everything is taken in its place.
    bounded = "recent" in windows and "everything" not in windows
    window = policy.window_days if bounded else None
    season = 0
    if drift.season is not None:
        days, periods = drift.season.period_days, drift.season.periods
        # The nearest period that does not overlap the window, and the others behind it.
        season = max(length + (-(-length // days) + periods - 1) * days for length in drift.windows)
    return Lookback(predictions, season, window, delay, history_days)


def require_within_lookback(retention: Retention, lookback: Lookback) -> None:
    """Requires that nothing is removed that a day to come still reads.

    Raises:
        ValueError: if a limit is too short; the message names the field and what would do.
    """
    predictions, landing = retention.predictions_days, retention.landing_days
    needed = lookback.predictions
    if predictions is not None and predictions < needed:
        raise ValueError(
            f"retention.predictions_days is {predictions}, but label_delay_days and the longest "
            f"window of a monitor together reach {needed} days back; use at least {needed}"
        )
    if landing is None:
        return
    if lookback.window is None:
        raise ValueError(
            f"retention.landing_days is {landing}, but a retraining may take every day there is; "
            "set policy.window_days, and policy.training_windows to [recent] or "
            "[recent, since_change], or leave landing_days out"
        )
    if predictions is None or predictions > landing:
        raise ValueError(
            f"retention.landing_days is {landing}, but predictions are measured by the labels and "
            f"features of their day; set retention.predictions_days to at most {landing}"
        )
    training = lookback.window + lookback.delay + lookback.history
    needed = max(training, lookback.season)
    if landing < needed:
        raise ValueError(
            f"retention.landing_days is {landing}, but window_days, label_delay_days and "
            f"history_days together reach {training} days back, seasons {lookback.season}; use at "
            f"least {needed}"
        )
