"""The command `report`."""

import click

from mlops_drift.cli.common import FORMAT, opened, output_file, show, waiting, write_file
from mlops_drift.errors import UserError


@click.command()
@click.argument("model", required=False)
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=90,
    help="Days, besides those that labels take; 90 by default.",
)
@output_file("--html", "Write the page to this file instead.", ".html")
@FORMAT
def report(model: str | None, days: int, html: str | None, style: str) -> None:
    """Draw the report of MODEL, or of all models with an index: pages that need no server.

    The state of the model and what follows from it, performance, checks, drift, predictions, data
    quality, versions, decisions and cost. The daily run writes the same page.
    """
    from mlops_drift import links
    from mlops_drift.config.loading import load_models
    from mlops_drift.reports.model.published import publish_report

    if html is not None:
        _write_elsewhere(model, days, html)
        return
    found = []
    for name in [model] if model else sorted(load_models()):
        with opened(name) as about, waiting(f"{name}: drawing its report"):
            published = publish_report(about, days)
        if published is not None:
            state, page = published.health.word, links.report_page(name)
            found.append({"model": name, "day": published.day, "state": state, "page": page})
    if not found:
        raise _nothing(model)
    if not model:
        page = links.report_page("index")
        found.append({"model": None, "day": None, "state": None, "page": page})
    show(style, found[0] if model else found, lambda: _print(found))


def _write_elsewhere(model: str | None, days: int, html: str) -> None:
    from mlops_drift.reports.model.page import report_page
    from mlops_drift.reports.model.reading import read_report

    if model is None:
        raise click.UsageError("--html needs a MODEL; without it the pages of all are written")
    with opened(model) as about, waiting(f"{model}: drawing its report"):
        data = read_report(about, days)
    if data is None:
        raise _nothing(model)
    write_file("--html", html, report_page(data).encode())


def _nothing(model: str | None) -> UserError:
    if model is None:
        return UserError("no model has a day yet; run one first: mlops-drift run MODEL")
    return UserError(f"{model} has no day yet; run it first: mlops-drift run {model}")


def _print(found: list[dict[str, object]]) -> None:
    for one in found:
        about = (
            f"{one['model']}: {one['state']}, as of {one['day']}" if one["model"] else "All models"
        )
        click.echo(f"{about}: {one['page']}")
