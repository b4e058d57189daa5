"""The assets of the user's own project that a model rests on, and what starts its days."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator

from mlops_drift.schema.fields import Distinct

# What starts the run of a day.
Automation = Literal["clock", "upstream"]


def _parts(key: str | list[str]) -> list[str]:
    """An asset key by its parts, which may be written with slashes.

    >>> _parts("raw/orders"), _parts(["raw", "orders"])
    (['raw', 'orders'], ['raw', 'orders'])
    """
    parts = key.split("/") if isinstance(key, str) else key
    if not parts or not all(part.strip() for part in parts):
        raise ValueError(f"found {key!r}; write an asset key as raw/orders or [raw, orders]")
    return parts


# Keys of assets, each with its parts.
AssetKeys = Annotated[
    list[str | list[str]], AfterValidator(lambda keys: [_parts(key) for key in keys]), Distinct
]


def require_upstream(
    name: str, deps: Sequence[str | Sequence[str]], automation: Automation
) -> None:
    """Raises a ValueError where a model rests on itself, or waits for nothing."""
    if own := [key for key in deps if key[0] == name]:
        raise ValueError(
            f"deps names {'/'.join(own[0])}, an asset of the model itself; name what is upstream "
            "of its events and labels"
        )
    if automation == "upstream" and not deps:
        raise ValueError("automation upstream needs deps: the assets that a day waits for")
