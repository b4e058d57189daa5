"""The metrics of the exporter, declared once: names, labels and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_drift.schema.verdicts import Verdict


@dataclass(frozen=True)
class Metric:
    """A gauge: its name, what it says, and the names of its labels, none of which is unbounded."""

    name: str
    about: str
    labels: tuple[str, ...] = ("model",)


@dataclass(frozen=True)
class Sample:
    """A value of a metric, with the values of its labels after the first, which is the model."""

    metric: Metric
    value: float
    labels: Sequence[str] = ()


# Unknown is a number of its own: a panel or a rule that took it for 0 would show it as passed.
STATUS: dict[Verdict, int] = {"pass": 0, "unknown": 1, "fail": 2}

UP = Metric("mlops_drift_exporter_up", "1 if the tables of the model can be read, 0 if not.")
CHECK_STATUS = Metric(
    "mlops_drift_check_status",
    "Verdict of a check on the last day: 0 pass, 1 unknown, 2 fail; nothing before the first.",
    ("model", "check"),
)
DRIFT_SCORE = Metric(
    "mlops_drift_drift_score",
    "Distance of a column from the baseline in the window of so many days up to the last day.",
    ("model", "column", "window"),
)
DRIFT_LIMIT = Metric(
    "mlops_drift_drift_limit",
    "Distance from which a significant difference of the column fails its check.",
    ("model", "column", "window"),
)
METRIC_VALUE = Metric(
    "mlops_drift_metric_value",
    "Metric of the serving version in the last window of so many days that has labels.",
    ("model", "metric", "window"),
)
METRIC_LIMIT = Metric(
    "mlops_drift_metric_limit",
    "Value from which a metric fails its check, on the healthy side of all its limits.",
    ("model", "metric", "window"),
)
CHAMPION_INFO = Metric(
    "mlops_drift_champion_info",
    "1 for the version that was promoted last, with its training set.",
    ("model", "version", "training_set"),
)
CHALLENGER_WAITING = Metric(
    "mlops_drift_challenger_waiting", "1 if a challenger waits for a person, 0 if none does."
)
LAST_DAY = Metric(
    "mlops_drift_last_day_timestamp_seconds",
    "End of the last day that an asset has rows of, in seconds since 1970, days in UTC.",
    ("model", "asset"),
)
END_DATE = Metric(
    "mlops_drift_end_date_timestamp_seconds",
    "End of the model's `end_date`, after which no data are due; nothing without one.",
)

OF_MODELS = (
    *(UP, CHECK_STATUS, DRIFT_SCORE, DRIFT_LIMIT, METRIC_VALUE, METRIC_LIMIT),
    *(CHAMPION_INFO, CHALLENGER_WAITING, LAST_DAY, END_DATE),
)

DISK_FREE = Metric("mlops_drift_disk_free_bytes", "Free space of the disk of the data folder.", ())
DISK_SIZE = Metric("mlops_drift_disk_size_bytes", "Size of the disk of the data folder.", ())
