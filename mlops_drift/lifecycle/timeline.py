"""What happened to a model, read from its tables: versions, alarms, KPI and decisions."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.decisions import published, published_evidence
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.policy.decision import NO_CHAMPION, DecisionRecord

_OF_VERSIONS = ("version", "as_of", "training_set", "rows", "metric", "value", "family")
# What a timeline leaves out of each decision.
_LEFT_OUT = ("candidates", "person", "digest", "evidence", "settled")


@dataclass(frozen=True)
class Timeline:
    """The story of a model between two days, as rows of its JSON.

    The numbers that made a check fail are alarms, or warnings of checks that only warn; `kpi` has
    the metric of each production day and version.
    """

    versions: list[dict[str, Any]]
    alarms: list[dict[str, object]]
    warnings: list[dict[str, object]]
    kpi: list[dict[str, Any]]
    decisions: list[dict[str, Any]]

    def to_dict(self) -> dict[str, object]:
        """Plain lists; days stay dates."""
        return asdict(self)


def read_timeline(model: ModelContext, first: date, last: date) -> Timeline:
    """Reads the story of a model from `first` to `last`, as known at the end of `last`."""
    store, monitors = model.store, monitors_of(model.spec.monitors)
    promoted = {item.version for item in store.versions.promotions(until=last)}
    versions = [
        {name: getattr(record, name) for name in _OF_VERSIONS}
        | {"promoted": record.version in promoted}
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
    warn = frozenset(one.name for one in monitors if one.warns)
    return Timeline(
        versions,
        alarms=[row for row in failed if row["check"] not in warn],
        warnings=[row for row in failed if row["check"] in warn],
        kpi=[row for row in store.checks.daily_values(last) if row["day"] >= first],
        decisions=[
            _decision(record)
            for record in store.decisions.records(idle=False)
            if first <= record.day <= last
        ],
    )


def _decision(record: DecisionRecord) -> dict[str, object]:
    """A decision with the first failing production day that it rests on; age has none."""
    facts = {name: value for name, value in published(record).items() if name not in _LEFT_OUT}
    days = [
        item.production_day
        for item in record.evidence
        if item.check not in (ModelAge.name, NO_CHAMPION)
    ]
    return facts | {"first_failing_day": min(days, default=None)}
