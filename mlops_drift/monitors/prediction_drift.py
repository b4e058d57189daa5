"""The check `prediction_drift`: the version answers differently than on its test split."""

from mlops_drift.drift.verdict import ColumnVerdict
from mlops_drift.monitors.context import MonitoredModel
from mlops_drift.monitors.drift import ANSWERS, DriftCheck


class PredictionDrift(DriftCheck):
    """The distribution of scores and classes against the champion's test predictions."""

    name = "prediction_drift"
    description = (
        "Fails when the scores or classes that the version serves are both far from its test "
        "predictions and significantly so, over all windows."
    )
    advice = (
        "The version answers differently than on its test split. Look at feature_drift for the "
        "cause; if the features are quiet, look at the scoring path."
    )

    def owns(self, spec: MonitoredModel, item: ColumnVerdict) -> bool:
        """Whether the distribution of predictions is judged."""
        return item.rule == "drift" and item.column in ANSWERS
