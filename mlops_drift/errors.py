"""The errors that a user can mend, apart from all others, which are bugs."""


class UserError(Exception):
    """Something that a user can mend; the message names what, where and what would be right."""


# The messages of Dagster and DuckDB after a Ctrl-C.
INTERRUPTIONS = ("DagsterExecutionInterruptedError", "Query interrupted")


def is_interruption(message: str) -> bool:
    """Whether an error message means that a person stopped what was under way.

    >>> is_interruption("duckdb.InterruptException: INTERRUPT Error: Query interrupted")
    True
    """
    return any(sign in message for sign in INTERRUPTIONS)


class InternalError(Exception):
    """A bug that was raised elsewhere, such as within a Dagster run.

    Args:
        traceback: as Python prints it, with the error in its last line.
    """
