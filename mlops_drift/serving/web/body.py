"""The body of a request: its type, and no more than so many bytes in so many seconds."""

import asyncio
from collections.abc import Collection

from starlette.types import Receive, Scope

from mlops_drift.serving.service import Limits
from mlops_drift.serving.web.errors import NotServedError

# So much more than the limit is read, and thrown away, so that the client reads why.
DRAINED = 16


class ClientGone(Exception):  # noqa: N818 - nobody is left to be given an error
    """The client has hung up before its request was complete."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header; its name is in lower case."""
    for found, value in scope["headers"]:
        if found == name:
            return bytes(value)
    return None


def content_type(scope: Scope, accepted: Collection[str]) -> str:
    """The type of a body, without its parameters.

    A type is needed: what a page of another site sends without asking has none of these.

    Raises:
        NotServedError: if it is not accepted, or if the body is compressed.
    """
    named = (header(scope, b"content-type") or b"").decode("latin-1")
    kind, _, parameters = named.partition(";")
    kind, listing = kind.strip().lower(), " or ".join(accepted)
    if kind not in accepted:
        found = "missing" if not kind else kind[:60]
        raise NotServedError(415, f"content-type is {found}; it should be {listing}")
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        raise NotServedError(415, f"the charset is {charset[:60]}; it should be utf-8")
    if (encoding := header(scope, b"content-encoding")) not in (None, b"identity"):
        shown = (encoding or b"").decode("latin-1")[:60]
        raise NotServedError(415, f"content-encoding is {shown}; send the body as it is")
    return kind


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """The whole body.

    Raises:
        NotServedError: if it is too long, or too slow.
        ClientGone: if it does not come any more.
    """
    declared = header(scope, b"content-length")
    is_too_long = declared is not None and declared.isdigit() and int(declared) > limits.body
    if is_too_long and header(scope, b"expect") is not None:
        raise _too_long(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read(receive, limits)
    except TimeoutError as error:
        if is_too_long:
            raise _too_long(limits) from error
        message = f"the body did not arrive within {limits.body_seconds:g} seconds"
        raise NotServedError(408, message, closes=True) from error


async def _read(receive: Receive, limits: Limits) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size <= limits.body:
            chunks.append(chunk)
            continue
        chunks.clear()
        if not more or size > DRAINED * limits.body:
            raise _too_long(limits)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_long(limits: Limits) -> NotServedError:
    message = f"the body is longer than {limits.body:,} bytes; send fewer rows in a request"
    return NotServedError(413, message, closes=True)
