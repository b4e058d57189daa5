"""The check `feature_drift`: the events differ from those that the version was trained on."""

from mlops_drift.drift.verdict import ColumnVerdict
from mlops_drift.monitors.context import MonitoredModel
from mlops_drift.monitors.drift import ANSWERS, DriftCheck


class FeatureDrift(DriftCheck):
    """The distribution of each feature against the champion's reference."""

    name = "feature_drift"
    description = (
        "Fails when a feature is both far from the reference of the serving version and "
        "significantly so, over all columns and windows."
    )
    advice = (
        "See first whether the pipeline of this column has changed: a broken feed looks like "
        "drift, and is repaired there. If the world has changed, retrain on recent labelled rows."
    )

    def owns(self, spec: MonitoredModel, item: ColumnVerdict) -> bool:
        """Whether the distribution of a feature is judged."""
        return item.rule == "drift" and item.column not in ANSWERS
