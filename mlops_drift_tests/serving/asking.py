"""Asks an application without a server between."""

import asyncio
import json

import httpx

from mlops_drift.serving.app import create_app

JSON = "application/json"


class Client:
    """Sends requests to the application of a service."""

    def __init__(self, service):
        self.app = create_app(service)

    def ask(self, method, path, **request):
        """The answer to one request."""
        return self.ask_at_once([(method, path, request)])[0]

    def ask_at_once(self, requests):
        """The answers to requests that are under way together."""

        async def ask():
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                sent = [client.request(method, path, **more) for method, path, more in requests]
                return await asyncio.gather(*sent)

        return asyncio.run(ask())

    def get(self, path, **request):
        """The answer to a question."""
        return self.ask("GET", path, **request)

    def post(self, path, content, kind=JSON, **headers):
        """The answer to a body: bytes, or what becomes JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, content=body, headers={"content-type": kind} | named)
