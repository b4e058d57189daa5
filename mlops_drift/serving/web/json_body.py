"""Bodies that are JSON."""

from typing import Any

import msgspec

from mlops_drift.serving.web.errors import NotServedError

_decode = msgspec.json.Decoder().decode


def parsed(body: bytes) -> Any:
    """What the JSON of a body says.

    NaN and Infinity are no JSON; neither is a byte-order mark. Of a name that stands in an object
    twice the last value counts.

    Raises:
        NotServedError: if it is no JSON in UTF-8, is nested too deeply, or has a number beyond
            measure.
    """
    try:
        return _decode(body)
    except msgspec.DecodeError as error:
        why = "it is empty" if not body else str(error).replace("JSON is malformed: ", "")
        raise NotServedError(400, f"the body is not JSON in UTF-8: {why}") from error
    except RecursionError as error:
        raise NotServedError(400, "the body is nested too deeply") from error


def member(body: dict[str, Any], name: str, kind: type, noun: str) -> Any:
    """A member of an object, of the type that it must have.

    Raises:
        NotServedError: if it is missing, or is something else.
    """
    if name not in body:
        raise NotServedError(422, f"{name} is missing; it should be {noun}")
    if not isinstance(value := body[name], kind):
        raise NotServedError(422, f"{name} should be {noun}")
    return value
