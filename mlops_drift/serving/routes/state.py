"""Whether the service is up, whether it can answer, who answers, and its metrics."""

import asyncio
from importlib.metadata import version as installed
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mlops_drift.serving.routes.inference_protocol import PLATFORM, metadata
from mlops_drift.serving.service import NO_VERSION, ServedModel, Service
from mlops_drift.serving.web.errors import unavailable

PACKAGE = "mlops_drift"


def routes(service: Service) -> list[Route]:
    """The routes that tell the state of a service."""
    models = service.models.values()

    async def health(_: Request) -> Response:
        return _json({"status": "ok"})

    async def ready(_: Request) -> Response:
        troubles = {model.name: model.troubles() for model in models}
        states = {
            model.name: {
                "ready": not troubles[model.name],
                "reasons": troubles[model.name],
                "warning": model.warning,
                "scorer": model.current.kind if model.current else None,
            }
            for model in models
        }
        is_ready = not any(troubles.values())
        return _json({"ready": is_ready, "models": states}, 200 if is_ready else 503)

    async def version(_: Request) -> Response:
        return _json({PACKAGE: installed(PACKAGE), "models": {m.name: _who(m) for m in models}})

    async def metrics(_: Request) -> Response:
        for model in models:
            model.troubles()
        # With several workers there are files to read.
        text = await asyncio.to_thread(service.metrics.exposition)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def server(_: Request) -> Response:
        return _json({"name": PLATFORM, "version": installed(PACKAGE), "extensions": []})

    async def live(_: Request) -> Response:
        return _json({"live": True})

    async def all_ready(_: Request) -> Response:
        # Of each model, as the metric of each is set by it.
        troubles = [model.troubles() for model in models]
        is_ready = not any(troubles)
        return _json({"ready": is_ready}, 200 if is_ready else 503)

    return [
        Route("/health", health),
        Route("/ready", ready),
        Route("/version", version),
        Route("/metrics", metrics),
        Route("/v2", server),
        Route("/v2/health/live", live),
        Route("/v2/health/ready", all_ready),
        *(route for model in models for route in _of_model(model)),
    ]


def _of_model(model: ServedModel) -> list[Route]:
    async def described(_: Request) -> Response:
        if model.current is None:
            raise unavailable(NO_VERSION)
        return _json(metadata(model.current))

    async def ready(_: Request) -> Response:
        is_ready = not model.troubles()
        return _json({"name": model.name, "ready": is_ready}, 200 if is_ready else 503)

    path = f"/v2/models/{model.name}"
    return [Route(path, described), Route(f"{path}/ready", ready)]


def _who(model: ServedModel) -> dict[str, Any]:
    version = model.current
    if version is None:
        return {"version": None, "scorer": None}
    return {"version": version.number, "scorer": version.kind}


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
