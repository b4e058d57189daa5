"""The reports as files: a page for each model, one kept for each day, and an index of all."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.reports.index import index_page
from mlops_drift.reports.model.page import report_page
from mlops_drift.reports.model.reading import ReportData, read_report

DAYS = 90
INDEX = "index.html"


@dataclass(frozen=True)
class Published:
    """A report that was written: its day, and the file that is kept of that day."""

    day: date
    page: Path
    kept: Path
    size: int


def publish_report(model: ModelContext, days: int = DAYS) -> Published | None:
    """Writes the page of a model as of its last day, and the index; None before a first day.

    The page also goes to the MLflow run of the version that serves.
    """
    data = read_report(model, days)
    if data is None:
        return None
    root, name, day = settings.report_root(), data.name, data.days[-1]
    content = report_page(data).encode()
    published = Published(day, root / f"{name}.html", root / name / f"{day}.html", len(content))
    for place in (published.kept, published.page):
        _write(place, content)
    _write(root / f"{name}.json", json.dumps(_in_short(data), default=str).encode())
    _write(root / INDEX, index_page(_all_in_short(root)).encode())
    if data.serving is not None:
        model.registry.log_files(name, data.serving, {f"report/{name}.html": content})
    return published


def kept_reports(model: str) -> dict[date, Path]:
    """The pages that are kept of a model, by day."""
    folder = settings.report_root() / model
    return {date.fromisoformat(file.stem): file for file in sorted(folder.glob("????-??-??.html"))}


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


def _all_in_short(root: Path) -> Sequence[dict[str, object]]:
    return [json.loads(file.read_bytes()) for file in sorted(root.glob("*.json"))]


def _write(place: Path, content: bytes) -> None:
    """Writes a file completely; a reader never sees half of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
