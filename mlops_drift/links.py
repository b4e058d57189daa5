"""Addresses of the pages about a model: Dagster's, and its report."""

from datetime import date
from urllib.parse import quote, urlencode

from mlops_drift import settings


def asset_page(model: str, asset: str, day: date | None = None) -> str:
    """The page of an asset in Dagster, or of one of its days.

    >>> asset_page("churn", "events", date(2024, 10, 5)).partition("/assets")[2]
    '/churn/events?view=partitions&partition=2024-10-05'
    """
    page = f"{settings.dagster_ui()}/assets/{quote(model)}/{quote(asset)}"
    return f"{page}?{urlencode({'view': 'partitions', 'partition': str(day)})}" if day else page


def group_page(model: str) -> str:
    """The page of a model's assets in Dagster.

    >>> group_page("churn").partition("/assets")[2]
    '?asset-selection=group%3A%22churn%22'
    """
    selected = f'group:"{model}"'
    return f"{settings.dagster_ui()}/assets?{urlencode({'asset-selection': selected})}"


def check_page(model: str, asset: str, check: str) -> str:
    """The page of a check in Dagster.

    >>> check_page("churn", "drift_metrics", "null_spike").partition("/assets")[2]
    '/churn/drift_metrics?view=checks&checkDetail=null_spike'
    """
    return f"{asset_page(model, asset)}?{urlencode({'view': 'checks', 'checkDetail': check})}"


def run_page(run_id: str) -> str:
    """The page of a run in Dagster."""
    return f"{settings.dagster_ui()}/runs/{quote(run_id)}"


def runs_page(tag: str, value: str) -> str:
    """The page of the runs that have a tag.

    >>> runs_page("mlops_drift/decision", "churn-v1").partition("/runs")[2]
    '?q%5B0%5D=tag%3Amlops_drift%2Fdecision%3Dchurn-v1'
    """
    return f"{settings.dagster_ui()}/runs?{urlencode({'q[0]': f'tag:{tag}={value}'})}"


def report_page(model: str, day: date | None = None) -> str:
    """The report of a model, or one of its days there: its file, or its address where one is set.

    The folder of reports may be behind a web server, whose address ``MLOPS_DRIFT_REPORTS`` names.
    """
    page = f"{quote(model)}.html"
    base = settings.reports_address() or settings.report_root().as_uri()
    return f"{base}/{page}#{day}" if day else f"{base}/{page}"


def report_link(model: str, day: date | None = None) -> str:
    """Where a page in a browser leads to the report: its address, or the asset's page in Dagster.

    A browser opens no file from the page of a server.
    """
    return report_page(model, day) if settings.reports_address() else asset_page(model, "report")
