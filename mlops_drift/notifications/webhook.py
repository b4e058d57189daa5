"""The gateway to webhooks: one event to one system, signed as https://www.standardwebhooks.com."""

import logging
import os
from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import quote

from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Webhook
from mlops_drift.notifications.environment import filled, scheme_of
from mlops_drift.notifications.errors import (
    MessageRejectedError,
    NotifierError,
    ReceiverDownError,
    ReceiverGoneError,
)

# For the connection, and for the answer.
TIMEOUT_SECONDS = 15

PREFIX = "whsec_"
# Lengths of a secret in bytes.
SHORTEST_SECRET, LONGEST_SECRET = 24, 64

GONE = 410
# Too many requests, bad gateway, unavailable, gateway timeout.
BUSY = (429, 502, 503, 504)
# Bad request, conflict, too large, wrong type, wrong content, an error while it was read.
REJECTED = (400, 409, 413, 415, 422, 500)


def send(webhook: Webhook, message: Message) -> None:
    """Posts the event of a message, signed, and waits for the answer.

    The id of a message is that of all its attempts; the timestamp is that of this one.

    Raises:
        NotifierError: if a variable is not set or holds no secret, or the answer is not 2xx; a
            redirect is not followed.
        MessageRejectedError: if the answer may be due to this event.
        ReceiverDownError: if there is no answer, or the receiver has no time for any event.
        ReceiverGoneError: if the answer is 410.
    """
    # The imports take a tenth of a second, and most processes send nothing.
    import requests
    from standardwebhooks import Webhook as Signer

    scheme, url = scheme_of(webhook.url), filled(webhook.url)
    now, name = datetime.now(UTC), event_id(message)
    signatures = [
        Signer(secret).sign(name, now, message.event) for secret in _secrets(scheme, webhook)
    ]
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    # At DEBUG it logs the path of each URL.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    try:
        # The text of an answer is not read.
        with requests.post(
            url,
            data=message.event.encode(),
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
    except requests.exceptions.SSLError:
        raise ReceiverDownError(f"{scheme}: the certificate or the TLS is not right") from None
    except requests.Timeout:
        raise ReceiverDownError(f"{scheme}: no answer within {TIMEOUT_SECONDS} s") from None
    except requests.ConnectionError:
        raise ReceiverDownError(f"{scheme}: no connection") from None
    except requests.RequestException:
        raise NotifierError(f"{scheme}: the URL cannot be called") from None
    _require_success(scheme, status)


def event_id(message: Message) -> str:
    """The id of a message as a header may have it, without the dot that ends it where it is signed.

    >>> from datetime import date
    >>> event_id(Message("shop-null_spike-v1.5 é", "decision", date(2024, 10, 5), "", "", "{}"))
    'shop-null_spike-v1%2E5%20%C3%A9'
    """
    return quote(message.id, safe="").replace(".", "%2E")


def _secrets(scheme: str, webhook: Webhook) -> list[str]:
    name = webhook.secret.strip("${}")
    secrets = os.environ.get(name, "").split()
    if not secrets:
        raise NotifierError(f"{scheme}: {name} not set in the environment")
    if not all(map(_is_secret, secrets)):
        form = f"{PREFIX} and the base64 of {SHORTEST_SECRET} to {LONGEST_SECRET} bytes"
        raise NotifierError(f"{scheme}: {name} in the environment is no secret; write {form}")
    return secrets


def _is_secret(text: str) -> bool:
    """The library takes any text, and signs with the bytes that it can read."""
    encoded = text.removeprefix(PREFIX)
    try:
        # It may come without padding.
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return False
    return text.startswith(PREFIX) and SHORTEST_SECRET <= len(key) <= LONGEST_SECRET


def _require_success(scheme: str, status: int) -> None:
    found = f"{scheme}: status {status}"
    if status == GONE:
        raise ReceiverGoneError(found)
    if status in BUSY:
        raise ReceiverDownError(found)
    if status in REJECTED:
        raise MessageRejectedError(found)
    if 300 <= status < 400:
        raise NotifierError(f"{found}; redirects are not followed, write the new address")
    if not 200 <= status < 300:
        raise NotifierError(found)
