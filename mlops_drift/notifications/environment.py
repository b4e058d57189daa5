"""What the description of a receiver takes from the environment."""

import os
import re
from string import Template

from mlops_drift.notifications.errors import NotifierError


def filled(url: str) -> str:
    """A URL with the values of its variables; a `NotifierError` if one is not set."""
    scheme, template = scheme_of(url), Template(url)
    if not template.is_valid():
        raise NotifierError(f"{scheme}: no name follows a $ in the URL; write $$ for a plain $")
    missing = [name for name in template.get_identifiers() if not os.environ.get(name)]
    if missing:
        raise NotifierError(f"{scheme}: {', '.join(missing)} not set in the environment")
    return template.substitute(os.environ)


def scheme_of(url: str) -> str:
    """The scheme, unless it is a variable.

    >>> scheme_of("slack://${TOKENS}/"), scheme_of("${SLACK_URL}")
    ('slack', 'receiver')
    """
    found = re.match(r"([A-Za-z0-9+.-]+)://", url)
    return found[1].lower() if found else "receiver"
