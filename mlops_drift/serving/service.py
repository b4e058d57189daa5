"""What a request process serves: models, the version of each, its rules and its log."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from mlops_drift.learning.compiled.base import RowScorer, Value
from mlops_drift.serving.description import Description
from mlops_drift.serving.metrics import Metrics, ModelMetrics
from mlops_drift.serving.records import ServedRequest
from mlops_drift.serving.rows import EPOCH, Row, RowReader

Failure = Literal["error", "timeout"]
ScorerKind = Literal["compiled", "pipeline"]
# Makes the derived columns of a row; it is called from several threads.
Derive = Callable[[Row], Mapping[str, Value]]

# Where the token of a service is read from.
TOKEN_VARIABLE = "MLOPS_DRIFT_SERVE_TOKEN"
NO_VERSION = "no version is loaded"
NO_LOG = "the log cannot be written"

logger = logging.getLogger(__name__)


class RequestLog(Protocol):
    """Takes the record of a request before it is answered."""

    def append(self, request: ServedRequest) -> int:
        """Writes a record, and gives the bytes that it takes.

        Raises:
            LogUnavailable: if it cannot be written.
        """
        ...

    def problem(self) -> str | None:
        """Why no record can be written, for who runs the service; None where one can."""
        ...


class Rules(Protocol):
    """Answers in place of the model, for a reason that is one of a few short codes."""

    def before(self, row: Mapping[str, Value]) -> str | None:
        """Why the version need not be asked about a row; None where it is."""
        ...

    def after(self, probabilities: Sequence[float] | None, failure: Failure | None) -> str | None:
        """Why what the version gave is not the answer; None where it is, or where nothing is."""
        ...

    def answer(self, row: Mapping[str, Value]) -> str | float:
        """What the rules answer: a class, or a number."""
        ...


def nothing() -> None:
    """Nothing was begun."""


@dataclass(frozen=True)
class LoadedVersion:
    """A version that is ready to answer; a request is answered by one only.

    Attributes:
        number: of the version.
        scorer: is called from several threads.
        kind: how it scores: by its compiled form, or by its pipeline in another process.
        close: ends what it has begun.
        derive: makes its derived columns; None without any.
        since: it answers no older event, as it does not know the past of one.
        reader: reads its rows.
    """

    number: int
    description: Description
    scorer: RowScorer
    kind: ScorerKind = "compiled"
    derive: Derive | None = None
    since: datetime = EPOCH
    rules: Rules | None = None
    close: Callable[[], None] = nothing
    reader: RowReader = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", RowReader(self.description, self.since))


class ServedModel:
    """A model that is served: who answers now, and where that is recorded.

    Attributes:
        current: the version that answers from now on; None before the first is loaded.
        warning: why the version that should answer now does not, in words for a stranger.
    """

    def __init__(
        self,
        name: str,
        log: RequestLog,
        metrics: ModelMetrics,
        durable: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Serves nothing yet.

        Args:
            name: of the model.
            log: of this worker.
            metrics: of the model.
            durable: waits until what was appended is on the disk; None waits for nothing.
        """
        self.name = name
        self.log = log
        self.metrics = metrics
        self.durable = durable
        self.current: LoadedVersion | None = None
        self.warning: str | None = None
        self._problem: str | None = None

    def warn(self, warning: str | None) -> None:
        """Says that another version should answer, or, with None, that all is well."""
        self.warning = warning
        self.metrics.stale.set(warning is not None)

    def serve(self, version: LoadedVersion) -> None:
        """Lets a version answer from the next request on."""
        before, self.current = self.current, version
        if before is not None:
            self.metrics.serves_no_more(before.number, before.kind)
        self.metrics.serves(version.number, version.kind)

    def troubles(self) -> list[str]:
        """Why the model cannot answer, in words that a stranger may read; none where it can.

        The metric `mlops_drift_ready` is set by it: call it every few seconds.
        """
        problem = self.log.problem()
        if problem != self._problem:
            logger.warning("%s: %s", self.name, problem or "the log can be written again")
            self._problem = problem
        troubles = [NO_VERSION] if self.current is None else []
        if problem is not None:
            troubles.append(NO_LOG)
        self.metrics.ready.set(not troubles)
        return troubles


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Limits:
    """What a client may ask for.

    Attributes:
        body: most bytes of a request.
        rows: most rows of a request.
        in_flight: most requests that are read or answered at a time, by one worker.
        body_seconds: longest time in which a request must arrive.
        scoring_seconds: longest time for what cannot be scored at once; then the rules answer.
    """

    body: int = 2**20
    rows: int = 10_000
    in_flight: int = 128
    body_seconds: float = 10
    scoring_seconds: float = 5


@dataclass(frozen=True)
class Service:
    """All that a request process serves.

    Attributes:
        models: by name, in the order in which they are shown.
        token: what a client must show; None asks for none.
        clock: microseconds since 1970.
    """

    models: Mapping[str, ServedModel]
    metrics: Metrics
    token: str | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], int] = now
