"""The values of one column as an array: numbers, moments in days, or numbers of categories."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mlops_drift.drift import cells
from mlops_drift.drift.arrow_rows import one_array, without_nulls
from mlops_drift.drift.rows import Floats, Rows
from mlops_drift.drift.sentences import count
from mlops_drift.drift.text_columns import NUMBERS, TEXT, Facts, find_facts, is_missing
from mlops_drift.scaffold.summary import Kind
from mlops_drift.scaffold.table import kind_of
from mlops_drift.sql import identifier, literal

# Whole numbers beyond are no doubles; as texts they stay different.
_LARGEST = 2.0**53
_FIRST_ROWS = 1_000
_INTEGER = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NAN = ("nan", "-nan", "+nan")


@dataclass(frozen=True)
class Values:
    """A column in the order of the rows.

    Attributes:
        numbers: numbers, or days of moments, NaN where missing; None of a column of categories.
        codes: the number of each row's category, -1 where missing.
        labels: the categories as texts.
        blank: rows that hold nothing but space.
        words: words that stand for a missing value among numbers, days or truths, with their rows.
    """

    name: str
    type: str
    kind: Kind
    problem: str
    numbers: Floats | None = None
    codes: NDArray[np.int64] | None = None
    labels: pa.Array | None = None
    blank: int = 0
    is_moment: bool = False
    words: tuple[tuple[str, int], ...] = ()

    @cached_property
    def is_missing(self) -> NDArray[np.bool_]:
        """Of each row whether it has no value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        assert self.codes is not None
        return self.codes < 0


def facts_of(rows: Rows) -> dict[str, Facts]:
    """What the columns of text can be read as; those that hold numbers or days are read so."""
    if rows.facts:
        return rows.facts
    texts = [name for name, kind in rows.types.items() if kind == "VARCHAR"]
    first = f"(FROM {rows.sql} LIMIT {_FIRST_ROWS})"
    found = find_facts(first, texts, NUMBERS, rows.tuples)
    # What begins with other texts is text: all rows need not be tried.
    able = [
        name
        for name, one in found.items()
        if one.is_mostly_numbers or one.best() is not TEXT or kind_of(one)[0] != "text"
    ]
    found |= find_facts(rows.sql, able, NUMBERS, rows.tuples)
    rows.read_as({name: one.best() for name, one in found.items() if one.best() is not TEXT})
    return found


def read_values(rows: Rows, name: str, facts: Mapping[str, Facts]) -> Values:
    """One column of a table; nested values are texts, of the kind `unreadable`."""
    type_ = rows.types[name]
    if cells.NESTED.match(type_):
        return _nested(rows, name, type_)
    found = _read(rows, name, type_, facts)
    return replace(found, kind="empty", problem="") if found.is_missing.all() else found


def _read(rows: Rows, name: str, type_: str, facts: Mapping[str, Facts]) -> Values:
    kind, problem = kind_of(facts[name]) if name in facts else _kind(type_)
    if type_ == '"NULL"' or (name in facts and not facts[name].values):
        empty = np.full(rows.count, np.nan)
        return Values(name, type_, "empty", "", empty, blank=_blank(rows, name, facts))
    is_moment = rows.is_moment(name)
    is_number = bool(cells.NUMERIC.match(type_)) and type_ != "BOOLEAN"
    words = _words(rows, name, facts, kind)
    if kind == "unreadable" and name in facts and facts[name].is_mostly_numbers:
        problem = _odd(rows, name, facts[name]) or problem
    if words and not problem:
        word, n = words[0]
        problem = (
            f"{word!r} stands for a missing value in {count(n, 'row')}, which would be "
            "quarantined; leave such cells empty"
        )
    if is_number or is_moment:
        numbers = rows.numbers(name)
        finite = numbers[np.isfinite(numbers)]
        is_exact = bool(np.max(np.abs(finite), initial=0) <= _LARGEST)
        is_whole = is_exact and bool(np.all(finite == np.trunc(finite)))
        if kind == "number" and is_whole and not np.isinf(numbers).any():
            kind = "integer"
        if is_moment or is_exact or kind != "integer":
            return Values(name, type_, kind, problem, numbers, is_moment=is_moment, words=words)
    labels, codes = rows.coded(name)
    blanks = np.flatnonzero(_is_blank(labels))
    blank = int(np.isin(codes, blanks).sum()) if len(blanks) else 0
    if blank:
        codes[np.isin(codes, blanks)] = -1
    return Values(name, type_, kind, problem, None, codes, labels, blank, words=words)


def _kind(type_: str) -> tuple[Kind, str]:
    if type_ == "BOOLEAN":
        return "boolean", ""
    if type_.lstrip("U").startswith(_INTEGER):
        return "integer", ""
    if cells.NUMERIC.match(type_):
        return "number", ""
    if cells.is_moment(type_):
        return "day", ""
    if cells.TIME.match(type_):
        return "unreadable", "holds times without a day"
    return "text", ""


def _nested(rows: Rows, name: str, type_: str) -> Values:
    """Lists and records as texts; where even DuckDB has no such type, only that they are there."""
    labels, codes = pa.array([f"a value of {type_}"]), np.zeros(rows.count, dtype=np.int64)
    if not type_.startswith("ARROW"):
        sql = f"SELECT CAST({identifier(name)} AS VARCHAR) AS v FROM {rows.sql}"
        column = rows.query(sql, duckdb.DuckDBPyRelation.to_arrow_table, [name])["v"]
        found = one_array(column).dictionary_encode()
        labels = found.dictionary
        codes = without_nulls(found.indices.fill_null(-1)).astype(np.int64)
    return Values(name, type_, "unreadable", "holds lists or records", None, codes, labels)


def _words(
    rows: Rows, name: str, facts: Mapping[str, Facts], kind: Kind
) -> tuple[tuple[str, int], ...]:
    """Words for a missing value, other than NaN, where they are no texts; most frequent first."""
    if kind in ("text", "unreadable") or name not in facts or not facts[name].missing:
        return ()
    text = identifier(name)
    sql = (
        f"SELECT trim({text}) AS v, count(*) AS n FROM {rows.sql} WHERE {is_missing(text)} "
        f"AND lower(trim({text})) NOT IN ({', '.join(map(literal, _NAN))}) "
        "GROUP BY v ORDER BY n DESC, v"
    )
    return tuple(rows.tuples(sql, [name]))


def _odd(rows: Rows, name: str, facts: Facts) -> str:
    """What stands among the numbers or days of a column."""
    text = identifier(name)
    is_odd = f"NOT {facts.as_numbers.reads(text)} AND NOT {is_missing(text)}"
    sql = f"SELECT count(*), min({text}) FROM {rows.sql} WHERE {is_odd}"
    [(n, example)] = rows.tuples(sql, [name])
    return (
        f"is mostly numbers or days, but {n:,} of {facts.values:,} values are texts such as "
        f"{str(example)[:40]!r}, which would be quarantined; leave such cells empty"
    )


def _blank(rows: Rows, name: str, facts: Mapping[str, Facts]) -> int:
    if name not in facts:
        return 0
    text = identifier(name)
    [(blank,)] = rows.tuples(f"SELECT count({text}) FROM {rows.sql}", [name])
    return int(blank)


def _is_blank(labels: pa.Array) -> NDArray[np.bool_]:
    blank = pc.equal(pc.utf8_trim_whitespace(labels), "")
    return np.asarray(blank.to_numpy(zero_copy_only=False), dtype=bool)
