"""Answers as ASGI messages."""

from collections.abc import Iterable

from starlette.types import Send

from mlops_drift.serving.web.errors import JSON, NotServedError


async def respond(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes = JSON,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Sends a whole answer."""
    usual = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*usual, *headers]})
    await send({"type": "http.response.body", "body": body})


async def respond_with_error(send: Send, error: NotServedError) -> None:
    """Sends an error."""
    await respond(send, error.status, error.body, headers=error.headers)
