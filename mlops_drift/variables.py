"""References to environment variables in texts of the YAML: `${NAME}` or `$NAME`."""

import os
from string import Template

from mlops_drift.errors import UserError


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
