"""The chain from a prediction to what it rests on: version, training set, tables, files, code."""

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

import pyarrow.compute as pc

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.pipeline.landing import EVENTS, LABELS
from mlops_drift.pipeline.logged import SPEC
from mlops_drift.registry.base import GATES_FILE, RegistryError, VersionRegistry
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion, Removal, VersionRecord

# Numbers of the evidence of a decision that are told.
_SHOWN = 3

_OF_GATES = ("gate", "verdict", "value", "threshold", "n")

_OF_CODE = ("git_sha", "code_digest", "lock_digest", "spec_digest")

Facts = dict[str, Any]


class LineageError(UserError):
    """There is nothing to explain; the message says what there is."""


@dataclass(frozen=True)
class Link:
    """A link of the chain.

    Attributes:
        what: what it is, such as `training set`.
        facts: what is known about it, by name.
        rows: several things of one kind, such as files.
    """

    what: str
    facts: Facts = field(default_factory=dict)
    rows: list[Facts] = field(default_factory=list)


def explain_version(model: ModelContext, version: int) -> list[Link]:
    """What a version is, who promoted it and why, and what it was made of.

    Raises:
        LineageError: if there is no such version.
    """
    spec = model.spec
    store = model.store
    versions = [record.version for record in store.versions.all()]
    if version not in versions:
        raise LineageError(
            f"{spec.name} has no version {version}; its versions are "
            f"{', '.join(map(str, versions)) or 'none yet'}"
        )
    record = store.versions.get(version)
    removal = store.versions.removals().get(version)
    tags = {} if removal else model.registry.tags(spec.name, version)
    return [
        _removed_version(spec, record, removal)
        if removal
        else _version(spec, model.registry, record, tags),
        *([] if removal else _gates(spec, model.registry, version)),
        *(
            _promotion(store, item)
            for item in store.versions.promotions()
            if item.version == version
        ),
        *_training_set(model, record),
        Link("code", {} if removal else _code(spec, model.registry, version, tags)),
    ]


def explain_day(model: ModelContext, day: date) -> list[Link]:
    """What happened on a day: what arrived and from where, what did not, who served, what failed.

    Raises:
        LineageError: if nothing landed on that day, and nothing was to.
    """
    store = model.store
    tables = store.tables
    [events] = store.lake.rows("SELECT count(*) AS n FROM e", e=Scan(tables.events, day, day))
    origins = [row for source in (EVENTS, LABELS) for row in _origins(store, source, day, day)]
    missing = [
        {"of": row["source"], "file": row["file"]} for row in store.landing.missing_files(day, day)
    ]
    if not events["n"] and not origins and not missing:
        last = store.landing.last_landed_day()
        raise LineageError(
            f"nothing of {model.spec.name} landed on {day}; its days are "
            f"{model.spec.start_date} to {last or 'none yet'}"
        )
    served = store.lake.rows(
        "SELECT version, count(*) AS predictions FROM p GROUP BY version ORDER BY version",
        p=Scan(tables.predictions, day, day),
    )
    failed = [
        {"check": row["check"], "of": row["column"], "reason": row["reason"]}
        for row in store.checks.evaluations(date.fromordinal(day.toordinal() - 1))
        if row["day"] == day and row["verdict"] == "fail"
    ]
    decided = [
        {"decision": record.id, "action": record.action, "reason": record.reason}
        for record in store.decisions.records()
        if record.day == day
    ]
    chain = [
        Link(
            "day",
            {
                "day": day,
                "events": events["n"],
                "failed checks": len(failed),
                "removed": _days_removed(store, day),
            },
        ),
        Link("served by", rows=served),
        Link("source files", rows=origins),
        *([Link("missing files", rows=missing)] if missing else []),
        *([Link("failed checks", rows=failed)] if failed else []),
        *([Link("decided at its end", rows=decided)] if decided else []),
    ]
    for row in served:
        chain += explain_version(model, row["version"])
    return chain


def explain_key(model: ModelContext, key: str) -> list[Link]:
    """What became of an event: its features, predictions, labels, and where it was learned from.

    Raises:
        LineageError: if no event has the key.
    """
    spec = model.spec
    store = model.store
    tables = store.tables
    column = identifier(spec.key)
    mine = f"CAST({column} AS VARCHAR) = {literal(key)}"
    features = store.lake.rows(f"SELECT * FROM f WHERE {mine}", f=tables.features)
    learned = _learned(model, key)
    if not features and not any("part" in row for row in learned):
        rejected = store.lake.rows(
            f"SELECT day, source, reason FROM r WHERE key = {literal(key)} ORDER BY day",
            r=tables.quarantined,
        )
        if rejected:
            return [Link("rejected", rows=rejected)]
        removed = _days_removed(store)
        raise LineageError(
            f"no event of {spec.name} has the {spec.key} {key!r}"
            + (f"; {removed}" if removed else "")
        )
    predictions = store.lake.rows(
        f"SELECT day, version, prediction, score FROM p WHERE {mine} ORDER BY day, version",
        p=tables.predictions,
    )
    labels = store.lake.rows(
        f"SELECT day AS arrived, {identifier(spec.target.column)} AS label FROM l WHERE {mine} "
        "ORDER BY day",
        l=tables.labels,
    )
    origins = [
        row for event in features for row in _origins(store, EVENTS, event["day"], event["day"])
    ]
    chain = [
        Link(
            "event", features[0] if features else {spec.key: key, "removed": _days_removed(store)}
        ),
        Link("predictions", rows=predictions),
        Link("labels", rows=labels),
        Link("in training sets", rows=learned),
        Link("source files", rows=origins),
    ]
    for version in dict.fromkeys(row["version"] for row in predictions):
        chain += explain_version(model, version)
    return chain


