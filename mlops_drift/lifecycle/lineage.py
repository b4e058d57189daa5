"""The chain from a prediction to what it rests on: version, training set, tables, files, code."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import pyarrow.compute as pc

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.decisions import published_evidence
from mlops_drift.lifecycle.transitions import known_version
from mlops_drift.monitors.context import EVENTS, LABELS
from mlops_drift.pipeline.logged import SPEC
from mlops_drift.pipeline.reference_days import period_of
from mlops_drift.registry.base import GATES_FILE, VERSION_FILE, RegistryError
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.readable import is_readable
from mlops_drift.store.records import Promotion, VersionRecord
from mlops_drift.store.tables import Table

# Numbers of the evidence of a decision that are shown.
_SHOWN = 3
# The last production days whose metric is shown.
_DAYS = 14

_OF_EVIDENCE = ("check", "column", "window", "value", "threshold", "day")
_OF_GATES = ("gate", "verdict", "value", "direction", "threshold", "n")
_OF_CODE = ("git_sha", "code_digest", "lock_digest", "spec_digest")

Facts = dict[str, object]


@dataclass(frozen=True)
class Link:
    """A link of the chain, such as the training set: its facts by name, or a row a file."""

    what: str
    facts: Facts = field(default_factory=dict)
    rows: list[Facts] = field(default_factory=list)


def trace_version(model: ModelContext, version: int) -> list[Link]:
    """What a version is, who promoted it and why, and what it was made of."""
    store, name = model.store, model.spec.name
    record = known_version(model, version)
    facts: Facts = {
        "version": version,
        "model": name,
        "family": record.family,
        f"test {record.metric}": f"{record.value:.4f} ({record.lower:.4f} to {record.upper:.4f}) "
        f"on {record.n_test} rows",
    }
    if model.spec.external:
        return _trace_external(model, record)
    gates, code = Link("gates"), Link("code")
    removal = store.versions.removals().get(version)
    if removal:
        facts["removed"] = (
            f"on {removal.day} by the retention ({removal.reason}); its record is kept, its "
            "artifacts are gone"
        )
    else:
        registry = model.registry
        tags = registry.tags(name, version)
        facts |= {
            "params": registry.params(name, version),
            "reference": tags.get("reference"),
            "MLflow": registry.version_page(name, version, settings.mlflow_ui()),
            "Dagster": f"{settings.dagster_ui()}/assets/{name}/challenger",
        }
        made_by = registry.read_json(name, version, VERSION_FILE)
        code.facts.update({fact: made_by[fact] for fact in _OF_CODE})
        if derived := registry.read_json(name, version, SPEC).get("features_sql"):
            code.facts["features.sql"] = sha256(derived.encode()).hexdigest()
        # Of the last run, or of the approval after it; a version may have been through neither.
        with suppress(RegistryError):
            found = registry.read_json(name, version, GATES_FILE)
            gates.rows.extend({column: row.get(column) for column in _OF_GATES} for row in found)
    return [
        Link("version", facts),
        *([gates] if gates.rows else []),
        *(_promotion(store, one) for one in store.versions.promotions() if one.version == version),
        *_training_set(model, record),
        code,
    ]


def _trace_external(model: ModelContext, record: VersionRecord) -> list[Link]:
    """What is known of a version that is made elsewhere."""
    store, spec = model.store, model.spec
    [known] = [one for one in store.versions.external() if one.version == record.version]
    served = store.predictions.served().get(record.version)
    facts: Facts = {
        "version": record.version,
        "model": spec.name,
        "name": known.name,
        "made": "elsewhere; nothing is known of its training",
        "first prediction": known.first_day,
        "predictions of events": f"{served[0]} to {served[1]}" if served else "none",
    }
    reached = f"{record.value:.4f} ({record.lower:.4f} to {record.upper:.4f})"
    period, sets = period_of(spec), store.training_sets
    reference: Facts = {
        "id": record.training_set,
        "rows": record.rows,
        "with a label": record.n_test,
        "of": f"events of {period.first} to {period.last}" if period else "a file",
        f"{record.metric}": reached if record.n_test else "unknown: no row has a label",
        "folder": str(sets.folder / record.training_set),
    }
    number, promotions = record.version, store.versions.promotions()
    rows: list[Facts] = [
        {"production day": row["day"], record.metric: row["value"], "rows": row["n"]}
        for row in store.checks.daily_values(date.max)
        if row["version"] == number
    ]
    return [
        Link("external version", facts),
        *(_promotion(store, one) for one in promotions if one.version == number),
        Link("reference", reference),
        Link("performance", rows=rows[-_DAYS:]),
    ]


def trace_day(model: ModelContext, day: date) -> list[Link]:
    """What happened on a day: what arrived, from where, what did not, who served, what failed."""
    store, tables = model.store, model.store.tables
    [events] = store.lake.rows("SELECT count(*) AS n FROM e", e=Scan(tables.events, day, day))
    origins = [row for source in model.spec.landed for row in _origins(store, source, day, day)]
    missing: list[Facts] = [
        {"of": row["source"], "file": row["file"]} for row in store.landing.missing_files(day, day)
    ]
    if not events["n"] and not origins and not missing:
        last = store.landing.last_landed_day()
        raise UserError(
            f"nothing of {model.spec.name} landed on {day}; its days are "
            f"{model.spec.start_date} to {last or 'none yet'}"
        )
    served = store.lake.rows(
        "SELECT version, count(*) AS predictions FROM p GROUP BY version ORDER BY version",
        p=Scan(tables.predictions, day, day),
    )
    failed: list[Facts] = [
        {"check": item.check, "of": item.subject, "reason": item.reason}
        for item in store.checks.find(day, day, failed=True)
    ]
    decided: list[Facts] = [
        {"decision": record.id, "action": record.action, "reason": record.reason}
        for record in store.decisions.records()
        if record.day == day
    ]
    about: Facts = {
        "day": day,
        "events": events["n"],
        "failed checks": len(failed),
        "removed": _days_removed(store, day),
    }
    found = {"missing files": missing, "failed checks": failed, "decided at its end": decided}
    return [
        Link("day", about),
        Link("served by", rows=served),
        Link("origins", rows=origins),
        *(Link(what, rows=rows) for what, rows in found.items() if rows),
        *(link for row in served for link in trace_version(model, row["version"])),
    ]


def trace_key(model: ModelContext, key: str) -> list[Link]:
    """What became of an event: its features, predictions, labels, and what was trained on it."""
    spec, store, tables = model.spec, model.store, model.store.tables
    mine = f"CAST({identifier(spec.key)} AS VARCHAR) = {literal(key)}"
    features = store.lake.rows(f"SELECT * FROM f WHERE {mine}", f=tables.features)
    trained = _trained_on(model, key)
    removed = _days_removed(store)
    if not features and not any("part" in row for row in trained):
        quarantined = store.lake.rows(
            f"SELECT day, source, reason FROM q WHERE key = {literal(key)} ORDER BY day",
            q=tables.quarantined,
        )
        if quarantined:
            return [Link("quarantined", rows=quarantined)]
        more = f"; {removed}" if removed else ""
        raise UserError(f"no event of {spec.name} has the {spec.key} {key!r}{more}")
    predictions = store.lake.rows(
        f"SELECT day, version, prediction, score FROM p WHERE {mine} ORDER BY day, version",
        p=tables.predictions,
    )
    labels = store.lake.rows(
        f"SELECT day AS arrived, {identifier(spec.target.column)} AS label FROM l WHERE {mine} "
        "ORDER BY day",
        l=tables.labels,
    )
    days = [event["day"] for event in features]
    versions = dict.fromkeys(row["version"] for row in predictions)
    for version in versions:
        # What another version was given, and is not declared so any more.
        known = model.of_version(version).store.tables.features
        own = store.lake.rows(f"SELECT * FROM f WHERE {mine}", f=known)
        features = [_with_those_of(version, *pair) for pair in zip(features, own, strict=True)]
    return [
        Link("event", features[0] if features else {spec.key: key, "removed": removed}),
        Link("predictions", rows=predictions),
        Link("labels", rows=labels),
        Link("in training sets", rows=trained),
        Link("origins", rows=[row for d in days for row in _origins(store, EVENTS, d, d)]),
        *(link for version in versions for link in trace_version(model, version)),
    ]


def _with_those_of(version: int, row: Facts, theirs: Facts) -> Facts:
    """An event with what a version was given beside it, where that is something else."""
    others = {
        name if row.get(name) is None else f"{name} of version {version}": value
        for name, value in theirs.items()
        if name not in row or row[name] != value
    }
    return {**row, **others}


def _trained_on(model: ModelContext, key: str) -> list[Facts]:
    """The versions that were trained on an event, and those of which it is unknown."""
    found: list[Facts] = []
    sets = model.store.training_sets
    kept = set(sets.ids())
    for record in model.store.versions.all():
        row: Facts = {"version": record.version, "training set": record.training_set}
        if record.training_set not in kept:
            found.append({**row, "unknown": "the set was removed"})
            continue
        found += [
            {**row, "part": part}
            for part, rows in sets.read(record.training_set).parts.items()
            if pc.any(pc.equal(rows[model.spec.key].cast("string"), key)).as_py()
        ]
    return found


def _days_removed(store: ModelStore, day: date = date.min) -> str | None:
    """Whether the retention has removed the rows of a day, or of any, in a sentence."""
    if not store.lake.holds(store.tables.removed_features):
        return None
    [found] = store.lake.rows("SELECT min(day) AS day FROM f", f=store.tables.features)
    if found["day"] is None or day >= found["day"]:
        return None
    return f"the retention has removed the rows of days before {found['day']}"


def _promotion(store: ModelStore, promotion: Promotion) -> Link:
    record = store.decisions.get(promotion.decision)
    evidence = [published_evidence(item) for item in record.evidence[:_SHOWN]] if record else []
    facts: Facts = {
        "trained as of": store.versions.get(promotion.version).as_of,
        "serves since": promotion.serves_since,
        "replaces": promotion.previous,
        "decision": promotion.decision,
        "triggers": record.cause or None if record else None,
        "reason": record.reason if record else None,
        "approved by": promotion.person
        or (
            "who makes versions elsewhere"
            if promotion.kind == "external"
            else "the policy: its gates passed"
        ),
        "comment": promotion.reason,
    }
    return Link(
        "promotion", facts, [{name: row[name] for name in _OF_EVIDENCE} for row in evidence]
    )


def _training_set(model: ModelContext, record: VersionRecord) -> list[Link]:
    store, tables = model.store, model.store.tables
    sets, set_id = store.training_sets, record.training_set
    facts: Facts = {
        "id": set_id,
        "rows": record.rows,
        "trained as of": record.as_of,
        "folder": str(sets.folder / set_id) if set_id in sets.ids() else "removed",
    }
    chain = [Link("training set", facts)]
    # The version was trained on what was built first.
    for first in sets.records(set_id)[:1]:
        facts |= {
            "train rows": first.rows_train,
            "test rows": first.rows_test,
            "events": f"{first.first_day} to {first.last_day}",
        }
        if first.sampled:
            facts["sample"] = first.sampled
        snapshots: Facts = {
            tables.features.name: _commit(store, tables.features, first.features_snapshot),
            tables.labels.name: _commit(store, tables.labels, first.labels_snapshot),
        }
        files = [
            *_origins(store, EVENTS, first.first_day, first.last_day),
            *_origins(store, LABELS, model.spec.start_date, first.as_of),
        ]
        chain += [Link("table snapshots", snapshots), Link("origins", rows=files)]
    return chain


def _commit(store: ModelStore, table: Table, number: int | None) -> str:
    """A commit that a training set was built of, and whether it can be read."""
    place = store.lake.place(table.name)
    gone = number is not None and not is_readable(place, number)
    return f"commit {number}{', which can no longer be read' if gone else ''}"


def _origins(store: ModelStore, source: str, first: date, last: date) -> list[Facts]:
    return [{"of": source, **row} for row in store.landing.origins(source, first, last)]
