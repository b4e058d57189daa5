"""The sequence of errors of the serving version, watched by a streaming detector."""

from datetime import date

import numpy as np

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.checks import ERROR_DRIFT
from mlops_drift.monitors.performance import PerformanceVerdict
from mlops_drift.store.records import Promotion


def judge_errors(model: ModelContext, day: date, champion: Promotion) -> list[PerformanceVerdict]:
    """Whether the errors of the champion have risen since it was promoted; empty if not watched.

    Errors come in the order in which their labels arrived: 0 and 1 for classes, absolute errors
    for numbers. The first label of an event counts, as it did for a detector that was there.
    """
    monitor = model.spec.monitors.performance.streaming
    if monitor is None:
        return []
    from mlops_drift.monitors.streaming import detect

    rows = model.store.predictions.errors_in_order(champion.version, day)
    truth, prediction = (rows[name].to_numpy() for name in ("label", "prediction"))
    errors = (
        (truth != prediction).astype(float)
        if model.spec.target.is_classification
        else np.abs(truth.astype(float) - prediction.astype(float))
    )
    found = detect(errors, monitor)
    return [
        PerformanceVerdict(
            check=ERROR_DRIFT,
            production_day=rows["day"][found.position].as_py()
            if found.position is not None
            else day,
            window=(day - champion.as_of).days,
            version=champion.version,
            metric=monitor.detector,
            value=found.value,
            n=found.n,
            threshold=found.before,
            verdict=found.verdict,
            reason=f"errors of version {champion.version}: {found.reason}",
        )
    ]
