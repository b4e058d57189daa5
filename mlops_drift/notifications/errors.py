"""Why a receiver does not have a message; no text contains more of a URL than its scheme."""


class NotifierError(Exception):
    """A message could not be sent."""


class MessageRejectedError(NotifierError):
    """The receiver did not take this message; it may well take another one."""


class ReceiverDownError(NotifierError):
    """The receiver takes nothing at the moment, whatever the message."""


class ReceiverGoneError(NotifierError):
    """The receiver wants no message ever again."""
