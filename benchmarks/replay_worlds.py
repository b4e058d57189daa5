"""Two worlds of the same model: one reads files or a simulator, the other has a service.

Each has definitions and data in folders of its own.
"""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from mlops_drift import project, settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake

# A shipped name may not be taken twice.
MODEL = "insurance_replay"
# The first day after the reference month, by whose end the first version is there.
SINCE = date(2020, 1, 1)

# Where rows came from, which is what differs, and what only a service has.
ABOUT_THE_SOURCE = ("files", "received", "served")
# Drawn anew in every registry, and the numbers of commits.
NOT_COMPARED = ("mlflow_run", "features_snapshot", "labels_snapshot")


@dataclass(frozen=True)
class World:
    """A world in a folder, which keeps its definitions and its data."""

    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of processes that work with it."""
        return {
            settings.DATA_VARIABLE: str(self.folder / "data"),
            settings.DEFS_VARIABLE: str(self.folder / "defs"),
        }

    def describe(self, source: Mapping[str, Any]) -> None:
        """Writes the shipped description, with another name and source."""
        place = self.folder / "defs" / MODEL
        place.mkdir(parents=True, exist_ok=True)
        shipped = project.SHIPPED_DEFS / "insurance" / "defs.yaml"
        described = yaml.safe_load(shipped.read_text())
        described["attributes"] |= {"name": MODEL, "source": dict(source)}
        (place / "defs.yaml").write_text(yaml.safe_dump(described, sort_keys=False))

    def enter(self) -> None:
        """Makes it the world that this process sees."""
        os.environ.update(self.variables)

    @contextmanager
    def opened(self) -> Iterator[ModelContext]:
        """Its model, on its lake."""
        self.enter()
        with open_lake() as lake:
            yield ModelContext.of(lake, find_model(MODEL).spec)


def offline_source(files: Path | None) -> dict[str, Any]:
    """The source of the batch: the published files in a folder, or else the shipped simulator."""
    if files is None:
        return {"kind": "simulator", "simulator": "insurance", "seed": 1}
    if not (files / "events.parquet").exists():
        sys.exit(f"{files} holds no events.parquet; leave --files out for the simulator")
    one = {"day_column": "day"}
    return {
        "kind": "files",
        "events": {"path": str(files / "events.parquet"), **one},
        "labels": {"path": str(files / "labels.parquet"), **one},
    }


def service_source(offline: Mapping[str, Any]) -> dict[str, Any]:
    """The same events, those of later days from a service."""
    return {"kind": "service", "since": SINCE, "offline": dict(offline)}


@dataclass(frozen=True)
class TableDifference:
    """How many rows a table has in both worlds, and how many are in one of them only."""

    name: str
    rows: int
    only_batch: int
    only_service: int
    example: str | None = None


def differences(batch: World, service: World, with_event_time: bool) -> list[TableDifference]:
    """Compares all tables of two worlds to the last bit, without the order of rows.

    The time of an event is left out where the source of the batch knows its day alone, and so are
    the checks that only a model with a service has.
    """
    left = NOT_COMPARED if with_event_time else (*NOT_COMPARED, "event_time")
    with batch.opened() as one:
        first = {name: _rows(one, name, left) for name in _names(one)}
        checks = verdicts(one)
    with service.opened() as other:
        second = {name: _rows(other, name, left, checks) for name in _names(other)}
    found = []
    for name, rows in first.items():
        only_batch, only_service = rows - second[name], second[name] - rows
        example = next(iter(only_batch), next(iter(only_service), None))
        counts = rows.total(), only_batch.total(), only_service.total()
        found.append(TableDifference(name, *counts, example))
    return found


def _names(model: ModelContext) -> list[str]:
    return [name for name in model.store.tables._fields if name not in ABOUT_THE_SOURCE]


def _rows(
    model: ModelContext, name: str, left: tuple[str, ...], checks: Collection[str] | None = None
) -> Counter[str]:
    """The rows of a table as text, which tells floats apart to the last bit; of some checks."""
    data = model.store.lake.read(getattr(model.store.tables, name))
    kept = data.select([column for column in data.schema.names if column not in left])
    rows = kept.to_pylist()
    if name == "checks" and checks is not None:
        rows = [row for row in rows if row["check"] in checks]
    return Counter(map(repr, rows))


def verdicts(model: ModelContext) -> dict[str, dict[str, int]]:
    """How often each check has passed, failed, and known nothing."""
    found: dict[str, dict[str, int]] = {}
    for row in model.store.lake.rows(
        'SELECT "check", verdict, count(*) AS n FROM c GROUP BY ALL ORDER BY ALL',
        c=model.store.tables.checks,
    ):
        found.setdefault(row["check"], {})[row["verdict"]] = row["n"]
    return found


def skew(batch: World, service: World) -> dict[str, int]:
    """What the service has logged, beside what the batch has made of the same events.

    By column, and of the version's own answer, how many rows differ in a bit; how many events are
    in one world only.
    """
    import msgspec

    from mlops_drift.pipeline.served_rows import landed_rows

    answer = ("prediction", "score", "probabilities")
    with batch.opened() as one:
        store, key = one.store, one.spec.key
        features = {row[key]: row for row in _since(one, store.tables.features)}
        predicted = {row[key]: row for row in _since(one, store.tables.predictions)}
        columns = list(one.spec.columns)
    with service.opened() as other:
        served = landed_rows(other, SINCE, other.spec.end_date or date.max).to_pylist()
    found = Counter(dict.fromkeys((*columns, *answer, "version"), 0))
    for row in served:
        expected, given = features.get(row["key"]), msgspec.json.decode(row["features"] or b"{}")
        answered = predicted.get(row["key"])
        if expected is None or answered is None:
            continue
        for name in columns:
            found[name] += repr(given.get(name)) != repr(expected[name])
        own = {**row, "prediction": row["model_prediction"]}
        for name in (*answer, "version"):
            found[name] += repr(own[name]) != repr(answered[name])
    keys = {row["key"] for row in served}
    found["events only in the batch"] = len(predicted.keys() - keys)
    found["events only in the log"] = len(keys - predicted.keys())
    return dict(found)


def _since(model: ModelContext, table: Any) -> list[dict[str, Any]]:
    from mlops_drift.store.lake import Scan

    rows: list[dict[str, Any]] = model.store.lake.read(Scan(table, SINCE)).to_pylist()
    return rows
