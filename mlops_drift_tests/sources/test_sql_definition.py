"""What the section of a database may say."""

from traceback import format_exception

import pytest
from pydantic import ValidationError

from mlops_drift.config.loading import ModelDefinitionError, load_models
from mlops_drift.sources.database import statement
from mlops_drift.sources.database.address import Address
from mlops_drift.sources.sql import SqlSource
from mlops_drift_tests.sources.sql_rows import TABLE
from mlops_drift_tests.tiny import World


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"url": "postgresql://owner:sesame@host/shop"}, "holds a password"),
        ({"url": "postgresql://host/shop?password=sesame"}, "holds a password"),
        ({"url": "sesame"}, "is no URL of a database"),
        ({"url": "postgresql://owner:sesame@host:port/shop"}, "is no URL of a database"),
        ({"events": {"day_column": "day"}}, "either a table or a query"),
        ({"events": TABLE | {"query": "SELECT :first, :last"}}, "either a table or a query"),
        ({"events": {"day_column": "day", "query": "SELECT 1"}}, "lacks :first and :last"),
        (
            {"events": {"day_column": "d", "query": "SELECT ':first', :last"}},
            "query lacks :first; it asks for a range of days, as in WHERE d BETWEEN",
        ),
        (
            {"events": {"day_column": "d", "query": "SELECT :first, :last, :until"}},
            r"only :first and :last are known; write a colon that begins no parameter as \:until",
        ),
        ({"timezone": "Mars"}, "use a name such as Europe/Berlin"),
        ({"timeout_seconds": 0}, "greater than 0"),
    ],
)
def test_a_wrong_definition_says_what_would_be_right(fields, told):
    right = {"kind": "sql", "url": "${SHOP_DB}", "events": TABLE, "labels": TABLE}
    with pytest.raises(ValidationError) as caught:
        SqlSource(**{**right, **fields})
    [error] = caught.value.errors()
    assert told in error["msg"]
    assert "sesame" not in error["msg"]


def test_a_password_in_a_definition_is_in_no_part_of_its_error(tmp_path):
    world = World(tmp_path)
    table = {"path": ..., **TABLE}
    url = "postgresql://owner:sesame@host/shop"
    world.write_model({"source": {"kind": "sql", "url": url, "events": table, "labels": table}})
    with world.active(), pytest.raises(ModelDefinitionError, match="holds a password") as caught:
        load_models()
    assert "sesame" not in "".join(format_exception(caught.value))


def test_an_address_without_a_password_may_stand_in_the_file():
    for url in ("sqlite:///shop.db", "postgresql://host/shop", "postgresql://${USER}@host/shop"):
        assert SqlSource(kind="sql", url=url, events=TABLE, labels=TABLE).url == url


def test_what_a_server_says_stays_readable_without_the_address(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_DB", "mssql://sa:s%40fe@db/shop?token=t0ken")
    said = "sales of sa at db: no s@fe, s%40fe, t0ken in dbo.sales"
    told = Address("${SHOP_DB}", tmp_path).without_secrets(said)
    assert told == "sales of … at …: no …, …, … in dbo.sales"


def test_parameters_are_found_by_the_rules_of_sql():
    assert statement.parameters("SELECT :a::date, b::date, '12:30', ':c', x [1:2]") == ["a"]
    assert statement.parameters("SELECT \":a\", `:b`, 'it''s :c', E'\\' :d', :e -- :f\n, :g") == [
        "e",
        "g",
    ]
