"""What the service records of a request, before it answers it.

Record and answer are one thing: whatever a client was given is in the log.
"""

from typing import Literal

import msgspec

from mlops_drift.learning.compiled.base import Value

ServedBy = Literal["MODEL", "RULES"]


class ModelAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a version predicts of a row.

    Attributes:
        prediction: a class, or a number.
        score: P(positive), the largest probability, or the number itself.
        probabilities: in the order of the declared classes; None for a regression.
    """

    prediction: str | float
    score: float
    probabilities: tuple[float, ...] | None = None


class ServedRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of a request, and the answer to it.

    Attributes:
        key: of the event.
        event_time: when it happened, in microseconds since 1970 in UTC.
        row: the declared columns and inputs as they arrived, those left out included as None.
        prediction: what was answered.
        served_by: who answered: the model, or the rules in its place.
        features: the columns that the version was given, derived ones included; None where they
            could not be made.
        model: what the version predicted; None where it did not.
        reason: why the rules answered; None where the model did.
    """

    key: str | int
    event_time: int
    row: dict[str, Value]
    prediction: str | float
    served_by: ServedBy
    features: dict[str, Value] | None = None
    model: ModelAnswer | None = None
    reason: str | None = None


class ServedRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request, as one frame of the log.

    Attributes:
        id: of the request, unique.
        time: when it was answered, in microseconds since 1970 in UTC.
        version: the version that served all of its rows; None where none was loaded.
        arm: of a rollout.
    """

    id: str
    time: int
    rows: tuple[ServedRow, ...]
    version: int | None = None
    arm: str = "champion"
