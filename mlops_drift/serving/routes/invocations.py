"""`POST /invocations`: the formats of MLflow's scoring server, with its answer."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from mlops_drift.serving.description import Description
from mlops_drift.serving.records import ServedRequest
from mlops_drift.serving.routes.new_keys import new_key
from mlops_drift.serving.service import LoadedVersion
from mlops_drift.serving.values import from_text
from mlops_drift.serving.web.errors import NotServedError
from mlops_drift.serving.web.json_body import member, parsed
from mlops_drift.serving.web.scoring import Asked

CSV = "text/csv"
FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


class Invocations:
    """MLflow's form: `{"predictions": […]}` of a data frame, of records or of columns.

    The key may be left out; then one is made, and logged. `params` are ignored.
    """

    content_types = ("application/json", CSV)

    def read(self, body: bytes, kind: str, version: LoadedVersion) -> Asked:
        """The rows."""
        description = version.description
        rows = _of_csv(body, description) if kind == CSV else _of_json(parsed(body))
        return Asked(rows, _written, new_key(description))


def _written(record: ServedRequest) -> bytes:
    return msgspec.json.encode({"predictions": [row.prediction for row in record.rows]})


def _of_json(body: Any) -> Sequence[object]:
    named = [name for name in FORMATS if name in body] if isinstance(body, dict) else []
    if len(named) != 1:
        found = " and ".join(named) or "none"
        raise NotServedError(422, f"one of {', '.join(FORMATS)} should be given, found {found}")
    match named[0]:
        case "dataframe_split":
            split = member(body, "dataframe_split", dict, "an object with columns and data")
            columns = member(split, "columns", list, "a list of names")
            data = member(split, "data", list, "a list of rows, each a list of values")
            return _rows(columns, data, "dataframe_split.data")
        case "inputs":
            noun = "an object of column names to lists of values"
            return of_columns(member(body, "inputs", dict, noun), "inputs")
        case name:
            rows: list[object] = member(body, name, list, "a list of objects")
            return rows


def _rows(columns: Sequence[Any], data: Sequence[Any], where: str) -> list[object]:
    """Rows of values as rows of names to values."""
    if not all(isinstance(name, str) for name in columns) or len(set(columns)) < len(columns):
        raise NotServedError(422, "the columns should be names, each of them once")
    n = len(columns)
    for number, row in enumerate(data):
        if not isinstance(row, list) or len(row) != n:
            raise NotServedError(422, f"{where}: row {number} should be a list of {n} values")
    return [dict(zip(columns, row, strict=True)) for row in data]


def of_columns(columns: dict[str, Any], where: str) -> list[object]:
    """Rows of columns, each a list of values of the same length.

    Raises:
        NotServedError: if a column is no list, or lists differ in length.
    """
    for name, values in columns.items():
        if not isinstance(values, list):
            raise NotServedError(422, f"{where}: {name[:60]} should be a list of values")
    if len({len(values) for values in columns.values()}) > 1:
        raise NotServedError(422, f"{where}: all columns should have the same number of values")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _of_csv(body: bytes, description: Description) -> list[object]:
    """The rows of a text with the names of its columns in the first line."""
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotServedError(400, "the body is not CSV in UTF-8 with commas and quotes") from error
    names, *data = [line for line in lines if line] or [[]]
    kinds = {name: column.type for name, column in description.source_columns.items()}
    kinds[description.key] = "integer" if description.key_type == "integer" else "category"
    typed = [
        [from_text(kinds.get(name, "category"), text) for name, text in zip(names, line)]  # noqa: B905 - lines of another length are found below
        if len(line) == len(names)
        else line
        for line in data
    ]
    return _rows(names, typed, "the text")
