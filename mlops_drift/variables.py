"""References to environment variables in texts of the YAML: `${NAME}` or `$NAME`."""

import os
import re
from string import Template

from mlops_drift.errors import UserError

_SECRET = re.compile("pass|pwd|secret|token|key|credential|sas(?!l)", re.IGNORECASE)


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
        raise VariableError("no name follows a $ in the URL; write $$ for a plain $")
    missing = [name for name in template.get_identifiers() if not os.environ.get(name)]
    if missing:
        raise VariableError(f"{', '.join(missing)} not set in the environment")
    return template.substitute(os.environ)


def holds_secret(option: str) -> bool:
    """Whether the value of an option is a secret, by its name.

    >>> holds_secret("aws_secret_access_key"), holds_secret("aws_region")
    (True, False)
    """
    return _SECRET.search(option) is not None
