"""Keys of rows that come without one, where the form of another server asks for none."""

import secrets
from collections.abc import Callable

from mlops_drift.serving.description import Description

_BITS_OF_AN_INTEGER = 63


def new_key(description: Description) -> Callable[[], str | int]:
    """Makes keys that no other row has.

    They are logged. As no label has such a key, its row counts for drift, and not for performance.
    """
    if description.key_type == "integer":
        return lambda: secrets.randbits(_BITS_OF_AN_INTEGER)
    return lambda: secrets.token_hex(16)
