"""explore."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift_tests.cli.commands import complaint, printed
from mlops_drift_tests.tiny import ROWS


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    place = tmp_path_factory.mktemp("files") / "orders.parquet"
    rows = {"order_id": range(200), "price": [1.5, 2.5, None, 4.5] * 50, "label": ["a", "b"] * 100}
    pq.write_table(pa.table(rows), place)
    return str(place)


def test_a_file_is_explored_as_json(file):
    found = json.loads(printed("explore", file, "--format", "json"))
    assert (found["rows"], found["key"], found["target"]) == (200, "order_id", "label")
    price = {column["name"]: column for column in found["columns"]}["price"]
    assert (price["kind"], price["missing"], price["distinct"]) == ("number", 50, 3)


def test_a_page_is_written_beside_the_text(file, tmp_path):
    page = tmp_path / "orders.html"
    assert "Look at first" in printed("explore", file, "--html", str(page))
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_what_a_model_has_landed_is_explored_with_its_roles(story):
    found = json.loads(printed("explore", "tiny", "--format", "json"))
    assert found["name"] == "the landed rows of tiny"
    assert (found["key"], found["day"], found["target"]) == ("id", "day", "y")
    assert found["rows"] == 7 * ROWS
    target = {column["name"]: column for column in found["columns"]}["y"]
    # The labels of the last day have not arrived.
    assert target["missing"] == ROWS


def test_a_model_without_rows_says_what_to_run(nothing_yet):
    message = complaint("explore", "tiny")
    assert "tiny has landed no events; run `mlops-drift run tiny` first" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["FILE", "--target", "nobody"], "has no column 'nobody'; its columns are order_id, price"),
        (["FILE", "--day", "price"], "holds no days"),
    ],
)
def test_what_cannot_be_explored_is_told_in_one_sentence(file, arguments, message):
    given = [file if one == "FILE" else one for one in arguments]
    assert message in complaint("explore", *given)
