"""The command `exporter`."""

import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.util import find_spec

import click

from mlops_drift.errors import UserError


@click.command()
@click.argument("model", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=9109,
    show_default=True,
    help="The port to listen on.",
)
def exporter(model: tuple[str, ...], host: str, port: int) -> None:
    """Serve checks, drift, performance and versions of each MODEL to Prometheus.

    Without a name, of all models. It reads the tables, writes nothing, and needs
    `pip install 'mlops_drift[serve]'`. Ctrl-C ends it.
    """
    if find_spec("prometheus_client") is None:
        raise UserError("the exporter needs prometheus-client: pip install 'mlops_drift[serve]'")
    from mlops_drift import settings
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model, load_models
    from mlops_drift.exporter.collector import ModelsCollector
    from mlops_drift.exporter.reading import ModelReading
    from mlops_drift.exporter.server import listening
    from mlops_drift.gateways import open_lake

    models = [find_model(name) for name in model] or list(load_models().values())
    with ExitStack() as stack:
        lake = stack.enter_context(open_lake())
        readings = {
            one.spec.name: ModelReading(one.spec, ModelContext.of(lake, one.spec).store)
            for one in models
        }
        collector = ModelsCollector(readings, settings.data_root(), _log)
        # The first reading takes all days, and so longer than a scrape should.
        list(collector.collect())
        signal.signal(signal.SIGTERM, _stop)
        with listening(collector, host, port) as thread:
            names = ", ".join(sorted(readings))
            _log(f"http://{host}:{port}/metrics has the metrics of {names}")
            thread.join()


def _log(message: str) -> None:
    click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {message}", err=True)


def _stop(*_: object) -> None:
    raise SystemExit(0)
