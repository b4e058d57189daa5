"""The Open Inference Protocol, version 2: columns as named tensors."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mlops_drift.schema.columns import ColumnType
from mlops_drift.serving.description import Description
from mlops_drift.serving.records import ServedRequest
from mlops_drift.serving.routes.invocations import of_columns
from mlops_drift.serving.routes.new_keys import new_key
from mlops_drift.serving.rows import EVENT_TIME
from mlops_drift.serving.service import LoadedVersion
from mlops_drift.serving.web.errors import NotServedError
from mlops_drift.serving.web.json_body import member, parsed
from mlops_drift.serving.web.scoring import Asked

PLATFORM = "mlops_drift"
DATATYPES: dict[ColumnType, str] = {
    "number": "FP64",
    "integer": "INT64",
    "boolean": "BOOL",
    "category": "BYTES",
}
# What JSON has the values of as they are.
ACCEPTED = (
    *("BOOL", "BYTES", "FP16", "FP32", "FP64", "INT8", "INT16", "INT32", "INT64"),
    *("UINT8", "UINT16", "UINT32", "UINT64"),
)
ANY_LENGTH = -1
PREDICTION, SCORE, PROBABILITIES, SERVED_BY = "prediction", "score", "probabilities", "served_by"


class Infer:
    """A tensor a column, of one value a row; the key may be left out, then one is made."""

    content_types = ("application/json",)

    def read(self, body: bytes, kind: str, version: LoadedVersion) -> Asked:
        """The rows that the tensors make."""
        found = parsed(body)
        if not isinstance(found, dict):
            raise NotServedError(422, "the body should be an object with inputs")
        columns: dict[str, Any] = {}
        for number, tensor in enumerate(member(found, "inputs", list, "a list of tensors")):
            name, values = _column(tensor, f"inputs[{number}]")
            if name in columns:
                raise NotServedError(422, f"{name[:60]} is given twice")
            columns[name] = values
        request_id = member(found, "id", str, "a text") if "id" in found else None
        description, wanted = version.description, _wanted(found)

        def write(record: ServedRequest) -> bytes:
            answer = _answer(description, record, request_id or record.id, wanted)
            return msgspec.json.encode(answer)

        return Asked(of_columns(columns, "inputs"), write, new_key(description))


def _column(tensor: Any, where: str) -> tuple[str, list[Any]]:
    """The name of a tensor, and its values, one a row."""
    if not isinstance(tensor, dict):
        raise NotServedError(
            422, f"{where} should be an object with name, shape, datatype and data"
        )
    name: str = member(tensor, "name", str, "the name of a column")
    if tensor.get("datatype") not in ACCEPTED:
        raise NotServedError(422, f"{name[:60]}: datatype should be one of {', '.join(ACCEPTED)}")
    data: list[Any] = member(tensor, "data", list, "a list of values")
    # A matrix of one column may come as rows.
    values = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in data]
    if tensor.get("shape") not in ([len(values)], [len(values), 1]):
        n = len(values)
        raise NotServedError(
            422, f"{name[:60]}: shape should be [{n}] or [{n}, 1], as data has {n}"
        )
    return name, values


def _wanted(body: Mapping[str, Any]) -> set[str] | None:
    """The outputs that are asked for; None asks for all."""
    if not (outputs := body.get("outputs")):
        return None
    names = (
        [one.get("name") if isinstance(one, dict) else None for one in outputs]
        if isinstance(outputs, list)
        else [None]
    )
    known = (PREDICTION, SCORE, PROBABILITIES, SERVED_BY)
    if any(name not in known for name in names):
        raise NotServedError(422, f"outputs should name some of {', '.join(known)}")
    return {str(name) for name in names}


def _answer(
    description: Description, record: ServedRequest, request_id: str, wanted: set[str] | None
) -> dict[str, Any]:
    """The predictions as tensors; score and probabilities are null where the version gave none."""
    rows, n = record.rows, len(record.rows)
    classes = description.target.classes
    models = [row.model for row in rows]
    scores = [None if model is None else model.score for model in models]
    found = [
        _tensor(
            PREDICTION, "FP64" if classes is None else "BYTES", [n], [r.prediction for r in rows]
        ),
        _tensor(SCORE, "FP64", [n], scores),
        _tensor(SERVED_BY, "BYTES", [n], [row.served_by for row in rows]),
    ]
    if classes is not None:
        none = (None,) * len(classes)
        flat = [
            probability
            for model in models
            for probability in ((model.probabilities if model else None) or none)
        ]
        found.insert(2, _tensor(PROBABILITIES, "FP64", [n, len(classes)], flat))
    return {
        "model_name": description.name,
        "model_version": str(record.version),
        "id": request_id,
        "outputs": [one for one in found if wanted is None or one["name"] in wanted],
    }


def _tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def metadata(version: LoadedVersion) -> dict[str, Any]:
    """What a model takes and gives."""
    description = version.description
    key: ColumnType = "integer" if description.key_type == "integer" else "category"
    columns = {description.key: key} | {
        name: column.type for name, column in description.source_columns.items()
    }
    inputs = {name: DATATYPES[kind] for name, kind in columns.items()} | {EVENT_TIME: "BYTES"}
    classes = description.target.classes
    outputs = [
        (PREDICTION, "FP64" if classes is None else "BYTES", [ANY_LENGTH]),
        (SCORE, "FP64", [ANY_LENGTH]),
        (SERVED_BY, "BYTES", [ANY_LENGTH]),
    ]
    if classes is not None:
        outputs.insert(2, (PROBABILITIES, "FP64", [ANY_LENGTH, len(classes)]))
    return {
        "name": description.name,
        "versions": [str(version.number)],
        "platform": PLATFORM,
        "inputs": [
            {"name": name, "datatype": datatype, "shape": [ANY_LENGTH]}
            for name, datatype in inputs.items()
        ],
        "outputs": [
            {"name": name, "datatype": datatype, "shape": shape}
            for name, datatype, shape in outputs
        ],
    }
