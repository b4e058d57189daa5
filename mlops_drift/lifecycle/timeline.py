"""What happened to a model, read from its tables: versions, alarms, KPI and decisions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from mlops_drift.lifecycle.decisions import published
from mlops_drift.monitors.checks import DATA_QUALITY, MODEL_AGE, WARNINGS
from mlops_drift.policy.decision import NO_CHAMPION
from mlops_drift.policy.evidence import FailedCheck
from mlops_drift.store.checks import WHAT
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore

ALARMS = f"""
    SELECT day, "check", "column", value, threshold, n, version, day AS production_day, "window",
        reason
    FROM drift WHERE verdict = 'fail'
    UNION ALL
    SELECT day, "check", {WHAT}, value, threshold, n, version, production_day, "window", reason
    FROM performance WHERE verdict = 'fail'
    UNION ALL
    SELECT day, '{DATA_QUALITY}', source, value, threshold, n, version, day, 1, reason
    FROM quality WHERE verdict = 'fail'
    ORDER BY day, 2, 3, production_day, "window"
"""


# What a timeline has of each decision, besides its first failing day.
_OF_DECISIONS = (
    *(
        "decision",
        "day",
        "action",
        "kind",
        "rules",
        "version",
        "training_window",
        "since",
        "scores",
    ),
    *("training_set", "labelled", "reason", "outcome", "challenger", "against", "outcome_reason"),
)


@dataclass(frozen=True)
class Timeline:
    """The story of a model between two days.

    Attributes:
        versions: each with its training set, test metric, and whether it was promoted.
        alarms: every number that made a check fail.
        warnings: the same of checks that only warn.
        kpi: the metric of each production day and version.
        decisions: what was decided, by which triggers, and the outcome.
    """

    versions: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    kpi: list[dict[str, Any]]
    decisions: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists; days stay dates."""
        return asdict(self)


def read_timeline(store: ModelStore, first: date, last: date) -> Timeline:
    """Reads the story of a model from `first` to `last`, as known at the end of `last`."""
    promoted = {item.version for item in store.versions.promotions(until=last)}
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
        for record in store.versions.all()
        if first <= record.as_of <= last
    ]
    failed = store.lake.rows(
        ALARMS,
        drift=Scan(store.tables.drift, first, last),
        performance=Scan(store.tables.performance, first, last),
        quality=Scan(store.tables.quality, first, last),
    )
    # Data that landed before it was known who would serve the day is about that version too.
    champions = store.versions.champions(first, last)
    for row in failed:
        if row["check"] == DATA_QUALITY:
            row["version"] = champion.version if (champion := champions[row["day"]]) else 0
    kpi = [row for row in store.checks.daily_values(None, last) if row["day"] >= first]
    decisions = [
        {
            **{name: value for name, value in published(record).items() if name in _OF_DECISIONS},
            "first_failing_day": _first_failing_day(record.evidence),
        }
        for record in store.decisions.records(idle=False)
        if first <= record.day <= last
    ]
    alarms = [row for row in failed if row["check"] not in WARNINGS]
    warnings = [row for row in failed if row["check"] in WARNINGS]
    return Timeline(versions, alarms, warnings, kpi, decisions)


def _first_failing_day(evidence: Sequence[FailedCheck]) -> date | None:
    """The first failing production day that a decision rests on; age has none."""
    days = [
        failed.production_day for failed in evidence if failed.check not in (MODEL_AGE, NO_CHAMPION)
    ]
    return min(days, default=None)
