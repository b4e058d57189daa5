"""What every way to ask for predictions does; the ways differ in how they read and write."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar

from starlette.types import Receive, Scope, Send

from mlops_drift.serving.answering import (
    AT_ONCE,
    NotAnsweredError,
    after_timeout,
    answer,
    is_short,
)
from mlops_drift.serving.log.writer import LogUnavailable
from mlops_drift.serving.metrics import Outcome
from mlops_drift.serving.records import ServedRequest, ServedRow
from mlops_drift.serving.rows import RejectedRowsError, Row
from mlops_drift.serving.service import (
    NO_LOG,
    NO_VERSION,
    LoadedVersion,
    ServedModel,
    Service,
)
from mlops_drift.serving.web.body import ClientGone, content_type, read_body
from mlops_drift.serving.web.errors import NotServedError, unavailable
from mlops_drift.serving.web.responses import respond, respond_with_error

ARM = "champion"
THREADS = 4

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class Asked(NamedTuple):
    """What a body asks for.

    Attributes:
        rows: as JSON has them.
        write: makes the body of the answer of the record of the request.
        new_key: makes the key of a row without one; None where that is a fault.
    """

    rows: Sequence[object]
    write: Callable[[ServedRequest], bytes]
    new_key: Callable[[], str | int] | None = None


class Form(Protocol):
    """One way to ask for predictions."""

    @property
    def content_types(self) -> Collection[str]:
        """The types of the bodies that it reads."""
        ...

    def read(self, body: bytes, kind: str, version: LoadedVersion) -> Asked:
        """What a body asks for.

        Raises:
            NotServedError: if it cannot be read.
        """
        ...


class Capacity:
    """What all requests of a worker share.

    Attributes:
        in_flight: requests that are read or answered now.
        threads: score what takes longer than another request should wait.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.threads = ThreadPoolExecutor(THREADS, "scoring")


class Scoring:
    """Answers one way to ask one model, as an ASGI application."""

    def __init__(
        self, service: Service, model: ServedModel, form: Form, capacity: Capacity
    ) -> None:
        self._service, self._model, self._form = service, model, form
        self._capacity = capacity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        started, metrics, capacity = perf_counter(), self._model.metrics, self._capacity
        metrics.in_flight.inc()
        capacity.in_flight += 1
        outcome: Outcome = "error"
        try:
            if capacity.in_flight > self._service.limits.in_flight:
                raise unavailable("too many requests at a time; try again", "overloaded")
            body = await self._answer(scope, receive)
            outcome = "ok"
            await respond(send, 200, body)
        except NotServedError as error:
            outcome = error.outcome
            await respond_with_error(send, error)
        except ClientGone:
            outcome = "invalid"
        finally:
            capacity.in_flight -= 1
            metrics.in_flight.dec()
            metrics.requests[outcome].inc()
            metrics.duration.observe(perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        service, model = self._service, self._model
        kind = content_type(scope, self._form.content_types)
        body = await read_body(scope, receive, service.limits)
        # One version answers all of a request, whichever is loaded meanwhile.
        version = model.current
        if version is None:
            raise unavailable(NO_VERSION)
        asked = self._form.read(body, kind, version)
        if len(asked.rows) <= AT_ONCE:
            rows = self._rows(version, asked)
        else:
            rows = await self._in_thread(self._rows, version, asked)
        served = await self._served(version, rows)
        record = ServedRequest(
            scope["request_id"], service.clock(), served, version.number, arm=ARM
        )
        try:
            model.metrics.written.inc(model.log.append(record))
            if model.durable is not None:
                await model.durable()
        except LogUnavailable as error:
            # What is over already is no trouble, and is reported all the same.
            if NO_LOG not in model.troubles():
                logger.warning("%s: %s", model.name, error)
            raise unavailable(NO_LOG) from error
        model.metrics.answered(served, record.arm)
        return asked.write(record)

    def _rows(self, version: LoadedVersion, asked: Asked) -> list[Row]:
        if not asked.rows:
            raise NotServedError(422, "the request has no rows; send at least one")
        if (n := len(asked.rows)) > (most := self._service.limits.rows):
            raise NotServedError(413, f"the request has {n:,} rows; send at most {most:,}")
        try:
            rows, ignored = version.reader.read(asked.rows, self._service.clock(), asked.new_key)
        except RejectedRowsError as error:
            raise NotServedError(422, str(error), error.faults) from error
        if ignored:
            self._model.metrics.ignored.inc(ignored)
        return rows

    async def _served(self, version: LoadedVersion, rows: list[Row]) -> tuple[ServedRow, ...]:
        try:
            if is_short(version, len(rows)):
                return answer(version, rows)
            seconds = self._service.limits.scoring_seconds
            try:
                return await asyncio.wait_for(self._in_thread(answer, version, rows), seconds)
            except TimeoutError:
                slow = self._model.name, len(rows), seconds
                logger.warning("%s: %d rows were not scored in %g s", *slow)
                return after_timeout(version, rows)
        except NotAnsweredError as error:
            raise unavailable("the model failed to answer; try again", "error") from error

    def _in_thread(
        self, function: Callable[..., Result], *arguments: Any
    ) -> asyncio.Future[Result]:
        """Calls a function while other requests are answered."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._capacity.threads, function, *arguments)
