"""What ends a proposal."""

from mlops_drift.errors import UserError


class ProposalError(UserError):
    """The files do not say enough; the message says what is missing and which option helps."""
