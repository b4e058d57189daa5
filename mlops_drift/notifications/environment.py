"""What the description of a receiver takes from the environment."""

import re

from mlops_drift import variables
from mlops_drift.notifications.errors import NotifierError


def filled(url: str) -> str:
    """A URL with the values of its variables; a `NotifierError` if one is not set."""
    try:
        return variables.filled(url)
    except variables.VariableError as error:
        raise NotifierError(f"{scheme_of(url)}: {error}") from None


def scheme_of(url: str) -> str:
    """The scheme, unless it is a variable.

    >>> scheme_of("slack://${TOKENS}/"), scheme_of("${SLACK_URL}")
    ('slack', 'receiver')
    """
    found = re.match(r"([A-Za-z0-9+.-]+)://", url)
    return found[1].lower() if found else "receiver"
