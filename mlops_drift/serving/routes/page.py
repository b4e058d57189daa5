"""The page at `/`: what is served, and lines to try it with."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mlops_drift.serving.answering import NotAnsweredError, answer
from mlops_drift.serving.records import ServedRequest
from mlops_drift.serving.routes.predict import Predict
from mlops_drift.serving.rows import RejectedRowsError
from mlops_drift.serving.service import TOKEN_VARIABLE, LoadedVersion, Service
from mlops_drift.serving.values import expected

_EXAMPLE_ID = "the id of the request"


def endpoint(service: Service) -> Callable[[Request], Awaitable[Response]]:
    """What answers at `/`."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8")
    template = environment.from_string(text)

    async def page(request: Request) -> Response:
        shown = [
            await asyncio.to_thread(_model, version, service.clock())
            for model in service.models.values()
            if (version := model.current) is not None
        ]
        waiting = [model.name for model in service.models.values() if model.current is None]
        return HTMLResponse(
            template.render(
                base=str(request.base_url).rstrip("/"),
                models=shown,
                waiting=waiting,
                is_only=len(service.models) == 1,
                token=None if service.token is None else TOKEN_VARIABLE,
            )
        )

    return page


def _model(version: LoadedVersion, now: int) -> dict[str, Any]:
    """What the page shows of a model; its answer to the example is made now, and not recorded."""
    description = version.description
    body = json.dumps(description.example, ensure_ascii=False)
    asked = Predict().read(body.encode(), "application/json", version)
    try:
        rows, _ = version.reader.read(asked.rows, now)
        record = ServedRequest(_EXAMPLE_ID, now, answer(version, rows), version.number)
        found = msgspec.json.format(asked.write(record)).decode()
    except (NotAnsweredError, RejectedRowsError):
        found = None
    columns = [
        (name, expected(column), column.description)
        for name, column in description.source_columns.items()
    ]
    return {
        "name": description.name,
        "description": description.description,
        "version": version.number,
        "kind": version.kind,
        "target": description.target,
        "key": description.key,
        # Within the quotes of a shell.
        "body": body.replace("'", "'\\''"),
        "answer": found,
        "columns": columns,
    }
