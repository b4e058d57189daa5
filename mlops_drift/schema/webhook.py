"""An address that signed events are posted to, as written in YAML."""

import re

from pydantic import Field, field_validator

from mlops_drift.schema.fields import Strict


class Endpoint(Strict):
    """A system that gets signed events, in the form of https://www.standardwebhooks.com."""

    url: str = Field(
        description="Address that events are posted to, as JSON. `$NAME` and `${NAME}` are "
        "environment variables, read when an event is sent."
    )
    secret: str = Field(
        description="`${NAME}`, the environment variable that holds the secret: `whsec_` and the "
        "base64 of 24 to 64 random bytes. While it is exchanged, two secrets with a space between "
        "them: events are signed with both."
    )

    @field_validator("url")
    @classmethod
    def _url_is_one_of_the_web(cls, url: str) -> str:
        # What is found may be secret.
        if not re.match(r"https?://|\$", url):
            raise ValueError("must begin with https:// or http://, or be a variable as ${NAME}")
        return url

    @field_validator("secret")
    @classmethod
    def _secret_is_a_variable(cls, secret: str) -> str:
        if not re.fullmatch(r"\$\{[A-Za-z_]\w*\}", secret):
            raise ValueError(
                "must name the environment variable that holds the secret, as ${NAME}; the secret "
                "itself does not belong in the file"
            )
        return secret
