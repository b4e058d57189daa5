"""The application that answers requests: its routes, and what stands before them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from http import HTTPStatus
from importlib.metadata import version as installed

import msgspec
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mlops_drift.serving.metrics import ModelMetrics
from mlops_drift.serving.openapi import document
from mlops_drift.serving.routes import page, state
from mlops_drift.serving.routes.inference_protocol import Infer
from mlops_drift.serving.routes.invocations import Invocations
from mlops_drift.serving.routes.predict import Predict
from mlops_drift.serving.service import Service
from mlops_drift.serving.web.errors import ErrorBody
from mlops_drift.serving.web.guard import Guard
from mlops_drift.serving.web.scoring import Capacity, Form, Scoring

TITLE = "mlops_drift"
OPENAPI = "/openapi.json"


Background = Callable[[], AbstractAsyncContextManager[None]]


def create_app(service: Service, background: Background = nullcontext) -> FastAPI:
    """An application that serves models; each worker has one.

    With one model its predictions are at `/predict` and `/invocations` as well. The background runs
    for as long as the application does.
    """
    capacity = Capacity()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with background():
            yield
        capacity.threads.shutdown(wait=False, cancel_futures=True)

    app = FastAPIOffline(
        title=TITLE,
        version=installed("mlops_drift"),
        openapi_url=OPENAPI,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        swagger_ui_parameters={"tryItOutEnabled": True},
        exception_handlers={HTTPException: _as_json},
    )
    scoring, metrics = _scoring(service, capacity)

    async def openapi(_: Request) -> Response:
        return Response(msgspec.json.encode(document(service)), media_type="application/json")

    # What is asked most is looked for first.
    app.router.routes[:0] = [
        *scoring,
        *state.routes(service),
        Route("/", page.endpoint(service)),
        Route(OPENAPI, openapi),
    ]
    app.add_middleware(Guard, token=service.token, scoring=metrics)
    return app


def _scoring(service: Service, capacity: Capacity) -> tuple[list[Route], dict[str, ModelMetrics]]:
    """The routes that ask for predictions, and the metrics of the model that each asks."""
    routes, metrics = [], {}
    predict: Form = Predict()
    invocations: Form = Invocations()
    for name, model in service.models.items():
        forms = {
            f"/models/{name}/predict": predict,
            f"/models/{name}/invocations": invocations,
            f"/v2/models/{name}/infer": Infer(),
        }
        if len(service.models) == 1:
            forms = {"/predict": predict, "/invocations": invocations} | forms
        for path, form in forms.items():
            endpoint = Scoring(service, model, form, capacity)
            routes.append(Route(path, endpoint, methods=["POST"]))
            metrics[path] = model.metrics
    return routes, metrics


async def _as_json(_: Request, error: Exception) -> Response:
    """An error of the routing in the form of all others."""
    assert isinstance(error, HTTPException)
    message = HTTPStatus(error.status_code).phrase.lower()
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and error.headers:
        message += f"; use {error.headers['Allow']}"
    elif error.status_code == HTTPStatus.NOT_FOUND:
        message += "; the paths are at /openapi.json"
    body = msgspec.json.encode(ErrorBody(message))
    return Response(body, error.status_code, error.headers, "application/json")
