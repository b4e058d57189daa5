"""Rows in few types, which are the same whatever has read them."""

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

# Digits that a decimal keeps.
_MOST_DIGITS = ((38, pa.decimal128), (76, pa.decimal256))
# As where a float that stands alone becomes a text.
_LARGEST_WHOLE = 1e38
_READABLE = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_date32,
    pa.types.is_time,
)


def plain(rows: pa.Table) -> tuple[pa.Table, list[str]]:
    """Rows in plain types: 64 bits for numbers, microseconds for times, decimals, texts.

    A column without a value has no type.

    Returns:
        The rows without columns that no model can use, as arrays, objects and bytes, and the names
        of these.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    unusable = []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        found = _plain(column)
        if found is None:
            unusable.append(name)
        else:
            columns[name] = found
    return pa.table(columns), unusable


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column))])
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return pa.chunked_array([pa.array(_texts_of_ids(column), pa.string())])
    if isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric":
        return decimals(pa.chunked_array([chunk.storage for chunk in column.chunks], pa.string()))
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return decimals(digits_of(column))
    if target := _target(kind):
        # Of a float the digits that it is written with: 0.1 is no 0.10000000149.
        column = column.cast(pa.string()) if pa.types.is_float32(kind) else column
        return (
            column.cast(target, safe=False) if pa.types.is_timestamp(kind) else column.cast(target)
        )
    return column if any(is_so(kind) for is_so in _READABLE) else None


def _target(kind: pa.DataType) -> pa.DataType | None:
    if pa.types.is_integer(kind):
        return kind if pa.types.is_uint64(kind) else pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_date64(kind):
        return pa.date32()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    return None


def decimals(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers with all their digits; texts where one is no number, as NaN, or has too many.

    A number has one text and is of no larger type than needed, however its driver pads it.
    """
    texts = _without_zeros(texts)
    digits = pc.replace_substring_regex(texts, "[^0-9]", "")
    fractions = pc.replace_substring_regex(texts, r"^[^.]*\.?", "")
    # As many digits before the point as the longest has, behind it as the most precise one.
    scale = pc.max(pc.utf8_length(fractions)).as_py()
    whole = pc.max(pc.subtract(pc.utf8_length(digits), pc.utf8_length(fractions))).as_py()
    is_number = pc.all(pc.match_substring_regex(texts, r"^-?[0-9]+(\.[0-9]+)?$")).as_py()
    for most, decimal in _MOST_DIGITS:
        if is_number and whole + scale <= most:
            return texts.cast(decimal(most, scale))
    # Drivers spell what is no number differently.
    return pc.replace_substring(pc.utf8_lower(texts), "infinity", "inf")


def digits_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as texts with all their digits, but for zeros at the end of a fraction.

    So a number has one text, whatever the other numbers of its column are.
    """
    texts = column.cast(pa.string())
    # Of a small one Arrow writes an exponent.
    if pc.any(pc.match_substring(texts, "E")).as_py():
        values = (None if one is None else f"{one:f}" for one in column.to_pylist())
        texts = pa.chunked_array([pa.array(values, pa.string())])
    return _without_zeros(texts)


def _without_zeros(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(texts, r"^(-?[0-9]+(?:\.[0-9]*[1-9])?)\.?0*$", r"\1")


def _texts_of_ids(column: pa.ChunkedArray) -> list[str | None]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def unified(batches: list[pa.RecordBatch]) -> pa.Table:
    """Batches as one table, each column in the type that holds the values of all of them."""
    columns = []
    for at in range(batches[0].num_columns):
        chunks = [batch.column(at) for batch in batches]
        kinds = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
        if kinds and all(pa.types.is_decimal(kind) for kind in kinds):
            texts = [digits_of(pa.chunked_array([chunk])) for chunk in chunks]
            columns.append(decimals(pa.chunked_array(one for text in texts for one in text.chunks)))
            continue
        target = _common(kinds)
        columns.append(pa.chunked_array([_cast(chunk, target) for chunk in chunks], target))
    return pa.table(columns, batches[0].schema.names)


def text_of(value: object) -> str | None:
    """A value among others of several types: a whole float has no point, as it would have alone."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    return None if value is None else str(value)


def _cast(values: pa.Array, target: pa.DataType) -> pa.Array:
    if pa.types.is_floating(values.type) and pa.types.is_string(target):
        return pa.array(map(text_of, values.to_pylist()), target)
    return values.cast(target)


def _common(kinds: set[pa.DataType]) -> pa.DataType:
    if len(kinds) < 2:
        return kinds.pop() if kinds else pa.null()
    is_number: list[Callable[[pa.DataType], bool]] = [pa.types.is_integer, pa.types.is_float64]
    if all(any(is_so(kind) for is_so in is_number) for kind in kinds):
        return pa.float64()
    return pa.string()
