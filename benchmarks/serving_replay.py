"""Whether a service leads to what the batch leads to: the days of insurance sent as requests.

Two worlds of the shipped model. The batch reads its events from the source, as shipped. The other
one has a real `mlops-drift serve`, to which every event of a day is sent over the loopback, with
its own time; then that day is run, with the retraining that it decides, and the next one is sent
when the version that should serve does. In the end all tables of both worlds are compared to the
last bit, and what the service has logged beside what the batch has made of the same events.

Run: python benchmarks/serving_replay.py [--days 120] [--files DIR] [--folder DIR]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# In the processes that are started, too, libraries are quiet.
os.environ.setdefault("PYTHONWARNINGS", "ignore")

from replay_client import PATIENCE_SECONDS, POLL_SECONDS, Answer, Client, served
from replay_worlds import (
    MODEL,
    SINCE,
    TableDifference,
    World,
    differences,
    offline_source,
    service_source,
    skew,
    verdicts,
)

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import Model, find_model
from mlops_drift.gateways import open_lake
from mlops_drift.serving.log.segments import segments, unshipped
from mlops_drift.simulation.historical_run import HistoricalRun
from mlops_drift.simulation.instance import open_instance, quiet
from mlops_drift.simulation.retrainings import Step
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.lake import Scan

OPEN = ("*.open", "*.new")


class Replay:
    """The days of the world with the service, each sent before it is run.

    Attributes:
        since: the first day that was sent; the far future before there is one.
    """

    def __init__(self, model: Model, client: Client) -> None:
        source = model.spec.source
        if not isinstance(source, ServiceSource):
            sys.exit(f"{MODEL} has no service")
        self._spec, self._client = model.spec, client
        self._offline = source.offline.open(model.folder)
        self._log = settings.serving_root() / MODEL / "log"
        self.since = date.max

    def on_step(self, step: Step, what: str) -> None:
        """Sends the events of a day that is about to run, and waits until they can be shipped."""
        if what != "running" or step.first < SINCE:
            return
        if rows := self._events(step.first):
            self.since = min(self.since, step.first)
            self._client.send(step.first.toordinal(), rows, self._version())
            begun = time.monotonic()
            while any(next(self._log.glob(one), None) for one in OPEN):
                if time.monotonic() - begun > PATIENCE_SECONDS:
                    sys.exit(f"{self._log} is still open")
                time.sleep(POLL_SECONDS)
            self._client.traffic.closing += time.monotonic() - begun

    def _version(self) -> int:
        """The version of the last promotion, which serves from the day after it on."""
        with open_lake() as lake:
            return ModelContext.of(lake, self._spec).store.versions.promotions()[-1].version

    def _events(self, day: date) -> list[dict[str, Any]]:
        """The events of a day as the rows of requests."""
        key, columns = self._spec.key, self._spec.source_columns
        rows = []
        for part in self._offline.events(day, day).parts:
            of_day = part.rows.select([key, *columns]).to_pylist()
            for row, own, at in zip(
                of_day, part.days.to_pylist(), part.times.to_pylist(), strict=True
            ):
                when = at or datetime.combine(day, datetime.min.time())
                if own == day:
                    rows.append({**row, "event_time": when.replace(tzinfo=UTC).isoformat()})
        return rows


def main(days: int | None, files: Path | None, folder: Path, workers: int, connections: int) -> int:
    """Runs both worlds, compares them, and prints what it found; the exit status."""
    batch, service = World(folder / "batch"), World(folder / "service")
    offline = offline_source(files)
    batch.describe(offline)
    service.describe(service_source(offline))
    service.enter()
    model = find_model(MODEL)
    last = model.spec.start_date + timedelta(days=days - 1) if days else model.spec.end_date
    command = [sys.executable, "-m", "mlops_drift.cli.main", "run", MODEL, "--until", str(last)]
    environment = {**os.environ, **batch.variables}
    begun = time.monotonic()
    with subprocess.Popen(
        [*command, "--format", "json"], env=environment, stdout=subprocess.DEVNULL
    ) as reading:
        with quiet(), open_instance() as instance, served(MODEL, workers, {}) as address:
            client = Client(address, MODEL, connections)
            replay = Replay(model, client)
            HistoricalRun(model, instance, last=last).run(replay.on_step)
            client.close()
        seconds = time.monotonic() - begun
        if status := reading.wait():
            sys.exit(f"the batch ended with {status}")
    found = differences(batch, service, with_event_time=files is None)
    skewed = skew(batch, service)
    counted = _counts(service, client, replay.since)
    _print(_story(batch, service), found, skewed, counted, client, seconds)
    wrong = sum(one.only_batch + one.only_service for one in found) + sum(skewed.values())
    return 1 if wrong or any(counted[name] for name in MUST_BE_ZERO) else 0


MUST_BE_ZERO = (
    "answers by another version than should serve",
    "answers that are not in the lake as they were given",
    "rows in the lake that nobody was given",
    "segments left in the log",
    "rows of days that the service has answered, quarantined",
)


def _counts(service: World, client: Client, since: date) -> dict[str, int]:
    """What was answered since a day, and what the lake has of it."""
    traffic = client.traffic
    with service.opened() as model:
        tables = model.store.tables
        stored = model.store.lake.rows(
            "SELECT request_id, key, version, prediction, served_by, "
            "CASE served_by WHEN 'MODEL' THEN score END AS score FROM s",
            s=Scan(tables.served, since),
        )
        quarantined = model.store.lake.rows(
            "SELECT count(*) AS n FROM q WHERE source = 'events'",
            q=Scan(tables.quarantined, since),
        )
    given = Counter(traffic.answers)
    kept = Counter(Answer(*row.values()) for row in stored)
    log = settings.serving_root() / MODEL / "log"
    return {
        "requests": traffic.requests,
        "rows answered": len(traffic.answers),
        "of them by the rules": sum(one.served_by == "RULES" for one in traffic.answers),
        "rows rejected": len(traffic.rejected),
        "rows in the lake": len(stored),
        MUST_BE_ZERO[0]: traffic.by_another,
        MUST_BE_ZERO[1]: (given - kept).total(),
        MUST_BE_ZERO[2]: (kept - given).total(),
        MUST_BE_ZERO[3]: len(segments(log)) + unshipped(log, time.time()).segments,
        MUST_BE_ZERO[4]: quarantined[0]["n"],
    }


def _story(batch: World, service: World) -> list[str]:
    """What happened, as both worlds have it when their tables do, and what only one has checked."""
    with service.opened() as model:
        checked = verdicts(model)
    with batch.opened() as model:
        own = {name: found for name, found in checked.items() if name not in verdicts(model)}
        decided = model.store.decisions.records()
        versions, promotions = model.store.versions.all(), model.store.versions.promotions()
    acting = [one for one in decided if one.action == "retrain"]
    lines = [f"{len(decided)} decisions, {len(acting)} retrainings, {len(promotions)} promotions"]
    lines += [f"{one.day} {', '.join(one.triggers)}: {one.status}" for one in acting]
    lines += [
        f"version {one.version} as of {one.as_of}: {one.metric} {one.value:.4f}, "
        f"training set {one.training_set[:12]}"
        for one in versions
    ]
    lines += [f"check of the service alone: {name} {found}" for name, found in own.items()]
    return lines


def _print(
    story: list[str],
    found: list[TableDifference],
    skewed: dict[str, int],
    counted: dict[str, int],
    client: Client,
    seconds: float,
) -> None:
    console = Console(highlight=False)
    for line in story:
        console.print(line)
    table = Table("table", "rows of the batch", "only there", "only with the service")
    for one in found:
        table.add_row(one.name, f"{one.rows:,}", f"{one.only_batch:,}", f"{one.only_service:,}")
    console.print(table)
    for one in found:
        if one.example:
            console.print(f"{one.name}, for example: {one.example[:400]}")
    shown = ", ".join(f"{name} {n}" for name, n in skewed.items() if n)
    console.print(f"skew over {len(skewed)} columns and counts: {shown or 0}")
    for name, n in counted.items():
        console.print(f"{name:55} {n:,}")
    traffic = client.traffic
    rows = len(traffic.answers)
    console.print(
        f"{seconds:.0f} s in all; sending {traffic.sending:.1f} s: "
        f"{traffic.requests / traffic.sending:.0f} requests, {rows / traffic.sending:.0f} rows a "
        f"second; {traffic.closing:.0f} s until logs were closed; swaps seen by all connections "
        f"after {', '.join(f'{one:.1f}' for one in traffic.swaps)} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, help="days from the first; all by default")
    parser.add_argument(
        "--files", type=Path, help="events.parquet and labels.parquet; else simulated"
    )
    parser.add_argument(
        "--folder", type=Path, help="where the worlds stay; a later call goes on with them"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlops-drift-replay-") as temporary:
        place = (given.folder or Path(temporary)).resolve()
        sys.exit(main(given.days, given.files, place, given.workers, given.connections))
