"""Detectors that watch the errors of a version one by one and report when they have risen."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from mlops_drift.schema.fields import Strict
from mlops_drift.schema.verdicts import Verdict

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

DetectorName = Literal["adwin", "ddm", "page_hinkley"]

# What each detector can be set to, with its usual values.
DEFAULTS: dict[DetectorName, dict[str, float]] = {
    "adwin": {"delta": 0.002},
    "ddm": {"threshold": 4.0},
    "page_hinkley": {"delta": 0.005, "threshold": 50.0},
}

# Absolute errors above this quantile of the warm-up count as errors.
LARGE = 0.9


class StreamingMonitor(Strict):
    """A detector over the sequence of errors of a version, in the order in which labels arrive.

    >>> StreamingMonitor(detector="page_hinkley", threshold=30).settings
    {'delta': 0.005, 'threshold': 30.0}
    >>> StreamingMonitor(detector="ddm", delta=0.1)
    Traceback (most recent call last):
    pydantic_core._pydantic_core.ValidationError: 1 validation error for StreamingMonitor
      Value error, detector ddm is set by threshold, found delta...
    """

    detector: DetectorName = Field(
        "adwin",
        description="adwin: compares the older with the newer part of a window that grows until "
        "they differ; at most 1 in 50 sequences of 10,000 predictions alarms without a cause. "
        "page_hinkley: sums up how far the errors are above their mean; slower, and 1 in 50 of "
        "3,000 predictions alarms, with more than 5 % errors far more of 10,000: not for a "
        "version that serves longer. ddm: compares the share of errors with its lowest so far; 1 "
        "in 12 of 10,000 predictions alarms, with 2 % errors 1 in 6: not for so rare errors.",
    )
    delta: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="adwin: significance of a change (0.002). page_hinkley: rise of the share of "
        "errors that is tolerated (0.005).",
    )
    threshold: float | None = Field(
        None,
        gt=0,
        description="ddm: standard deviations above the lowest share of errors (4). page_hinkley: "
        "surplus errors (50).",
    )
    warm_up: int = Field(
        100, ge=30, description="Labelled predictions before the detector may find a rise."
    )

    @property
    def settings(self) -> dict[str, float]:
        """The detector's settings by name, with its usual values where none is given."""
        given = {"delta": self.delta, "threshold": self.threshold}
        return DEFAULTS[self.detector] | {
            name: value for name, value in given.items() if value is not None
        }

    @model_validator(mode="after")
    def _settings_fit_detector(self) -> Self:
        known = DEFAULTS[self.detector]
        foreign = [name for name in self.settings if name not in known]
        if foreign:
            raise ValueError(
                f"detector {self.detector} is set by {' and '.join(known)}, found {foreign[0]}"
            )
        return self


@dataclass(frozen=True)
class StreamingVerdict:
    """Whether the errors have risen.

    Attributes:
        position: index of the error with which the first rise was found; None without one.
        n: errors seen.
        value: mean error from the estimated start of the rise to `position`; without a rise, of
            all errors, nan if there is none.
        before: mean error before the rise; nan without one.
        verdict: unknown until the warm-up is over.
        reason: one sentence for people.
    """

    position: int | None
    n: int
    value: float
    before: float
    verdict: Verdict
    reason: str


