"""`POST /predict`: one row, or many, as JSON."""

import msgspec

from mlops_drift.serving.description import Description
from mlops_drift.serving.records import ServedBy, ServedRequest, ServedRow
from mlops_drift.serving.service import LoadedVersion
from mlops_drift.serving.web.errors import NotServedError
from mlops_drift.serving.web.json_body import parsed
from mlops_drift.serving.web.scoring import Asked

ROWS = "rows"


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a row.

    Attributes:
        score: of the version, which answered; None where the rules did.
        probabilities: by class; None for a regression, and where the rules answered.
        reason: why the rules answered; None where the version did.
    """

    key: str | int
    prediction: str | float
    served_by: ServedBy
    score: float | None = None
    probabilities: dict[str, float] | None = None
    reason: str | None = None


class OnePrediction(Prediction, frozen=True, omit_defaults=True, kw_only=True):
    """The answer to a request of one bare row."""

    model: str
    version: int | None
    request_id: str


class Predictions(msgspec.Struct, frozen=True):
    """The answer to a request of rows, in their order."""

    model: str
    version: int | None
    request_id: str
    predictions: list[Prediction]


class Predict:
    """The service's own form: an object is a row; `{"rows": […]}` or a list are many."""

    content_types = ("application/json",)

    def read(self, body: bytes, kind: str, version: LoadedVersion) -> Asked:
        """The row, or the rows."""
        found, description = parsed(body), version.description
        encode = msgspec.json.encode
        if isinstance(found, dict):
            rows = found.get(ROWS)
            if not isinstance(rows, list):
                if rows is not None and ROWS not in description.source_columns:
                    raise NotServedError(422, "rows should be a list of rows")
                return Asked([found], lambda record: encode(_one(description, record)))
            if len(found) > 1:
                more = ", ".join(sorted(name for name in found if name != ROWS))[:60]
                raise NotServedError(422, f"beside rows stands {more}; write it into the rows")
            found = rows
        if not isinstance(found, list):
            raise NotServedError(422, "the body should be a row, as an object, or a list of rows")
        return Asked(found, lambda record: encode(_many(description, record)))


def _one(description: Description, record: ServedRequest) -> OnePrediction:
    (row,) = record.rows
    return OnePrediction(
        *_answer(description, row),
        model=description.name,
        version=record.version,
        request_id=record.id,
    )


def _many(description: Description, record: ServedRequest) -> Predictions:
    answers = [Prediction(*_answer(description, row)) for row in record.rows]
    return Predictions(description.name, record.version, record.id, answers)


def _answer(
    description: Description, row: ServedRow
) -> tuple[str | int, str | float, ServedBy, float | None, dict[str, float] | None, str | None]:
    """The fields of a prediction."""
    if row.served_by == "RULES" or row.model is None:
        return row.key, row.prediction, row.served_by, None, None, row.reason
    probabilities = probabilities_of(description, row)
    return row.key, row.prediction, row.served_by, row.model.score, probabilities, None


def probabilities_of(description: Description, row: ServedRow) -> dict[str, float] | None:
    """What the version gave each class; None where it gave nothing, and for a regression."""
    classes = description.target.classes
    if row.model is None or row.model.probabilities is None or classes is None:
        return None
    return dict(zip(classes, row.model.probabilities, strict=True))
