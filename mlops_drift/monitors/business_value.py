"""The check `business_value`: the predictions are worth less than they were."""

from datetime import date

from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.monitors.base import Evaluations
from mlops_drift.monitors.context import LabelledRows, MonitorContext
from mlops_drift.monitors.measured import measure_business_value
from mlops_drift.monitors.performance import Limits, judge_windows
from mlops_drift.monitors.realized import RealizedCheck, measured_windows


class BusinessValueDrop(RealizedCheck):
    """The mean business value of a prediction against its minimum and that of the test split."""

    name = "business_value"
    description = (
        "Fails when the mean business value of a prediction is below its minimum, or below the "
        "test value by more than accepted and significantly so."
    )
    advice = (
        "The predictions are worth less. If the metric holds, the mix of outcomes or the costs "
        "have changed: look at label_drift and at the decision threshold before a retraining."
    )
    needs = "business"

    def judge(self, context: MonitorContext, day: date, rows: LabelledRows) -> Evaluations:
        business, target = self.settings.business, context.spec.target
        if business is None:
            return []
        windows = measured_windows(
            rows,
            self.settings.windows,
            f"business value in {business.unit}" if business.unit else "business value",
            lambda truth, prediction, _: measure_business_value(
                business, target, truth, prediction
            ),
            context.baseline(rows.version).business_value,
        )
        drop = Allowance(business.drop, "own") if business.drop is not None else None
        limits = Limits(
            *(True, business.floor, drop, self.settings.alpha, self.settings.min_rows),
            compared_with=context.compared_with,
        )
        return judge_windows(self.name, day, rows.version, windows, limits)
