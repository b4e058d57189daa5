"""What the report of a model rests on, read once from its tables and its registry."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.profile import Profile, add
from mlops_drift.drift.reference import Reference
from mlops_drift.lifecycle.check_days import check_days
from mlops_drift.lifecycle.spans import Span, acted_and_waited
from mlops_drift.lifecycle.status import read_status
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.business_value import BusinessValueDrop
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.feature_drift import FeatureDrift
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.slice_performance import SlicePerformance
from mlops_drift.registry.base import GATES_FILE, VERSION_FILE, RegistryError
from mlops_drift.schema.days import days_between
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import CheckDay, Promotion, VersionRecord

# Versions whose gates and pages are looked up.
RECENT_VERSIONS = 20


@dataclass(frozen=True)
class ReportData:
    """What is shown of a model on some of its last days.

    Attributes:
        status: as `read_status` has it.
        performance: realized and estimated numbers and business value by production day.
        drift: what feature_drift found about each column and day, of who served it.
        profiles: by day, the features and predictions of the version that serves now.
        predicted: by day and class of the prediction, or its mean, who served included.
        landed: rows of events and labels that arrived by day.
        quarantined: rows by day, source and reason.
        labelled: served and labelled predictions by day of the event.
        slices: the last evaluations of slices, of who serves.
        gates: by version, the rows of its gates.
        pages: by version, its page in the registry; `seconds` what its search and fit took.
    """

    spec: ModelSpec
    status: Mapping[str, Any]
    days: Sequence[date]
    checks: Sequence[CheckDay]
    promotions: Sequence[Promotion]
    versions: Sequence[VersionRecord]
    performance: Sequence[Mapping[str, Any]]
    drift: Sequence[Mapping[str, Any]]
    shadow: Sequence[Mapping[str, Any]]
    importance: Mapping[str, float]
    reference: Reference | None
    profiles: Mapping[date, Profile]
    predicted: Sequence[Mapping[str, Any]]
    landed: Mapping[str, Mapping[date, int]]
    quarantined: Sequence[Mapping[str, Any]]
    labelled: Mapping[date, tuple[int, int]]
    slices: Sequence[CheckEvaluation]
    spans: Sequence[Span]
    gates: Mapping[int, Sequence[Mapping[str, Any]]]
    pages: Mapping[int, str]
    seconds: Mapping[int, float]

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    @property
    def serving(self) -> int | None:
        """The version that serves from the day after the last one."""
        return self.promotions[-1].version if self.promotions else None

    def window(self, last: int) -> Profile:
        """The profile of the last so many days that the serving version has served rows on."""
        profiles = self.profiles.items()
        recent = [day for day, found in profiles if any(one.n for one in found.values())][-last:]
        return add(self.profiles[day] for day in recent) if recent else {}


def read_report(model: ModelContext, days: int) -> ReportData | None:
    """Reads a model's last days; None as long as none has landed.

    These are `days`, and before them as many as its labels take, without which there would be no
    realized performance.
    """
    spec, store = model.spec, model.store
    last = store.landing.last_landed_day()
    if last is None:
        return None
    reach = timedelta(days=days - 1 + spec.target.label_delay_days)
    first = max(spec.start_date, last - reach)
    promotions = store.versions.promotions()
    served = store.versions.serving(first, last)
    slices = store.checks.find(first, last, checks=[SlicePerformance.name])
    newest = max((one.day for one in slices), default=last)
    versions = store.versions.all()
    return ReportData(
        spec=spec,
        status=read_status(model),
        days=days_between(first, last),
        checks=check_days(model, first, last),
        promotions=promotions,
        versions=versions,
        performance=store.checks.by_production_day(
            [PerformanceDrop.name, EstimatedPerformance.name, BusinessValueDrop.name], first, last
        ),
        drift=[
            row
            for row in store.checks.by_subject(FeatureDrift.name, first, last)
            if row["version"] == served[row["day"]]
        ],
        shadow=store.lake.rows(
            'SELECT * FROM s ORDER BY day, "window"', s=Scan(store.tables.shadow, first, last)
        ),
        **_baseline(store, promotions, first, last),
        predicted=_predicted(model, first, last),
        landed={of: store.landing.counts(of, first, last) for of in spec.landed},
        quarantined=store.lake.rows(
            "SELECT day, source, reason, count(*) AS n FROM q GROUP BY ALL ORDER BY ALL",
            q=Scan(store.tables.quarantined, first, last),
        ),
        labelled=_labelled(store, first, last),
        slices=[one for one in slices if one.day == newest and one.version == served[one.day]],
        spans=acted_and_waited(store.decisions.records(idle_since=first)),
        **_registered(model, versions),
    )


def _baseline(
    store: ModelStore, promotions: Sequence[Promotion], first: date, last: date
) -> dict[str, Any]:
    """The reference and importance of the version that serves, and the profiles of its days."""
    if not promotions:
        return {"importance": {}, "reference": None, "profiles": {}}
    champion = promotions[-1]
    stored = (champion.training_set, champion.version)
    profiles: dict[date, Profile] = {}
    since = max(first, champion.as_of + timedelta(days=1))
    own = f"SELECT * FROM t WHERE version = {champion.version} ORDER BY day"
    table = store.lake.query(own, t=Scan(store.tables.profiles, since, last))
    for row in table.to_pylist():
        profiles.setdefault(row["day"], {})[row["column"]] = ColumnProfile.from_dict(row)
    return {
        "importance": store.training_sets.read_importance(*stored),
        "reference": Reference.from_files(store.training_sets.read_reference(*stored)),
        "profiles": profiles,
    }


def _predicted(model: ModelContext, first: date, last: date) -> list[dict[str, Any]]:
    """By day and version: of classes the number of each, of numbers the quartiles."""
    scan = Scan(model.store.tables.predictions, first, last)
    if model.spec.target.is_classification:
        sql = "SELECT day, version, prediction, count(*) AS n FROM p GROUP BY ALL ORDER BY ALL"
    else:
        quartiles = "quantile_cont(prediction, [0.25, 0.5, 0.75]) AS quartiles"
        sql = f"SELECT day, version, count(*) AS n, {quartiles} FROM p GROUP BY ALL ORDER BY ALL"
    return model.store.lake.rows(sql, p=scan)


def _labelled(store: ModelStore, first: date, last: date) -> dict[date, tuple[int, int]]:
    rows = store.lake.rows(
        f"""
        SELECT event_day AS day, sum(served)::BIGINT AS served, sum(labelled)::BIGINT AS labelled
        FROM a WHERE event_day >= '{first}' GROUP BY event_day ORDER BY event_day
        """,
        a=Scan(store.tables.label_arrivals, first, last),
    )
    return {row["day"]: (row["served"], row["labelled"]) for row in rows}


def _registered(model: ModelContext, versions: Sequence[VersionRecord]) -> dict[str, Any]:
    """What only the registry knows: gates, pages, and how long trainings took."""
    if model.spec.external:
        return {"gates": {}, "pages": {}, "seconds": {}}
    registry, name = model.registry, model.spec.name
    removed = model.store.versions.removals()
    gates: dict[int, Sequence[Mapping[str, Any]]] = {}
    pages: dict[int, str] = {}
    seconds: dict[int, float] = {}
    for record in versions[-RECENT_VERSIONS:]:
        if record.version in removed:
            continue
        if page := registry.version_page(name, record.version, settings.mlflow_ui()):
            pages[record.version] = page
        about = (name, record.version)
        with suppress(RegistryError):
            facts = registry.read_json(*about, VERSION_FILE, record.mlflow_run)
            seconds[record.version] = facts["seconds"]
        # A version that was never judged has none.
        with suppress(RegistryError):
            gates[record.version] = registry.read_json(*about, GATES_FILE, record.mlflow_run)
    return {"gates": gates, "pages": pages, "seconds": seconds}
