"""Whether what replaces a part of Dagster's still fits it."""

from collections.abc import Collection
from inspect import signature


def require_fitting(mine: type, theirs: type, replaced: Collection[str]) -> None:
    """Requires a Dagster that still has what is replaced, with the same arguments; a TypeError."""
    for name in replaced:
        expected = list(signature(getattr(theirs, name)).parameters)
        if list(signature(getattr(mine, name)).parameters) != expected:
            raise TypeError(f"{name} takes {', '.join(expected)}")
