"""The errors that a user can mend, apart from all others, which are bugs."""


class UserError(Exception):
    """Something that a user can mend; the message says what, where and what would be right."""


class InternalError(Exception):
    """A bug that was raised elsewhere, such as within a Dagster run.

    Args:
        traceback: as Python prints it, with the error in its last line.
    """
