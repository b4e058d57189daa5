"""What happened to a model, read from its tables: versions, alarms, KPI and decisions."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from mlops_drift.lake.lake import Scan
from mlops_drift.lake.model_lake import ModelLake

ALARMS = """
    SELECT day, "check", "column", value, threshold, n, version, day AS production_day, "window",
        reason
    FROM drift WHERE verdict = 'fail'
    UNION ALL
    SELECT day, 'performance_drop', metric, value, threshold, n, version, production_day,
        "window", reason
    FROM performance WHERE verdict = 'fail'
    ORDER BY day, 2, 3, production_day, "window"
"""


@dataclass(frozen=True)
class Timeline:
    """The story of a model between two days.

    Attributes:
        versions: each with its training set, test metric, and whether it was promoted.
        alarms: every number that made a check fail.
        kpi: the metric of each production day and version.
        decisions: what was decided, by which rules, and what came of it.
    """

    versions: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    kpi: list[dict[str, Any]]
    decisions: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists; days stay dates."""
        return asdict(self)


def read_timeline(model: ModelLake, first: date, last: date) -> Timeline:
    """Reads the story of a model from `first` to `last`, as known at the end of `last`."""
    promoted = {item.version for item in model.promotions(until=last)}
    versions = [
        {
            "version": record.version,
            "as_of": record.as_of,
            "training_set": record.training_set,
            "rows": record.rows,
            "metric": record.metric,
            "value": record.value,
            "promoted": record.version in promoted,
            "family": record.family,
        }
        for record in model.versions()
        if first <= record.as_of <= last
    ]
    alarms = model.lake.rows(
        ALARMS,
        drift=Scan(model.tables.drift, first, last),
        performance=Scan(model.tables.performance, first, last),
    )
    kpi = [row for row in model.daily_values(None, last) if row["day"] >= first]
    decisions = [
        {
            "day": row["day"],
            "action": row["action"],
            "rules": row["rules"],
            "version": row["version"],
            "since": row["since"],
            "reason": row["reason"],
            "outcome": row["outcome"],
            "challenger": row["challenger"],
            "outcome_reason": row["outcome_reason"],
        }
        for row in model.decisions()
        if first <= row["day"] <= last
    ]
    return Timeline(versions, alarms, kpi, decisions)
