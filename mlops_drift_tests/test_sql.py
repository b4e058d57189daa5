import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.sql import identifier, literal, literals

repeatable = settings(derandomize=True, deadline=None, max_examples=50)


def test_a_name_with_quotes_is_one_identifier():
    assert identifier('a "b" \' {rows} c') == '"a ""b"" \' {rows} c"'


@repeatable
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=50))
def test_numbers_survive_as_sql(values):
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {literals(values)}::DOUBLE[]").fetchall()[0][0]
    assert [value.hex() for value in found] == [value.hex() for value in values]


@repeatable
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=50))
def test_texts_survive_as_sql(values):
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {literals(values)}").fetchall()[0][0]
    assert found == values
    assert literal(values[0]).startswith("'")
