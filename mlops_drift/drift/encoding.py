"""The values of a column as numbers of categories or groups."""

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.arrow_rows import one_array, without_nulls
from mlops_drift.drift.cells import as_days
from mlops_drift.drift.rows import Rows


def encoded(rows: Rows, name: str) -> tuple[list[str | None], NDArray[np.int64]]:
    """The categories of a column and the number of the one that each row has.

    Returns:
        The categories, last of them None for null, and their numbers in the order of the rows.
    """
    return _encoded(rows, name, rows.expression(name, "categorical"))


def groups(rows: Rows, name: str) -> tuple[list[str | None], NDArray[np.int64]]:
    """The values of a column as text, ascending, and the number of the one that each row has.

    Midnights are written as their days.

    Returns:
        The values, last of them None for null, and their numbers in the order of the rows.
    """
    text = rows.expression(name, "categorical")
    values, numbers = _encoded(rows, name, text)
    ordered = rows.query(
        f"SELECT v FROM (SELECT {text} AS v, {rows.cell(name)} AS o FROM {rows.sql}) "
        "WHERE v IS NOT NULL GROUP BY v ORDER BY min(o), v",
        duckdb.DuckDBPyRelation.fetchall,
        [name],
    )
    places = {value: place for place, (value,) in enumerate(ordered)}
    rank = np.array([*(places[value] for value in values[:-1]), len(places)], dtype=np.int64)
    return [*(as_days(list(places)) if rows.is_moment(name) else places), None], rank[numbers]


def _encoded(rows: Rows, name: str, expression: str) -> tuple[list[Any], NDArray[np.int64]]:
    sql = f"SELECT {expression} AS v FROM {rows.sql}"
    column = rows.query(sql, duckdb.DuckDBPyRelation.to_arrow_table, [name])["v"]
    coded = one_array(column).dictionary_encode(null_encoding="encode")
    found = coded.dictionary.to_pylist()
    # Null comes last, also where no row has it.
    values = [*(value for value in found if value is not None), None]
    place = np.cumsum([value is not None for value in found]) - 1
    place[[value is None for value in found]] = len(values) - 1
    return values, place[without_nulls(coded.indices)].astype(np.int64)
