"""The gateway to Apprise: one message to one receiver."""

import logging
import os
import re
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from apprise import AppriseResult

# For the whole of a sending; Apprise itself waits 4 s for a connection and 4 s for an answer.
TIMEOUT_SECONDS = 10

# Shorter pieces of a URL are no secrets, and would blank out parts of words.
SHORTEST_SECRET = 4


class NotifierError(Exception):
    """A message could not be sent; the text names no part of the URL but its scheme."""


def send(url: str, title: str, body: str) -> None:
    """Sends a message and waits until the receiver has taken it.

    Args:
        url: an Apprise URL; `$NAME` and `${NAME}` are filled from the environment.
        title: the title.
        body: the text, plain.

    Raises:
        NotifierError: if a variable is not set, the URL is none that Apprise knows, or the
            receiver does not take the message.

    >>> send("json://${NO_SUCH_HOST}/", "churn: data_quality fails", "12 of 100 events")
    Traceback (most recent call last):
    mlops_drift.notifications.notifier.NotifierError: json: NO_SUCH_HOST not set in the environment
    """
    scheme = _scheme(url)
    _send(scheme, _filled(scheme, Template(url)), title, body)


def _filled(scheme: str, url: Template) -> str:
    if not url.is_valid():
        raise NotifierError(f"{scheme}: a $ in the URL begins no variable's name; write $$ for one")
    missing = [name for name in url.get_identifiers() if not os.environ.get(name)]
    if missing:
        raise NotifierError(f"{scheme}: {', '.join(missing)} not set in the environment")
    return url.substitute(os.environ)


def _scheme(url: str) -> str:
    """The scheme as far as it is no variable.

    >>> _scheme("slack://${TOKENS}/"), _scheme("${SLACK_URL}")
    ('slack', 'receiver')
    """
    found = re.match(r"([A-Za-z0-9+.-]+)://", url)
    return found[1].lower() if found else "receiver"


def _send(scheme: str, filled: str, title: str, body: str) -> None:
    # Takes a tenth of a second, and most processes send nothing.
    from apprise import Apprise, AppriseAsset, NotifyFormat

    # Its warnings come back with the result, and the log must not have the URL.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    # A library that configures logging, such as MLflow's migrations, may have disabled it.
    logger.disabled = False
    asset = AppriseAsset(service_timeout=TIMEOUT_SECONDS, async_mode=False)
    service = Apprise.instantiate(filled, asset=asset)
    if service is None:
        raise NotifierError(
            f"{scheme}: the URL is none that Apprise understands; "
            "see https://appriseit.com/services/ for what it should look like"
        )
    apprise = Apprise(asset=asset)
    apprise.add(service)
    result = apprise.notify(body, title=title, body_format=NotifyFormat.TEXT)
    if not result:
        raise NotifierError(f"{scheme}: {_without_secrets(_cause(result), filled)}")


def _cause(result: "AppriseResult") -> str:
    said = [entry.message for entry in result.logs()]
    return " ".join(said) or "the receiver did not take the message"


def _without_secrets(text: str, url: str) -> str:
    """The text without any piece of the URL after its scheme.

    >>> _without_secrets("Refused by hooks.example.com: abcd/efgh", "x://hooks.example.com/abcd")
    'Refused by ***: ***/efgh'
    """
    pieces = re.split(r"[/?&=:@+,;#]+", url.partition("://")[2])
    secrets = {form for piece in pieces for form in (piece, unquote(piece))}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text
