"""The errors that a user can mend, apart from all others, which are bugs."""


class UserError(Exception):
    """Something that a user can mend; the message says what, where and what would be right."""


# How Dagster and DuckDB say that a person pressed Ctrl-C.
INTERRUPTIONS = ("DagsterExecutionInterruptedError", "Query interrupted")


def is_interruption(said: str) -> bool:
    """Whether an error, as text, says that a person stopped what was under way.

    >>> is_interruption("duckdb.InterruptException: INTERRUPT Error: Query interrupted")
    True
    """
    return any(sign in said for sign in INTERRUPTIONS)


class InternalError(Exception):
    """A bug that was raised elsewhere, such as within a Dagster run.

    Args:
        traceback: as Python prints it, with the error in its last line.
    """
