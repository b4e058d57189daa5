"""Values are the same whatever other rows were read with them."""

from contextlib import closing
from decimal import Decimal

import duckdb
import pyarrow as pa

from mlops_drift.pipeline.raw_rows import as_json
from mlops_drift.sources.arrow_types import decimals, digits_of, plain, unified
from mlops_drift.sources.dated_rows import digests_of, part_of
from mlops_drift.store.memory import MemoryLake


def numbers(*texts):
    return pa.chunked_array([pa.array(texts, pa.string())])


def test_a_decimal_has_one_text_whatever_is_beside_it():
    for others in (["2"], ["2.2512"], ["NaN"], ["1" * 70], [f"{1:.60f}"]):
        column = decimals(numbers("1.50", "100", "-0.20", "0.00000012", *others))
        texts = digits_of(column) if pa.types.is_decimal(column.type) else column
        assert texts.to_pylist()[:4] == ["1.5", "100", "-0.2", "0.00000012"]


def test_a_small_decimal_stays_a_number():
    column = pa.array([Decimal("1.2E-7"), None, Decimal(3)], pa.decimal128(38, 20))
    [found] = plain(pa.table({"x": column}))[0].columns
    assert found.type == pa.decimal128(38, 8)
    batches = [pa.record_batch({"x": column}), pa.record_batch({"x": pa.array([Decimal("1.5")])})]
    assert unified(batches)["x"].to_pylist() == [
        Decimal("1.2E-7"),
        None,
        Decimal(3),
        Decimal("1.5"),
    ]


def test_a_float_among_texts_is_what_it_would_be_alone():
    batches = [pa.record_batch({"x": values}) for values in ([1.0, 0.00001, None], ["a"], [2])]
    assert unified(batches)["x"].to_pylist() == ["1", "1e-05", None, "a", "2"]


def test_a_row_and_the_digest_of_its_day_do_not_depend_on_other_days(tmp_path):
    def part(*rows):
        days, values = zip(*rows, strict=True)
        table = pa.table({"day": pa.array(days), "x": decimals(numbers(*values))})
        return part_of(table, "orders", "day", "UTC")

    first = ("2024-03-01", "1.50")
    alone, together = part(first), part(first, ("2024-03-02", "0.1234"))
    [day] = digests_of(alone)
    numbered = [pa.table({"day": ["2024-03-01"], "x": [one]}) for one in (2, 2.0)]
    ints, floats = (digests_of(part_of(one, "orders", "day", "UTC")) for one in numbered)
    assert ints == floats
    assert digests_of(together)[day] == digests_of(alone)[day]
    with closing(duckdb.connect()) as connection:
        lake = MemoryLake(tmp_path, connection)
        assert as_json(lake, alone.rows)[0] == as_json(lake, together.rows)[0]
