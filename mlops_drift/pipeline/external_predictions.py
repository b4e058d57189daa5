"""Predictions that are made elsewhere: matched with their events, and numbered by version."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.scoring import Served, add_predictions
from mlops_drift.sources.external import score_of, scored_classes
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan


@dataclass(frozen=True)
class Matched:
    """What of some days has a prediction: what was served, and the events without one by now."""

    served: Served
    unpredicted: int


def match_predictions(model: ModelContext, first: date, last: date) -> Matched:
    """Puts predictions that arrived on some days, or are of their events, with their events.

    They count for the day of the event. What is there stays. Either may come first, by at most
    the usual delay of labels.
    """
    store, spec = model.store, model.spec
    tables, key, reach = store.tables, identifier(spec.key), spec.target.usual_delay
    landed = Scan(tables.landed_predictions, first, last)
    days = store.lake.rows("SELECT version, min(day) AS day FROM p GROUP BY version", p=landed)
    if days:
        store.versions.add_external({row["version"]: row["day"] for row in days})
    events = Scan(tables.events, first - reach, last)
    found = store.lake.query(
        f"""
        SELECT e.day, n.version, p.{key}, p.prediction, {score_sql(spec)} AS score,
            {probabilities_sql(spec)} AS probabilities
        FROM p JOIN e USING ({key}) JOIN n ON n.name = p.version
        WHERE p.day BETWEEN '{first}' AND '{last}' OR e.day BETWEEN '{first}' AND '{last}'
        ORDER BY e.day, p.{key}
        """,
        p=Scan(tables.landed_predictions, first - reach),
        e=events,
        n=tables.external_versions,
    ).cast(tables.predictions.schema)
    added = 0
    if found.num_rows:
        of = pc.min_max(found["day"]).as_py()
        added = add_predictions(model, tables.predictions, found, of["min"], of["max"])
    [left] = store.lake.rows(
        f"SELECT count(*) AS n FROM e ANTI JOIN p USING ({key})",
        e=Scan(tables.events, first, last),
        p=Scan(tables.predictions, first, last),
    )
    versions = tuple(sorted(found["version"].unique().to_pylist()))
    return Matched(Served(found.num_rows, added, versions), int(left["n"]))


def score_sql(spec: ModelSpec) -> str:
    """SQL of the score of a landed prediction `p`: without one a class counts as certain."""
    if not spec.target.is_classification:
        return "p.prediction"
    external = spec.external
    if external is not None and external.scores:
        cases = (
            f"WHEN {literal(name)} THEN p.{identifier(score_of(name))}"
            for name in scored_classes(spec.target)
        )
        return f"CASE p.prediction {' '.join(cases)} END"
    certain = "1.0"
    if spec.target.positive is not None:
        certain = f"CAST(p.prediction = {literal(spec.target.positive)} AS DOUBLE)"
    return f"coalesce(p.score, {certain})"


def probabilities_sql(spec: ModelSpec) -> str:
    """SQL of the probabilities of all classes of a landed prediction `p`."""
    if spec.external is None or not spec.external.scores:
        return "NULL"
    columns = (f"p.{identifier(score_of(name))}" for name in scored_classes(spec.target))
    return f"[{', '.join(columns)}]"


def main_versions(model: ModelContext, first: date, last: date) -> dict[date, list[int]]:
    """By day, the versions that most of the predictions are of which arrived on it."""
    rows = model.store.lake.rows(
        """
        WITH counted AS (
            SELECT p.day, n.version, count(*) AS rows
            FROM p JOIN n ON n.name = p.version GROUP BY p.day, n.version
        )
        SELECT day, version FROM counted
        QUALIFY rank() OVER (PARTITION BY day ORDER BY rows DESC) = 1 ORDER BY day, version
        """,
        p=Scan(model.store.tables.landed_predictions, first, last),
        n=model.store.tables.external_versions,
    )
    found: dict[date, list[int]] = {}
    for row in rows:
        found.setdefault(row["day"], []).append(row["version"])
    return found


def arrived_predictions(model: ModelContext, version: int, first: date, last: date) -> pa.Table:
    """What a version predicted, by the day of its arrival, with or without an event.

    With the columns of `predictions.<model>`: what drift is measured on.
    """
    names = [one.name for one in model.store.versions.external() if one.version == version]
    table, key = model.store.tables.predictions, identifier(model.spec.key)
    return model.store.lake.query(
        f"""
        SELECT p.day, {version} AS version, p.{key}, p.prediction, {score_sql(model.spec)} AS score,
            {probabilities_sql(model.spec)} AS probabilities
        FROM p WHERE p.version = {literal(names[0])}
        """,
        p=Scan(model.store.tables.landed_predictions, first, last),
    ).cast(table.schema)
