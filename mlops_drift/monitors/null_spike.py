"""The check `null_spike`: values of a column went missing."""

from mlops_drift.drift.verdict import ColumnVerdict
from mlops_drift.monitors.context import MonitoredModel
from mlops_drift.monitors.drift import DriftCheck


class NullSpike(DriftCheck):
    """The share of missing values of each column against the champion's reference."""

    name = "null_spike"
    description = (
        "Fails when the share of missing values of a column has risen by more than the accepted "
        "points, and significantly so."
    )
    advice = (
        "Look at the feed of this column: a failed join, a renamed field, a source that stopped. "
        "The version scores such rows, but on less than it was trained on; once the feed is "
        "repaired, materialize the days again."
    )

    def owns(self, spec: MonitoredModel, item: ColumnVerdict) -> bool:
        """Whether missing values are judged."""
        return item.rule == "nulls"
