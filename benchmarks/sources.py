"""The same model from every kind of source: are training sets, versions and decisions the same?

Writes the events and labels of insurance's first 120 days into Parquet files, daily files in an
object store, Delta tables on disk and in the object store, a PostgreSQL database and a Python
module, runs the model from each in a fresh folder, and compares what came of it with what came of
the files. Beside it, the seconds of a day (the median of the days without a retraining).

The object store is a server on loopback; the database is started for this, where PostgreSQL is
installed.

Run: make bench-sources
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from rich.console import Console
from rich.table import Table

DAYS = int(os.environ.get("DAYS", "120"))
# The model, and its copies with other sources.
MODEL, COPY = "insurance", "motor"
SHOP = "SHOP_DB"
Tables = dict[str, pa.Table]
# Puts tables somewhere, and gives the section `source` that reads them and what the environment
# must say.
Put = Callable[[Tables, Path], tuple[dict[str, Any], dict[str, str]]]

MODULE = """
from pathlib import Path

import pyarrow.dataset as ds

FOLDER = Path(__file__).parent
ROWS = {name: ds.dataset(FOLDER / f"{name}.parquet") for name in ("events", "labels")}


def _between(name, first, last):
    return ROWS[name].to_table(filter=(ds.field("day") >= first) & (ds.field("day") <= last))


def events(first, last):
    return _between("events", first, last)


def labels(first, last):
    return _between("labels", first, last)
"""


def simulated() -> Tables:
    """The events and labels of the days, each with its day."""
    from mlops_drift.config.loading import find_model

    model = find_model(MODEL)
    source, first = model.spec.source.open(model.folder), model.spec.start_date
    last = first + timedelta(days=DAYS - 1)
    parts = {"events": source.events(first, last), "labels": source.labels(first, last)}
    tables = {}
    for name, batch in parts.items():
        [part] = batch.parts
        tables[name] = part.rows.append_column("day", part.days)
    return tables


def write_files(tables: Tables, folder: Path) -> dict[str, Any]:
    """One Parquet file of each table."""
    for name, rows in tables.items():
        pq.write_table(rows, folder / f"{name}.parquet")
    return {
        "kind": "files",
        **{name: {"path": f"{name}.parquet", "day_column": "day"} for name in tables},
    }


def in_files(tables: Tables, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Parquet files of this machine."""
    return write_files(tables, folder), {}


