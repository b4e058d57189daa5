"""Brings the log of a service into the lake, each record once, and deletes what is there.

Rows, and the position up to which their stream was read, are one commit. A segment goes when all of
it is in the lake; of one that a kill has left the position tells.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.schema.day_columns import days_in
from mlops_drift.serving.log.frames import CorruptLogError, Frame, read_frames
from mlops_drift.serving.log.segments import Segment, closed_streams, take_over
from mlops_drift.serving.records import ServedRequest
from mlops_drift.store.lake import Piece

# So many rows, about, are in memory at a time.
BATCH_ROWS = 20_000

# Of a time that no calendar has the first or the last one is kept, in whatever time zone.
_EPOCH, _DAY = datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=1)
_FIRST_TIME, _LAST_TIME = (
    (one - _EPOCH) // timedelta(microseconds=1)
    for one in (
        datetime.min.replace(tzinfo=UTC) + 2 * _DAY,
        datetime.max.replace(tzinfo=UTC) - 2 * _DAY,
    )
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shipped:
    """How many segments have gone, and how many requests and rows were appended.

    Attributes:
        missing: bytes of records that were in front of them and are in no segment.
    """

    segments: int
    requests: int
    rows: int
    missing: int = 0


@dataclass
class _Batch:
    """Requests that are appended together.

    Attributes:
        pieces: of which parts of their streams they are.
        ended: the segments of which nothing is left then.
        missing: by segment, how many bytes in front of it are in no other one.
    """

    requests: list[ServedRequest] = field(default_factory=list)
    rows: int = 0
    pieces: dict[str, Piece] = field(default_factory=dict)
    ended: list[Path] = field(default_factory=list)
    missing: dict[Path, int] = field(default_factory=dict)


def ship(model: ModelContext, folder: Path) -> Shipped:
    """Ships the closed segments of a log, and those of writers that are dead.

    Several may do so at the same time: whoever is overtaken looks again.

    Raises:
        UserError: if a segment is damaged, a `CorruptLogError`, or holds what no record is. What is
            before that is in the lake, and so are all other streams; what follows in its stream
            waits. Or if a key is not of the model's type. Or if there is something to ship, and
            the lake knows no promotion of the model, without which nothing was answered.
    """
    take_over(folder)
    segments = requests = rows = missing = 0
    while True:
        reader = _Reader(model, folder)
        for batch in reader.batches():
            if batch.pieces:
                data = served_table(model.spec, batch.requests)
                if not model.store.lake.append_once(reader.table, data, batch.pieces):
                    break
            requests, rows = requests + len(batch.requests), rows + batch.rows
            for path, n in batch.missing.items():
                logger.warning("%s: %s bytes of records in front of it are gone", path, f"{n:,}")
                missing += n
            for path in batch.ended:
                # Another one may have been faster.
                with suppress(FileNotFoundError):
                    path.unlink()
                    segments += 1
        else:
            if reader.damage:
                raise reader.damage
            return Shipped(segments, requests, rows, missing)


class _Reader:
    """Reads what is not in the lake of the closed segments of a log.

    Attributes:
        damage: of the first segment that is found damaged.
    """

    def __init__(self, model: ModelContext, folder: Path) -> None:
        self.table = model.store.tables.served
        self.damage: UserError | None = None
        self._streams = closed_streams(folder)
        if self._streams and not model.store.versions.promotions():
            raise UserError(
                f"the lake in {model.store.lake.root} has no promotion of {model.spec.name}, "
                f"without which nothing was answered, and the log in {folder} has answers; see "
                "whether the lake is where it was; after a reset remove the log"
            )
        # Up to where each stream is read.
        self._position = model.store.lake.appended(self.table, self._streams)
        self._decoder = msgspec.json.Decoder(ServedRequest)
        self._batch = _Batch()

    def batches(self) -> Iterator[_Batch]:
        """Requests in their order, by the batch."""
        for segments in self._streams.values():
            for segment in segments:
                try:
                    yield from self._read(segment)
                # It was shipped meanwhile.
                except FileNotFoundError:
                    break
                except UserError as error:
                    self.damage = self.damage or error
                    break
        yield self._batch

    def _read(self, segment: Segment) -> Iterator[_Batch]:
        """Adds the requests of a segment to the batch; whole ones are given."""
        stream, start = segment.stream, segment.start
        at = max(0, self._position[stream] - start)
        for frame in read_frames(segment.path, at):
            request, batch = self._decoded(segment, frame), self._batch
            batch.requests.append(request)
            batch.rows += len(request.rows)
            position, at = self._position[stream], frame.end
            if position < start:
                batch.missing[segment.path] = start - position
            first = batch.pieces.get(stream, Piece(position, 0)).start
            self._position[stream] = start + at
            batch.pieces[stream] = Piece(first, start + at)
            if batch.rows >= BATCH_ROWS:
                self._batch = _Batch()
                yield batch
        size = segment.path.stat().st_size
        if at < size:
            # Who closes a segment leaves no unfinished end.
            raise CorruptLogError(segment.path, at)
        if not (size or at):
            logger.warning("%s is empty: its records are gone", segment.path)
        self._batch.ended.append(segment.path)

    def _decoded(self, segment: Segment, frame: Frame) -> ServedRequest:
        try:
            return self._decoder.decode(frame.payload)
        except msgspec.MsgspecError as error:
            raise UserError(
                f"{segment.path}: the record before byte {frame.end:,} is none: {error}; another "
                "version of mlops_drift may have written it: ship it with that one"
            ) from error


def served_table(spec: ModelSpec, requests: list[ServedRequest]) -> pa.Table:
    """Requests as rows of the table of what a service has answered."""
    schema, encode = spec.tables.served.schema, msgspec.json.encode
    key, label = (_python_type(schema.field(name).type) for name in ("key", "prediction"))
    columns: dict[str, list[Any]] = {name: [] for name in schema.names if name != "day"}
    for request in requests:
        for number, row in enumerate(request.rows):
            answer = row.model
            try:
                values = (
                    request.id,
                    number,
                    _in_calendar(request.time),
                    _in_calendar(row.event_time),
                    key(row.key),
                    request.version,
                    row.served_by,
                    row.reason,
                    request.arm,
                    label(row.prediction),
                    label(answer.prediction) if answer else None,
                    answer.score if answer else None,
                    answer.probabilities if answer else None,
                    encode(row.row).decode(),
                    encode(row.features).decode() if row.features is not None else None,
                )
            except ValueError as error:
                raise UserError(
                    f"request {request.id} in the log of {spec.name}: the key {row.key!r} or the "
                    f"prediction {row.prediction!r} is not of the type that the model has now: "
                    f"{error}; declare key_type and target as they were when it was answered"
                ) from error
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
    arrays = [pa.array(column, schema.field(name).type) for name, column in columns.items()]
    found = pa.table(dict(zip(columns, arrays, strict=True)))
    return found.append_column("day", days_in(spec.timezone, found["event_time"])).select(
        schema.names
    )


def _python_type(kind: pa.DataType) -> type[int] | type[float] | type[str]:
    if pa.types.is_integer(kind):
        return int
    return float if pa.types.is_floating(kind) else str


def _in_calendar(microseconds: int) -> int:
    return min(max(microseconds, _FIRST_TIME), _LAST_TIME)
