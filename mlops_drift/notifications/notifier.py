"""The gateway to Apprise: one message to one receiver."""

import logging
import re
from urllib.parse import unquote

from mlops_drift.notifications.environment import filled, scheme_of
from mlops_drift.notifications.errors import NotifierError

# For one message; Apprise itself waits 4 s for a connection and 4 s for an answer.
TIMEOUT_SECONDS = 10

# Shorter parts of a URL are not secret, and would hide parts of words.
SHORTEST_SECRET = 4


def send(url: str, title: str, body: str) -> None:
    """Sends a plain text to an Apprise URL, filled from the environment, and waits for the answer.

    Raises:
        NotifierError: if a variable is not set, Apprise does not know the URL, or the receiver does
            not accept the message.
    """
    # The import takes a tenth of a second, and most processes send nothing.
    from apprise import Apprise, AppriseAsset, NotifyFormat

    scheme, target = scheme_of(url), filled(url)
    # The result contains its warnings, and the log must not contain the URL.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    # A library that configures logging, such as MLflow's migrations, may have disabled it.
    logger.disabled = False
    asset = AppriseAsset(service_timeout=TIMEOUT_SECONDS, async_mode=False)
    service = Apprise.instantiate(target, asset=asset)
    if service is None:
        forms = "see https://appriseit.com/services/ for the forms"
        raise NotifierError(f"{scheme}: Apprise does not know this URL; {forms}")
    apprise = Apprise(asset=asset)
    apprise.add(service)
    result = apprise.notify(body, title=title, body_format=NotifyFormat.TEXT)
    if not result:
        cause = " ".join(entry.message for entry in result.logs())
        cause = cause or "the receiver did not accept the message"
        raise NotifierError(f"{scheme}: {_without_secrets(cause, target)}")


def _without_secrets(text: str, url: str) -> str:
    """The text without any part of the URL after its scheme.

    >>> _without_secrets("Refused by hooks.example.com: abcd/efgh", "x://hooks.example.com/abcd")
    'Refused by ***: ***/efgh'
    """
    pieces = re.split(r"[/?&=:@+,;#]+", url.partition("://")[2])
    secrets = {form for piece in pieces for form in (piece, unquote(piece))}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text