def in_python(tables: Tables, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Functions of a module that reads the files."""
    write_files(tables, folder)
    (folder / "insurance_shelf.py").write_text(MODULE)
    functions = {name: f"insurance_shelf:{name}" for name in tables}
    return {"kind": "python", **functions}, {"PYTHONPATH": str(folder)}


def in_delta(tables: Tables, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Delta tables of this machine, divided by day."""
    return write_delta(tables, str(folder)), {}


def write_delta(tables: Tables, root: str) -> dict[str, Any]:
    """Delta tables under a folder or a URL."""
    from deltalake import write_deltalake

    for name, rows in tables.items():
        write_deltalake(f"{root}/{name}", rows, partition_by=["day"])
    places = {name: {"path": f"{root}/{name}", "day_column": "day"} for name in tables}
    return {"kind": "delta", **places}


@contextmanager
def object_store() -> Iterator[dict[str, Put]]:
    """What puts tables into an object store on loopback."""
    from mlops_drift_tests import s3

    with s3.s3_server() as endpoint:
        variables = s3.variables(endpoint)
        os.environ.update(variables)

        def daily(tables: Tables, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
            bucket = s3.Bucket(endpoint)
            for name, rows in tables.items():
                for day in all_days():
                    mine = rows.filter(pc.equal(rows["day"], pa.scalar(day)))
                    pq.write_table(mine.drop_columns("day"), folder / "one.parquet")
                    bucket.put(f"{name}/{day}.parquet", folder / "one.parquet")
            places = {name: {"path": f"{bucket.url}/{name}/{{day}}.parquet"} for name in tables}
            return {"kind": "files", **places}, variables

        def delta(tables: Tables, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
            return write_delta(tables, s3.Bucket(endpoint).url), variables

        yield {"daily files on S3": daily, "Delta on S3": delta}


@contextmanager
def database() -> Iterator[dict[str, Put]]:
    """What puts tables into a PostgreSQL database; nothing where it is not installed."""
    from mlops_drift_tests.postgres import Postgres, programs

    if programs() is None:
        yield {}
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder))
        try:

            def put(tables: Tables, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
                import adbc_driver_postgresql.dbapi as adbc

                url = server.make_database("insurance")
                with adbc.connect(url) as connection, connection.cursor() as cursor:
                    for name, rows in tables.items():
                        cursor.adbc_ingest(name, rows)
                    connection.commit()
                places = {name: {"table": name, "day_column": "day"} for name in tables}
                return {"kind": "sql", "url": f"${{{SHOP}}}", **places}, {SHOP: url}

            yield {"PostgreSQL": put}
        finally:
            server.stop()


def all_days() -> list[date]:
    """The days that run."""
    from mlops_drift.config.loading import find_model

    first = find_model(MODEL).spec.start_date
    return [first + timedelta(days=number) for number in range(DAYS)]


def write_model(folder: Path, source: dict[str, Any]) -> None:
    """The shipped model with another source."""
    from mlops_drift.config.loading import find_model

    shipped = yaml.safe_load((find_model(MODEL).folder / "defs.yaml").read_text())
    changes = {"name": COPY, "source": source, "end_date": all_days()[-1]}
    shipped["attributes"] |= changes
    (folder / "defs.yaml").write_text(yaml.safe_dump(shipped, sort_keys=False))


def run_here() -> dict[str, Any]:
    """Runs the days in this process; the seconds of a day, and what came of them."""
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.gateways import open_lake
    from mlops_drift.simulation.historical_run import HistoricalRun
    from mlops_drift.simulation.instance import open_instance, quiet
    from mlops_drift.simulation.retrainings import Step

    begun: dict[date, float] = {}
    seconds: dict[date, float] = {}
    retrained: set[date] = set()

    def on_step(step: Step, what: str) -> None:
        if what == "running":
            begun[step.last] = time.perf_counter()
        elif what.startswith("retraining"):
            retrained.add(step.last)
        elif step.last in begun:
            seconds[step.last] = time.perf_counter() - begun[step.last]

    model = find_model(COPY)
    with quiet(), open_instance() as instance:
        HistoricalRun(model, instance).run(on_step)
    with open_lake() as lake:
        store = ModelContext.of(lake, model.spec).store
        versions = [
            [one.version, str(one.as_of), one.training_set, one.value]
            for one in store.versions.all()
        ]
        decisions = [
            [str(one.day), one.action, one.status, one.reason] for one in store.decisions.records()
        ]
    usual = [taken for day, taken in seconds.items() if day not in retrained]
    return {
        "seconds": statistics.median(usual),
        "versions": versions,
        "decisions": decisions,
    }


def run_apart(put: Put, tables: Tables) -> dict[str, Any]:
    """Runs the days in a process of their own, from where the tables are put."""
    with tempfile.TemporaryDirectory(prefix="mlops-drift-bench-") as root:
        folder = Path(root) / "defs" / COPY
        folder.mkdir(parents=True)
        source, variables = put(tables, folder)
        write_model(folder, source)
        paths = [variables.get("PYTHONPATH"), os.environ.get("PYTHONPATH")]
        environment = {
            **os.environ,
            **variables,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "MLOPS_DRIFT_DATA": f"{root}/data",
            "MLOPS_DRIFT_DEFS": f"{root}/defs",
        }
        command = [sys.executable, "-m", "benchmarks.sources", "here"]
        told = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
        return found


def main() -> None:
    """Measures, compares and prints; fails where something differs."""
    if sys.argv[1:] == ["here"]:
        sys.stdout.write(json.dumps(run_here()))
        return
    console = Console(width=110)
    tables = simulated()
    with ExitStack() as stack:
        places: dict[str, Put] = {"files": in_files, "Delta": in_delta, "Python": in_python}
        places |= stack.enter_context(object_store())
        places |= stack.enter_context(database())
        found = {}
        for name, put in places.items():
            found[name] = run_apart(put, tables)
            console.print(f"{name}: {DAYS} days done")
    files = found["files"]
    table = Table(title=f"{DAYS} days of {MODEL} from each source", title_justify="left")
    for column in ("source", "seconds of a day", "of files", "versions", "decisions", "the same"):
        table.add_column(column)
    is_same = {
        name: all(one[part] == files[part] for part in ("versions", "decisions"))
        for name, one in found.items()
    }
    for name, one in found.items():
        table.add_row(
            name,
            f"{one['seconds']:.2f}",
            f"{one['seconds'] / files['seconds']:.2f}",
            str(len(one["versions"])),
            str(len(one["decisions"])),
            "yes" if is_same[name] else "NO",
        )
    console.print(table)
    if not all(is_same.values()):
        sys.exit("training sets, versions or decisions differ")


if __name__ == "__main__":
    main()
