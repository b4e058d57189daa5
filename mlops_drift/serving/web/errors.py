"""Requests that are not answered: one form for all, and nothing of the inside."""

from collections.abc import Mapping, Sequence

import msgspec

from mlops_drift.serving.metrics import Outcome
from mlops_drift.serving.rows import Fault

JSON = b"application/json"


class ErrorBody(msgspec.Struct, frozen=True):
    """The JSON of every answer that is none.

    Attributes:
        error: what is wrong and what would be right, in a sentence.
        details: the values that are not accepted.
    """

    error: str
    details: Sequence[Fault] = ()


class NotServedError(Exception):
    """A request is answered with an error.

    Attributes:
        status: of HTTP.
        outcome: as it is counted.
        headers: beside the usual ones.
        closes: whether the connection ends with it.
    """

    def __init__(
        self,
        status: int,
        error: str,
        details: Sequence[Fault] = (),
        *,
        outcome: Outcome = "invalid",
        headers: Mapping[bytes, bytes] | None = None,
        closes: bool = False,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.outcome = outcome
        self.body = msgspec.json.encode(ErrorBody(error, details))
        self.headers = list((headers or {}).items())
        if closes:
            self.headers.append((b"connection", b"close"))


def unavailable(error: str, outcome: Outcome = "unavailable") -> NotServedError:
    """The service cannot answer now; the same request may be sent again a second later."""
    return NotServedError(503, error, outcome=outcome, headers={b"retry-after": b"1"})
