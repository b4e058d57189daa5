import math
from decimal import Decimal
from functools import cache

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.sql import digits, identifier, literal, literals, number, shortest, whole

repeatable = settings(derandomize=True, max_examples=50)


@cache
def database():
    """One for all questions, which leave no trace in it."""
    return duckdb.connect()


def test_a_name_with_quotes_is_one_identifier():
    assert identifier('a "b" \' {rows} c') == '"a ""b"" \' {rows} c"'


@repeatable
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=50))
def test_numbers_survive_as_sql(values):
    found = database().execute(f"SELECT {literals(values)}::DOUBLE[]").fetchall()[0][0]
    assert [value.hex() for value in found] == [value.hex() for value in values]


@repeatable
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=50))
def test_texts_survive_as_sql(values):
    found = database().execute(f"SELECT {literals(values)}").fetchall()[0][0]
    assert found == values
    assert literal(values[0]).startswith("'")


def _said(reading, texts):
    rows = f"SELECT {reading('t')} FROM (SELECT unnest({literals(texts)}) AS t)"
    return [value for (value,) in database().execute(rows).fetchall()]


def test_a_number_is_written_in_decimal_notation():
    numbers = {"7": 7.0, " -1.50 ": -1.5, "+5": 5.0, ".5": 0.5, "5.": 5.0, "5e2": 500.0}
    numbers |= {"5E-2": 0.05, "\t7\n": 7.0, "-Infinity": -math.inf, "inf": math.inf, "1e-400": 0.0}
    assert _said(number, list(numbers)) == list(numbers.values())


def test_other_notations_are_texts():
    texts = ["70_1", "0x1F", "0b1", "+-5", "--5", "- 5", "1 0", "1,5", "nan", "५", "", "."]
    texts += ["e5", "1e", "on"]
    assert _said(number, texts) == _said(whole, texts) == [None] * len(texts)


def test_a_whole_number_is_exact():
    wholes = {"7": 7, "-007": -7, "+7.": 7, "7.000": 7, "5e2": 500, "1.5E+01": 15, ".5e1": 5}
    for text in (
        "9007199254740993",
        "9007199254740993.0",
        "9007199254740993e0",
        " 9007199254740993 ",
    ):
        wholes[text] = 2**53 + 1
    wholes |= {"9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63)}
    assert _said(whole, list(wholes)) == list(wholes.values())


def test_what_is_no_whole_number_is_never_rounded_to_one():
    texts = ["7.5", "-.5", "1.5e0", "1.00000000000000000001e0", "5e-1", "inf", "1.0.0"]
    texts += ["9223372036854775808", "1e19", "1e400"]
    assert _said(whole, texts) == [None] * len(texts)


@repeatable
@given(st.lists(st.text(st.sampled_from("0123456789+-.eE_ xinf")), min_size=1, max_size=50))
def test_the_cast_of_a_whole_number_is_the_whole_number(texts):
    # Texts that were found to say whole numbers are read by the cast, which is faster.
    texts += ["9007199254740993", "9007199254740993.0", "9007199254740993e0", "1.5e1", ".5e1"]
    cast = _said(lambda text: f"TRY_CAST({text} AS BIGINT)", texts)
    for exact, found in zip(_said(whole, texts), cast, strict=True):
        assert exact is None or found == exact


@repeatable
@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(-(2**70), 2**70))
def test_digits_are_exact_and_the_same_for_the_same_number(value, integer):
    [one, other, plain] = _said(
        digits, [f"{value:f}", f"+{value:f}".replace("+-", "-"), str(integer)]
    )
    assert one == other
    assert Decimal(one) == value or float(one) == float(value)
    assert plain == str(integer)


@repeatable
@given(st.floats(allow_nan=False))
def test_a_float_and_its_text_are_the_same_category(value):
    assert _said(digits, [repr(value)]) == _said(
        lambda text: shortest(f"{text}::DOUBLE"), [repr(value)]
    )
