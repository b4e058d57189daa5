"""How uvicorn runs the application: bounded in connections, headers and time."""

from asyncio import BaseTransport, TimerHandle
from typing import Any

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Under the thousand files that a process may usually have open.
CONNECTIONS = 800
HEAD_BYTES = 64 * 1024
# More than the application gives a body, which it answers with a word.
REQUEST_SECONDS = 20.0
WRITE_SECONDS = 20.0
# Longer than the pools of most clients and proxies keep a connection.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 10

_INVALID = "This is no request of HTTP/1.1."
_TOO_LONG = f"The headers are longer than {HEAD_BYTES} bytes."


class BoundedProtocol(HttpToolsProtocol):
    """HTTP whose requests end, in so many bytes of headers and seconds, and whose answers are read.

    uvicorn bounds none of these with this parser. A connection that keeps none of them is closed,
    so that slow clients cannot hold all of them.
    """

    request_seconds = REQUEST_SECONDS
    write_seconds = WRITE_SECONDS

    _is_in_head = True
    _head_bytes = 0
    # Whether a request began with the bytes that came last.
    _has_begun = False
    # Until when the request must be here, and until when the answer must be taken.
    _arrival: TimerHandle | None = None
    _departure: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Waits for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._arrival = self.loop.call_later(self.request_seconds, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        for timer in (self._arrival, self._departure):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins, the first or the next."""
        super().on_message_begin()
        self._is_in_head, self._has_begun, self._head_bytes = True, True, 0
        if self._arrival is None:
            self._arrival = self.loop.call_later(self.request_seconds, self.transport.abort)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what follows a body in chunks is none."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there; one that is too long is answered as one that cannot be read."""
        self._is_in_head = False
        if self.parser.get_method() == b"CONNECT":
            raise ValueError(_INVALID)
        if self.parser.should_upgrade():
            # The head comes once more, without the offer.
            return
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise ValueError(_TOO_LONG)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there."""
        if self.parser.should_upgrade():
            return
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Reads what has come; of a head that goes on the bytes are counted."""
        was_in_head, self._has_begun = self._is_in_head, False
        self._unset_keepalive_if_required()
        try:
            self._read(memoryview(data))
        except httptools.HttpParserError:
            self.send_400_response(_INVALID)
        if self._arrival is None and (self.cycle is None or self.cycle.response_complete):
            # What has come is no request yet, and ends the wait for one.
            self._arrival = self.loop.call_later(self.request_seconds, self.transport.abort)
        if was_in_head and self._is_in_head and not self._has_begun:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(_TOO_LONG)

    def _read(self, data: memoryview) -> None:
        """Reads data; a client that offers another protocol is answered in this one.

        So RFC 9110, 7.8, has it; Java's own client offers HTTP/2 to whomever it asks. The parser
        only ends there, before the body: another one reads the same head without the offer.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                head = self._head_without_offer()
                self.parser = httptools.HttpRequestParser(self)
                # As uvicorn has it.
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)
            else:
                return

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b" ".join([self.parser.get_method(), self.url, b"HTTP/" + version])]
        for name, value in self.headers:
            if name == b"connection":
                value = b"close" if b"close" in value.lower() else b"keep-alive"
            if name != b"upgrade":
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"\r\n"])

    def pause_writing(self) -> None:
        """The client does not take what is answered."""
        super().pause_writing()
        self._departure = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        if self._departure is not None:
            self._departure.cancel()
            self._departure = None
        super().resume_writing()


def config_of(app: ASGIApp | str, **options: Any) -> uvicorn.Config:
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
