"""The reports as files: a page for each model, one kept for each day, and an index of all."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mlops_drift import links, settings
from mlops_drift.charts.sections import Tile
from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.health import Health
from mlops_drift.lifecycle.report_files import current_report, headline_file, kept_report
from mlops_drift.reports.index import index_page
from mlops_drift.reports.model.page import report_page, tiles
from mlops_drift.reports.model.reading import ReportData, read_report

DAYS = 90
INDEX = "index.html"


@dataclass(frozen=True)
class Published:
    """A report that was written.

    Its day, what it says first, its file and the one that is kept of that day, and the version and
    the name that it was logged with.
    """

    day: date
    health: Health
    tiles: Sequence[Tile]
    page: Path
    kept: Path
    logged: tuple[int, str] | None


def publish_report(model: ModelContext, days: int = DAYS) -> Published | None:
    """Writes the page of a model as of its last day, and the index; None before a first day.

    The page also goes to the MLflow run of the version that serves, if it was trained here.
    """
    data = read_report(model, days)
    if data is None:
        return None
    name, day = data.name, data.days[-1]
    content = report_page(data, links.report_page("index")).encode()
    places = current_report(name), kept_report(name, day)
    logged = None
    if data.serving and not model.spec.external:
        logged = (data.serving, f"report/{name}.html")
    health = Health(**data.status["health"])
    published = Published(day, health, tiles(data), *places, logged)
    for place in (published.kept, published.page):
        _write(place, content)
    _write(headline_file(name), json.dumps(_in_short(data), default=str).encode())
    write_index()
    if logged:
        version, file = logged
        run = next(one.mlflow_run for one in data.versions if one.version == version)
        model.registry.log_files(name, version, {file: content}, run)
    return published


def write_index() -> None:
    """Writes the page of all models that have a report."""
    files = sorted(settings.report_root().glob("*.json"))
    models = [json.loads(file.read_bytes()) for file in files]
    _write(settings.report_root() / INDEX, index_page(models).encode())


def _in_short(data: ReportData) -> dict[str, object]:
    """What the index shows of a model."""
    status = data.status
    waits = status["shadow"]
    return {
        "model": data.name,
        "description": data.spec.description,
        "day": data.days[-1],
        "health": status["health"],
        "serves": data.serving,
        "waits": waits["version"] if waits else None,
    }


def _write(place: Path, content: bytes) -> None:
    """Writes a file completely; a reader never sees half of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
