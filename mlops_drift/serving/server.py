"""How uvicorn runs the application: bounded in connections, headers and time."""

from asyncio import BaseTransport, TimerHandle
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Under the thousand files that a process may usually have open.
CONNECTIONS = 800
HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
# Longer than the pools of most clients and proxies keep a connection.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 10

_TOO_LONG = f"The headers are longer than {HEAD_BYTES} bytes."


class BoundedProtocol(HttpToolsProtocol):
    """HTTP whose headers end: after so many bytes, and within so many seconds.

    uvicorn bounds neither with this parser. A connection that sends no whole request head in time
    is closed, so that slow clients cannot hold all of them.
    """

    head_seconds = HEAD_SECONDS

    _is_in_head = True
    _head_bytes = 0
    _deadline: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Waits for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins, of the first request or of the next."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def on_headers_complete(self) -> None:
        """The head is there; one that is too long is answered as one that cannot be read."""
        self._is_in_head = False
        self._stop_waiting()
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise ValueError(_TOO_LONG)
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Reads what has come; of a head that goes on the bytes are counted."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(_TOO_LONG)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def config_of(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """The configuration of uvicorn; options are where it listens, and how it logs."""
    bounds: dict[str, Any] = {
        "http": BoundedProtocol,
        "ws": "none",
        "lifespan": "on",
        "limit_concurrency": CONNECTIONS,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        "access_log": False,
        "server_header": False,
        # Addresses that a client claims to have are used for nothing.
        "proxy_headers": False,
    }
    return uvicorn.Config(app, **(bounds | options))
