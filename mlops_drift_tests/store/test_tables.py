import pyarrow as pa
import pytest

from mlops_drift.schema.columns import Column, Target
from mlops_drift.store.tables import model_tables

COLUMNS = {
    "age": Column(type="number"),
    "visits": Column(type="integer"),
    "member": Column(type="boolean"),
    "city": Column(type="category"),
}
BINARY = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
NUMBER = Target(column="price", kind="regression")


@pytest.mark.parametrize(("key_type", "arrow"), [("integer", pa.int64()), ("text", pa.string())])
def test_features_have_the_declared_types(key_type, arrow):
    features = model_tables("shop", "id", key_type, COLUMNS, BINARY).features
    assert dict(zip(features.schema.names, features.schema.types, strict=True)) == {
        "day": pa.date32(),
        "id": arrow,
        "event_time": pa.timestamp("us"),
        "age": pa.float64(),
        "visits": pa.int64(),
        "member": pa.bool_(),
        "city": pa.string(),
    }


@pytest.mark.parametrize(("target", "arrow"), [(BINARY, pa.string()), (NUMBER, pa.float64())])
def test_labels_and_predictions_are_of_the_kind_of_the_target(target, arrow):
    tables = model_tables("shop", "id", "text", COLUMNS, target)
    assert tables.labels.schema.field(target.column).type == arrow
    assert tables.predictions.schema.field("prediction").type == arrow


def test_keys_days_and_labels_cannot_be_null():
    tables = model_tables("shop", "id", "text", COLUMNS, BINARY)
    for table in (tables.events, tables.features, tables.labels, tables.predictions):
        assert not table.schema.field("day").nullable
        assert not table.schema.field("id").nullable
    assert not tables.labels.schema.field("left").nullable
    assert tables.features.schema.field("age").nullable


def test_models_share_no_table_and_those_that_grow_by_days_know_the_days_of_their_files():
    shop, mill = (model_tables(name, "id", "text", COLUMNS, BINARY) for name in ("shop", "mill"))
    folders = [table.folder for tables in (shop, mill) for table in tables]
    assert len(set(folders)) == len(folders) == 48
    for table in shop:
        assert set(table.bounds) <= set(table.schema.names)
        assert table.has_days == (
            table.schema.names[0] == "day"
            and table not in (shop.received, shop.decisions, shop.outbox)
        )
