"""A service over a model that needs no training: a line through two of its columns."""

import threading
import time
from contextlib import contextmanager

import msgspec
import uvicorn

from mlops_drift.learning.compiled.base import Scored
from mlops_drift.serving.app import create_app
from mlops_drift.serving.description import Description, ServedTarget, SourceColumn
from mlops_drift.serving.log.writer import LogUnavailable
from mlops_drift.serving.metrics import Metrics
from mlops_drift.serving.server import config_of
from mlops_drift.serving.service import Limits, LoadedVersion, ServedModel, Service

NOW = 1_700_000_000_000_000
ROW = {
    "policy_id": 7,
    "age": 40.0,
    "training": 1,
    "braked": True,
    "region": "north",
}
DESCRIPTION = Description(
    name="drivers",
    key="policy_id",
    key_type="integer",
    columns={
        "age": SourceColumn("number", nullable=False, min=10, max=150, description="In years"),
        "training": SourceColumn("integer", nullable=False, min=0, max=1),
        "miles": SourceColumn("number"),
        "braked": SourceColumn("boolean"),
        "region": SourceColumn("category", allowed=("north", "south")),
        "note": SourceColumn("category"),
    },
    target=ServedTarget("risk", "binary", ("no", "yes"), "yes"),
    example=ROW,
    description="How risky is a driver?",
)


class Line:
    """Scores a row by its age; it can be made to fail, or to wait."""

    def __init__(self):
        self.fails = False
        self.waits = threading.Event()
        self.waits.set()
        self.is_asked = False
        self.seen = []

    def score(self, rows):
        self.is_asked = True
        self.waits.wait(20)
        if self.fails:
            raise RuntimeError("/secret/path is broken")
        self.seen += rows
        shares = [(row["age"] or 0) / 200 for row in rows]
        return [Scored("yes" if p > 0.25 else "no", p, (1 - p, p)) for p in shares]


class Memory:
    """A log in memory, which can be full."""

    def __init__(self):
        self.records = []
        self.is_full = False

    def append(self, request):
        if self.is_full:
            raise LogUnavailable("/secret/log is full")
        self.records.append(request)
        return len(msgspec.json.encode(request))

    def problem(self):
        return "/secret/log is full" if self.is_full else None


class Young:
    """Rules: who is under 18 is no case for the model, and an unsure answer is none."""

    def before(self, row):
        return "too_young" if row["age"] < 18 else None

    def after(self, probabilities, failure):
        if failure is not None:
            return failure
        return "low_probability" if max(probabilities) < 0.6 else None

    def answer(self, row):
        return "yes"


def served(description=DESCRIPTION, token=None, limits=None, loaded=True, now=NOW, **version):
    """A service of one model, whose scorer is a `Line` and whose log is a `Memory`."""
    metrics = Metrics()
    model = ServedModel(description.name, Memory(), metrics.of(description.name))
    if loaded:
        model.serve(LoadedVersion(3, description, Line(), **version))
    return Service({description.name: model}, metrics, token, limits or Limits(), lambda: now)


def only(service):
    """The one model of a service."""
    (model,) = service.models.values()
    return model


@contextmanager
def running(service, **options):
    """The address of a service that answers on the loopback, in a thread."""
    server = uvicorn.Server(config_of(create_app(service), host="127.0.0.1", port=0, **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield "127.0.0.1", server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
