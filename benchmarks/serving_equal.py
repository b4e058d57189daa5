"""Whether the compiled form predicts as the pipeline that it was made of, to the last bit.

Of each shipped model, by 100,000 events of its simulated world: trees are fitted on the first of
them, and all are scored by the pipeline, row by row, together, and as a table. And of a hostile
table, with gaps, infinite and huge numbers, whole numbers that no double keeps, and categories that
no fit has seen.

Run: python benchmarks/serving_equal.py [--rows 100000]
"""

import argparse
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.table import Table as Shown

from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.compiled.compile import compiled
from mlops_drift.learning.compiled.proof import differs
from mlops_drift.learning.compiled.scorer import CompiledScorer
from mlops_drift.learning.compiled.tables import TableScorer
from mlops_drift.learning.families.base import predicted
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.threshold_classifier import decided
from mlops_drift.schema.columns import Column, Target
from mlops_drift.sources.simulators.registry import SIMULATORS

FITTED = 3000


class World(NamedTuple):
    """Rows to score, of which the first have a truth to fit on."""

    name: str
    columns: dict[str, Column]
    target: Target
    rows: pd.DataFrame
    truth: np.ndarray


def shipped(name: str, n: int) -> World:
    """Events of a shipped model; where its world has an end, it goes on without changes."""
    spec = find_model(name).spec
    world = SIMULATORS[spec.source.simulator](spec.source.seed, stationary=True)
    days, rows, day = [], 0, spec.start_date
    while rows < n:
        events = world.events(day)
        days.append(_features(spec, events, day))
        rows, day = rows + events.num_rows, day + timedelta(days=1)
    features = pd.concat(days, ignore_index=True).head(n)
    delay = spec.target.label_delay_days + 2
    until = (FITTED // max(1, len(days[0]))) + 2 + delay
    arrived = (world.labels(spec.start_date + timedelta(days=at)) for at in range(until))
    labels = pa.concat_tables(arrived).to_pandas().drop_duplicates(spec.key)
    known = features.head(FITTED).merge(labels, on=spec.key, how="inner")
    rows_first = pd.concat([known, features.iloc[FITTED:]], ignore_index=True)
    truth = known[spec.target.column].astype(str).to_numpy()
    return World(name, dict(spec.columns), spec.target, rows_first[list(spec.columns)], truth)


def _features(spec: ModelSpec, events: pa.Table, day: object) -> pd.DataFrame:
    frame = events.to_pandas()
    if spec.derivation is None:
        return frame
    for name, column in spec.source_columns.items():
        if column.is_numeric:
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
    schema = spec.tables.events.schema
    stored = pa.Table.from_pandas(frame.assign(day=day), schema=schema, preserve_index=False)
    nothing = spec.tables.labels.schema.empty_table()
    [(_, made)] = spec.derivation.derive(stored, nothing, day, day)
    return frame.merge(made.to_pandas(), on=spec.key)


def hostile(n: int) -> World:
    """A table of every type with everything that is hard about them."""
    rng = np.random.default_rng(7)
    usual = rng.normal(size=n)
    x = np.where(rng.random(n) < 0.1, np.nan, usual)
    extremes = [np.inf, -np.inf, 1e308, -1e308, 5e-324, -0.0, 1e31, 2.0**53 + 2]
    x = np.where(rng.random(n) < 0.1, rng.choice(extremes, n), x)
    whole = rng.integers(-(2**62), 2**62, n)
    small = rng.integers(0, 9, n)
    names = np.array([*"abcdefgh", "", "nan", "Ä", "rare", None], dtype=object)
    category = rng.choice(names, n)
    unseen = np.array([f"unseen {number}" for number in range(n)], dtype=object)
    category = np.where(rng.random(n) < 0.05, unseen, category)
    flag = pd.array(rng.random(n) < 0.5, dtype="boolean")
    flag[rng.random(n) < 0.1] = pd.NA
    rows = pd.DataFrame(
        {
            "x": x,
            "empty": np.full(n, np.nan),
            "whole": np.where(rng.random(n) < 0.5, whole, small),
            "category": category,
            "flag": flag,
        }
    )
    columns = {
        "x": Column(type="number"),
        "empty": Column(type="number"),
        "whole": Column(type="integer"),
        "category": Column(type="category"),
        "flag": Column(type="boolean"),
    }
    target = Target(column="y", kind="multiclass", classes=["never", "low", "middle", "high"])
    signal = usual + small / 9
    truth = np.select([signal < 0, signal < 1], ["low", "middle"], "high")[:FITTED]
    return World("hostile", columns, target, rows, truth)


def measured(world: World) -> Iterator[str]:
    """The name, rows, rows that differ, and microseconds a row of three ways to score."""
    fits = len(world.truth)
    binary = world.target.kind == "binary"
    bare = family("lightgbm").build({"n_estimators": 150}, world.columns, world.target, 7)
    # With weights and, of two classes, a threshold: the most that a form has to say.
    pipeline = decided(bare, world.target, "balanced", 0.37 if binary else 0.5)
    pipeline.fit(world.rows.head(fits), world.truth)
    form = compiled(family("lightgbm"), pipeline, world.target)
    assert form is not None
    different = sum(
        int(differs(form, pipeline, world.target, world.columns, part).sum())
        for part in (world.rows.iloc[at : at + 10_000] for at in range(0, len(world.rows), 10_000))
    )
    yield from (world.name, f"{len(world.rows):,}", str(different))
    table = pa.Table.from_pandas(world.rows, preserve_index=False)
    scorer, of_tables = CompiledScorer(form), TableScorer(form, world.target)
    few = table.slice(0, 2000).to_pylist()
    started = time.process_time()
    for row in few:
        scorer.score([row])
    yield f"{1e6 * (time.process_time() - started) / len(few):.1f}"
    for score in (
        lambda: of_tables.predicted(table),
        lambda: predicted(pipeline, world.target, world.rows),
    ):
        times = []
        for _ in range(3):
            started = time.process_time()
            score()
            times.append(time.process_time() - started)
        yield f"{1e6 * min(times) / len(world.rows):.2f}"


def main() -> None:
    """Prints a line of each world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    n = parser.parse_args().rows
    shown = Shown(title="Compiled form beside its pipeline")
    for column in ("world", "rows", "differ", "one row, µs", "table, µs/row", "pipeline, µs/row"):
        shown.add_column(column, justify="right")
    for world in (*(shipped(name, n) for name in ("glassware", "insurance", "churn")), hostile(n)):
        shown.add_row(*measured(world))
    Console().print(shown)


if __name__ == "__main__":
    main()
