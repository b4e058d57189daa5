"""The address of a database: as the YAML has it, and as its secrets come from the environment."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mlops_drift.sources.base import SourceError
from mlops_drift.variables import VariableError, filled, hidden, holds_secret, variables_in

EXAMPLE = "postgresql://user:password@host/database"
NO_URL = f"is no URL of a database, such as {EXAMPLE}"
HINT = f"percent-encode what is special in it, as %40 for an @: {EXAMPLE}"

_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*\}|\$[A-Za-z_]\w*")
# Spelled so by some services.
_OTHER_SCHEMES = {"postgres": "postgresql"}


def check(url: str) -> str:
    """A URL as it may stand in a file; what is found may be secret, so no message holds it.

    Raises:
        ValueError: if it is none, or holds a password.
    """
    if _VARIABLE.fullmatch(url):
        return url
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"{NO_URL}; or name a variable that holds one, as ${{SHOP_DB}}") from None
    secrets = [str(parsed.password)] if parsed.password is not None else []
    if not all(variables_in(secret) for secret in [*secrets, *_secret_options(parsed)]):
        raise ValueError(
            "holds a password, which does not belong in the file; write the name of an environment "
            "variable in its place, as ${SHOP_PASSWORD}, or for the whole URL, as ${SHOP_DB}"
        )
    return url


class Address:
    """Where a database is, and who asks it. Only `url` has the secret, and nothing shows it.

    Args:
        written: the URL as the YAML has it.
        folder: where the path of a database that is a file starts.

    Raises:
        SourceError: if a variable is not set, or is no URL.
    """

    def __init__(self, written: str, folder: Path) -> None:
        self.url = _resolved(written)
        path = self.url.database
        if self.url.get_backend_name() == "sqlite":
            # Python's SQLite would make one.
            if not path or not (folder / path).is_file():
                raise SourceError(
                    "the SQLite file that `url` of the source names does not exist; correct it in "
                    "the model's defs.yaml, relative to the folder of that file"
                )
            self.url = self.url.set(database=str(folder / path))

    def __repr__(self) -> str:
        return f"Address({self.url.get_backend_name()})"

    def without_secrets(self, text: str) -> str:
        """What a server says of a statement, without any part of the URL that it may repeat."""
        url = self.url
        text = hidden(text, map(str, filter(None, [url.password, *_secret_options(url)])))
        # Short ones are in many words.
        for name in filter(None, [url.username, url.host]):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text)
        return text


def _resolved(written: str) -> URL:
    """The URL with the values of its variables, each as it is, without percent-encoding."""
    try:
        if _VARIABLE.fullmatch(written):
            url = _parsed(filled(written), written)
        else:
            url = make_url(written)
            values: dict[str, Any] = {
                name: filled(value)
                for name in ("username", "password", "host", "database")
                if (value := getattr(url, name))
            }
            options = {name: _filled_option(value) for name, value in url.query.items()}
            url = url.set(**values, query=options)
    except VariableError as error:
        problem = str(error)
    else:
        scheme, plus, driver = url.drivername.partition("+")
        return url.set(drivername=_OTHER_SCHEMES.get(scheme, scheme) + plus + driver)
    raise SourceError(
        f"`url` of the source: {problem}; correct it in the model's defs.yaml, or set what it asks "
        "for in the environment of this process"
    )


def _filled_option(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return filled(value) if isinstance(value, str) else tuple(map(filled, value))


def _parsed(url: str, written: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        pass
    # Apart from what was caught, which holds the URL.
    raise SourceError(f"{variables_in(written)[0]} in the environment {NO_URL}; {HINT}")


def _secret_options(url: URL) -> list[str]:
    return [str(value) for name, value in url.query.items() if holds_secret(name)]
