"""What the guesses about a column need to know of it."""

from typing import Literal, Protocol

# `unreadable` holds values that landing takes for texts although a person does not.
Kind = Literal["integer", "number", "boolean", "day", "text", "empty", "unreadable"]


class Summary(Protocol):
    """A column in numbers, however it was read.

    Attributes:
        problem: why it is of no use as it is; empty where nothing is known against it.
        filled: rows with a value.
        missing: rows without one.
        distinct: different values.
        span: the smallest and the largest of numbers.
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    @property
    def problem(self) -> str: ...

    @property
    def filled(self) -> int: ...

    @property
    def missing(self) -> int: ...

    @property
    def distinct(self) -> int: ...

    @property
    def span(self) -> str: ...

    def counts(self, most: int) -> dict[str, int]:
        """The most frequent values with their rows, at most so many, most frequent first."""
        ...
