"""References to environment variables in texts of the YAML: `${NAME}` or `$NAME`; and secrets."""

import os
import re
from collections.abc import Iterable
from string import Template
from urllib.parse import quote, quote_plus, unquote

from mlops_drift.errors import UserError

_SECRET = re.compile("pass|pwd|secret|token|key|credential|sas(?!l)", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_PASSWORD_IN_URL = re.compile(r"://[^\s/@:]*:([^\s@]+)@")
# Of a shell: the folder that it is in, and the one before.
_FOLDERS = ("PWD", "OLDPWD")
# A shorter value says too little to be one, and stands in too many words.
_SHORTEST_SECRET = 4


class VariableError(UserError):
    """A text cannot be filled from the environment; the message does not hold the text."""


def variables_in(text: str) -> list[str]:
    """The names of the variables that a text refers to, each once.

    >>> variables_in("${USER}:$TOKEN@${USER}, $$5")
    ['USER', 'TOKEN']
    """
    return Template(text).get_identifiers()


def filled(text: str) -> str:
    """A text with the values of its variables.

    Raises:
        VariableError: if a variable is not set, or is empty, or no name follows a `$`.
    """
    template = Template(text)
    if not template.is_valid():
        raise VariableError("no name follows a $; write $$ for a plain $")
    missing = [name for name in template.get_identifiers() if not os.environ.get(name)]
    if missing:
        raise VariableError(f"{', '.join(missing)} not set in the environment")
    return template.substitute(os.environ)


def holds_secret(option: str, value: str = "") -> bool:
    """Whether the value of an option is a secret, by its name, or is a URL with a password.

    >>> holds_secret("aws_secret_access_key"), holds_secret("aws_region")
    (True, False)
    >>> holds_secret("endpoint", "http://me:sesame@host")
    True
    """
    return any([_SECRET.search(option), _PASSWORD_IN_URL.search(value)])


def without_secrets(text: str) -> str:
    """A text of somebody else without the secrets that can be known as such.

    These are users and passwords in URLs, and in the environment the passwords in URLs and the
    values of variables whose name says so.
    """
    secrets = set()
    for name, value in os.environ.items():
        secrets |= {value} if holds_secret(name) and name not in _FOLDERS else set()
        secrets |= {unquote(found) for found in _PASSWORD_IN_URL.findall(value)}
    text = hidden(text, (secret for secret in secrets if len(secret) >= _SHORTEST_SECRET))
    return _USER_IN_URL.sub("…", text)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """A text without some secrets, plain or percent-encoded.

    >>> hidden("no user me with p%40ss or p@ss", ["p@ss"])
    'no user me with … or …'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        for form in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(form, "…")
    return text