def detect(errors: "ArrayLike", monitor: StreamingMonitor) -> StreamingVerdict:
    """Looks for the first rise in a sequence of errors; a fall never counts.

    Errors of 0 and 1 are taken as they are. Absolute errors have no scale that a detector would
    know, so one counts as 1 if it is above the 90 % quantile of the warm-up, else as 0. More
    errors at the end never change a rise that was found before them.

    Args:
        errors: 0 and 1 (wrong), or absolute errors, in order of arrival; shape (n,).
        monitor: the detector.

    Raises:
        ValueError: if an error is negative, missing or infinite.
        ImportError: if river is not installed.

    >>> one_in_ten, one_in_three = [1] + [0] * 9, [1] + [0] * 2
    >>> found = detect(one_in_ten * 100 + one_in_three * 100, StreamingMonitor(detector="adwin"))
    >>> found.verdict, found.position, round(found.before, 2), round(found.value, 2)
    ('fail', 1119, 0.1, 0.33)
    """
    import numpy as np

    values = np.asarray(errors, dtype=float)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        raise ValueError(
            f"errors must be 0 or more and finite, found {values[bad[0]]} at position {bad[0]}"
        )
    watch = _watch(monitor)
    n, name = len(values), monitor.detector
    mean = float(values.mean()) if n else nan
    if n <= monitor.warm_up:
        reason = f"{n} labelled predictions, more than {monitor.warm_up} are needed"
        return StreamingVerdict(None, n, mean, nan, "unknown", reason)
    rise = _first_rise(_marks(values, monitor.warm_up), watch)
    if rise is None:
        reason = f"{name} found no rise in {n} labelled predictions, mean {mean:.3g}"
        return StreamingVerdict(None, n, mean, nan, "pass", reason)
    since, start, position = rise
    before = float(values[since:start].mean())
    after = float(values[start : position + 1].mean())
    reason = (
        f"{name} found a rise of the mean from {before:.3g} to {after:.3g} with labelled "
        f"prediction {position + 1}"
    )
    return StreamingVerdict(position, n, after, before, "fail", reason)


def _marks(values: "NDArray[np.float64]", warm_up: int) -> "NDArray[np.float64]":
    """The errors as 0 and 1, by the warm-up alone."""
    import numpy as np

    if np.isin(values[:warm_up], (0, 1)).all():
        return values
    return (values > np.quantile(values[:warm_up], LARGE)).astype(float)


def _first_rise(
    marks: "NDArray[np.float64]", watch: Callable[[float], float]
) -> tuple[int, int, int] | None:
    """First index that the detector looked at, of the rise, and of its detection."""
    since = 0
    for position, mark in enumerate(marks.tolist()):
        change = watch(mark)
        if change > 0:
            return since, since + _start_of_rise(marks[since : position + 1]), position
        if change < 0:
            since = position + 1
    return None


def _start_of_rise(marks: "NDArray[np.float64]") -> int:
    """The most likely start of a rise of the share, given that there is one."""
    import numpy as np

    n_before = np.arange(1, len(marks))
    n_after = len(marks) - n_before
    before = np.cumsum(marks)[:-1] / n_before
    after = np.cumsum(marks[::-1])[-2::-1] / n_after
    likelihood = n_before * _log_likelihood(before) + n_after * _log_likelihood(after)
    return int(np.argmax(np.where(after > before, likelihood, -np.inf))) + 1


def _log_likelihood(share: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Mean log-likelihood of 0 and 1 at their own share of 1."""
    import numpy as np

    inside = np.clip(share, np.finfo(float).tiny, 1 - np.finfo(float).eps)
    likelihood: NDArray[np.float64] = share * np.log(inside) + (1 - share) * np.log1p(-inside)
    return likelihood


def _watch(monitor: StreamingMonitor) -> Callable[[float], float]:
    """A function that takes the next error: positive when a rise is found, negative for a fall."""
    drift = _river_drift()
    settings, warm_up = monitor.settings, monitor.warm_up
    if monitor.detector == "adwin":
        adwin = drift.ADWIN(delta=settings["delta"], grace_period=warm_up)

        def change(error: float) -> float:
            mean = adwin.estimation
            adwin.update(error)
            return float(adwin.estimation - mean) if adwin.drift_detected else 0.0

        return change
    detector = (
        drift.binary.DDM(warm_start=warm_up, drift_threshold=settings["threshold"])
        if monitor.detector == "ddm"
        else drift.PageHinkley(min_instances=warm_up, mode="up", **settings)
    )

    def rise(error: float) -> float:
        detector.update(error)
        return float(detector.drift_detected)

    return rise


def _river_drift() -> "ModuleType":
    try:
        from river import drift
    except ImportError as error:
        raise ImportError(
            "streaming detectors need river: pip install mlops_drift[streaming]"
        ) from error
    return drift
