"""What happened to a model, read from its tables: versions, alarms, KPI and decisions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.decisions import published, published_evidence
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.policy.decision import NO_CHAMPION

# What a timeline has of each decision, besides its first failing day.
_OF_DECISIONS = (
    *("decision", "day", "action", "kind", "rules", "version", "training_window", "since"),
    "scores",
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
        decisions: what was decided, by which triggers, and its outcome.
    """

    versions: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    kpi: list[dict[str, Any]]
    decisions: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists; days stay dates."""
        return asdict(self)


def read_timeline(model: ModelContext, first: date, last: date) -> Timeline:
    """Reads the story of a model from `first` to `last`, as known at the end of `last`."""
    store, monitors = model.store, monitors_of(model.spec.monitors)
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
    # Data that landed before it was known who would serve the day is about that version too.
    champions = store.versions.champions(first, last)
    of_data = frozenset(one.name for one in monitors if one.is_about_data)

    def version_of(item: CheckEvaluation) -> int:
        champion = champions[item.day]
        return item.version if item.check not in of_data else champion.version if champion else 0

    failed = [
        {**published_evidence(item), "version": version_of(item)}
        for item in store.checks.find(first, last, failed=True)
    ]
    kpi = [row for row in store.checks.daily_values(None, last) if row["day"] >= first]
    decisions = [
        {
            **{name: value for name, value in published(record).items() if name in _OF_DECISIONS},
            "first_failing_day": _first_failing_day(record.evidence),
        }
        for record in store.decisions.records(idle=False)
        if first <= record.day <= last
    ]
    warn = frozenset(one.name for one in monitors if one.warns)
    alarms = [row for row in failed if row["check"] not in warn]
    warnings = [row for row in failed if row["check"] in warn]
    return Timeline(versions, alarms, warnings, kpi, decisions)


def _first_failing_day(evidence: Sequence[CheckEvaluation]) -> date | None:
    """The first failing production day that a decision rests on; age has none."""
    days = [
        item.production_day for item in evidence if item.check not in (ModelAge.name, NO_CHAMPION)
    ]
    return min(days, default=None)
