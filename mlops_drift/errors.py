"""The errors that a user can mend, apart from all others, which are bugs."""

# The messages of Dagster and DuckDB after a Ctrl-C.
INTERRUPTIONS = ("DagsterExecutionInterruptedError", "Query interrupted")


class UserError(Exception):
    """Something that a user can mend; the message names what, where and what would be right."""


class InternalError(Exception):
    """A bug that was raised elsewhere, such as within a Dagster run, as Python's traceback."""


def is_interruption(message: str) -> bool:
    """Whether an error message means that a person stopped what was under way."""
    return any(sign in message for sign in INTERRUPTIONS)
