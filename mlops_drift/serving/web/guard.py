"""What every request meets first: its id, the token, and the last resort against bugs."""

import hmac
import logging
import re
import uuid
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlops_drift.serving.metrics import ModelMetrics
from mlops_drift.serving.web.body import header
from mlops_drift.serving.web.errors import NotServedError
from mlops_drift.serving.web.responses import respond_with_error

REQUEST_ID = b"x-request-id"
ID_PATTERN = "[A-Za-z0-9._:/+=@-]{1,128}"
# What needs no token: whoever asks learns that the service is up, and nothing else.
OPEN = frozenset(["/health", "/ready", "/v2/health/live", "/v2/health/ready"])

_ID = re.compile(ID_PATTERN.encode())

logger = logging.getLogger(__name__)


class Guard:
    """Gives each request an id, which its answer has too, and asks for the token.

    Where a bug raises, the log of the server has the traceback; the client gets no word of it.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, scoring: Mapping[str, ModelMetrics]
    ) -> None:
        """Guards an application.

        Args:
            app: what answers.
            token: what `authorization: Bearer …` must hold; None asks for none.
            scoring: the metrics of the model that a path asks.
        """
        self._app, self._scoring = app, scoring
        self._wanted = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header(scope, REQUEST_ID)
        is_good = given is None or _ID.fullmatch(given) is not None
        request_id = given if given is not None and is_good else uuid.uuid4().hex.encode()
        scope["request_id"] = request_id.decode()
        has_begun = False

        async def send_with_id(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id)]
            await send(message)

        try:
            self._require_token(scope)
            if not is_good:
                raise NotServedError(400, f"x-request-id should match {ID_PATTERN}")
            await self._app(scope, receive, send_with_id)
        except NotServedError as error:
            if metrics := self._scoring.get(scope["path"]):
                metrics.requests[error.outcome].inc()
            await respond_with_error(send_with_id, error)
        except Exception:
            logger.exception("request %s failed", scope["request_id"])
            if has_begun:
                raise
            await respond_with_error(send_with_id, NotServedError(500, "the service failed"))

    def _require_token(self, scope: Scope) -> None:
        if self._wanted is None or scope["path"] in OPEN:
            return
        scheme, _, shown = (header(scope, b"authorization") or b"").partition(b" ")
        is_shown = hmac.compare_digest(shown, self._wanted)
        if not is_shown or scheme.lower() != b"bearer":
            raise NotServedError(
                401,
                "the token is missing or wrong; send it as authorization: Bearer TOKEN",
                outcome="unauthorized",
                headers={b"www-authenticate": b"Bearer"},
            )