def _learned(model: ModelContext, key: str) -> list[Facts]:
    """The versions that learned from an event, and those of which nobody can tell any more."""
    learned: list[Facts] = []
    kept = set(model.store.training_sets.ids())
    for record in model.store.versions.all():
        row: Facts = {"version": record.version, "training set": record.training_set}
        if record.training_set not in kept:
            learned.append({**row, "unknown": "the set was removed"})
            continue
        learned += [
            {**row, "part": part}
            for part, rows in model.store.training_sets.read(record.training_set).parts.items()
            if pc.any(pc.equal(rows[model.spec.key].cast("string"), key)).as_py()
        ]
    return learned


def _days_removed(store: ModelStore, day: date = date.min) -> str | None:
    """What to say of a day, or of any, whose rows the retention may have removed."""
    if not store.lake.has(store.tables.removed_features):
        return None
    [found] = store.lake.rows("SELECT min(day) AS day FROM f", f=store.tables.features)
    if found["day"] is None or day >= found["day"]:
        return None
    return f"the retention has removed the rows of days before {found['day']}"


def _removed_version(spec: ModelSpec, record: VersionRecord, removal: Removal) -> Link:
    return Link(
        "version",
        {
            "version": record.version,
            "model": spec.name,
            "family": record.family,
            f"test {record.metric}": _measured(record),
            "removed": f"on {removal.day} by the retention ({removal.reason}); its record is kept, "
            "its artifacts are gone",
        },
    )


def _measured(record: VersionRecord) -> str:
    return f"{record.value:.4f} ({record.lower:.4f} to {record.upper:.4f}) on {record.n_test} rows"


def _version(
    spec: ModelSpec, registry: VersionRegistry, record: VersionRecord, tags: dict[str, str]
) -> Link:
    ui = settings.dagster_ui()
    return Link(
        "version",
        {
            "version": record.version,
            "model": spec.name,
            "family": record.family,
            "params": registry.params(spec.name, record.version),
            f"test {record.metric}": _measured(record),
            "reference": tags.get("reference"),
            "MLflow": registry.version_page(spec.name, record.version, settings.mlflow_ui()),
            "Dagster": f"{ui}/assets/{spec.name}/challenger",
        },
    )


def _gates(spec: ModelSpec, registry: VersionRegistry, version: int) -> list[Link]:
    """What the gates found in the last run, or when a person approved the version after it."""
    try:
        found = registry.read_json(spec.name, version, GATES_FILE)
    except RegistryError:
        return []
    return [Link("gates", rows=[{name: row[name] for name in _OF_GATES} for row in found])]


def _code(spec: ModelSpec, registry: VersionRegistry, version: int, tags: dict[str, str]) -> Facts:
    """What made the version, by digest; its description and features.sql lie in its spec.json."""
    digests: Facts = {name: tags[name] for name in _OF_CODE if name in tags}
    derived = registry.read_json(spec.name, version, SPEC).get("features_sql")
    if derived:
        digests["features.sql"] = sha256(derived.encode()).hexdigest()
    return digests


def _promotion(store: ModelStore, promotion: Promotion) -> Link:
    record = store.decisions.get(promotion.decision)
    evidence = [
        {
            name: str(value) if name == "day" else value
            for name, value in vars(failed).items()
            if name in ("check", "column", "window", "value", "threshold", "day")
        }
        for failed in (record.evidence[:_SHOWN] if record else ())
    ]
    return Link(
        "promotion",
        {
            "serves after": promotion.as_of,
            "in place of": promotion.previous,
            "decision": promotion.decision,
            "triggers": record.cause or None if record else None,
            "because": record.reason if record else None,
            "by": promotion.person or "the policy: its gates passed",
            "with the words": promotion.reason,
        },
        evidence,
    )


def _training_set(model: ModelContext, record: VersionRecord) -> list[Link]:
    store = model.store
    built = store.training_sets.records(record.training_set)
    facts: Facts = {"id": record.training_set, "rows": record.rows, "as of": record.as_of}
    kept = record.training_set in store.training_sets.ids()
    facts["folder"] = str(store.training_sets.folder / record.training_set) if kept else "removed"
    if not built:
        return [Link("training set", facts)]
    # The first time that it was built is what the version was trained on.
    first = built[0]
    facts |= {
        "train rows": first.rows_train,
        "test rows": first.rows_test,
        "events": f"{first.first_day} to {first.last_day}",
    }
    tables = store.tables
    snapshots = {
        tables.features.name: first.features_snapshot,
        tables.labels.name: first.labels_snapshot,
    }
    files = [
        *_origins(store, EVENTS, first.first_day, first.last_day),
        *_origins(store, LABELS, model.spec.start_date, first.as_of),
    ]
    return [
        Link("training set", facts),
        Link("table snapshots", {name: f"commit {number}" for name, number in snapshots.items()}),
        Link("source files", rows=files),
    ]


def _origins(store: ModelStore, source: str, first: date, last: date) -> list[Facts]:
    return [{"of": source, **row} for row in store.landing.origins(source, first, last)]
