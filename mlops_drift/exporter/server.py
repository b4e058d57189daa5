"""The endpoint that Prometheus scrapes."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.registry import Collector

from mlops_drift.errors import UserError


@contextmanager
def listening(collector: Collector, host: str, port: int) -> Iterator[Thread]:
    """Answers scrapes, in a thread that it gives, until the block ends.

    Raises:
        UserError: if the address cannot be taken.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        wrong = f"{host}:{port} cannot be taken: {error.strerror}"
        raise UserError(f"{wrong}; give another --host or --port") from error
    try:
        yield thread
    finally:
        server.shutdown()
        server.server_close()
