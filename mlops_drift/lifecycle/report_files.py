"""Where the pages of a model's report lie, whoever writes or removes them."""

from datetime import date
from pathlib import Path

from mlops_drift import settings


def current_report(model: str) -> Path:
    """The page as of the model's last day."""
    return settings.report_root() / f"{model}.html"


def headline_file(model: str) -> Path:
    """What the index of all models shows of this one."""
    return settings.report_root() / f"{model}.json"


def kept_report(model: str, day: date) -> Path:
    """The page as it was at the end of a day."""
    return settings.report_root() / model / f"{day}.html"


def kept_reports(model: str) -> dict[date, Path]:
    """The pages that are kept, by day."""
    files = sorted((settings.report_root() / model).glob("????-??-??.html"))
    return {date.fromisoformat(file.stem): file for file in files}
