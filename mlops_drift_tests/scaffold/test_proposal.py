"""`init`: what is guessed from files, and that the YAML of it is a model."""

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from mlops_drift import settings
from mlops_drift.cli.main import main
from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.scaffold import baseline
from mlops_drift.scaffold.document import document
from mlops_drift.scaffold.proposal import propose
from mlops_drift.scaffold.roles import Choices
from mlops_drift.scaffold.table import read_columns

N = 400


def events():
    """Four hundred orders of twenty days, with every kind of ugly column."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-05-01", periods=20).repeat(N // 20)
    return pd.DataFrame(
        {
            "order id": np.arange(N) + 1,
            "day": days.strftime("%Y-%m-%d"),
            "price (EUR)": rng.normal(50, 10, N).round(2),
            "on": rng.choice(["yes", "no"], N),
            "items": pd.array(np.where(rng.random(N) < 0.1, None, rng.integers(1, 9, N)), "Int64"),
            "gift": rng.choice([True, False], N),
            "shop": "Berlin",
            "nothing": None,
            "customer": [f"c{number}" for number in rng.integers(0, 10**6, N)],
            "european": [f"{number},5" for number in range(N)],
            "since": "01/02/2020",
            "with NA": ["NA" if number % 9 == 0 else str(number) for number in range(N)],
            "score": 1.5,
            "born": "1980-01-01",
        }
    )


def labels_of(orders, values):
    days = (pd.to_datetime(orders["day"]) + pd.Timedelta(days=2)).dt.strftime("%Y-%m-%d")
    return pd.DataFrame({"order id": orders["order id"], "day": days, "came back": values})


def cheap(metric, target, columns, rows):
    return baseline.GateGuess(metric, 0.6, 0.5, 0.7, len(rows))


@pytest.fixture
def quick(monkeypatch):
    """Proposals without a trained model."""
    monkeypatch.setattr("mlops_drift.scaffold.proposal.propose_gate", cheap)


def proposed(folder, orders, truth, **choices):
    orders.to_csv(folder / "events.csv", index=False)
    if truth is None:
        read = read_columns(folder / "events.csv")
        return propose(read, read, Choices(**choices))
    truth.to_csv(folder / "labels.csv", index=False)
    read = [read_columns(folder / name) for name in ("events.csv", "labels.csv")]
    return propose(*read, Choices(**choices))


def test_columns_are_typed_or_left_out_with_the_reason(tmp_path, quick):
    orders = events()
    truth = labels_of(orders, np.where(orders["price (EUR)"] > 50, "yes", "no"))
    found = proposed(tmp_path, orders, truth)
    types = {
        one.name: one.column and (one.column.type, one.column.nullable) for one in found.features
    }
    assert {name: column for name, column in types.items() if column} == {
        "price (EUR)": ("number", False),
        "on": ("category", False),
        "items": ("integer", True),
        "gift": ("boolean", False),
    }
    why = {one.name: one.why for one in found.features if one.column is None}
    assert set(why) == {
        "shop",
        "nothing",
        "customer",
        "european",
        "since",
        "with NA",
        "score",
        "born",
    }
    assert "always 'Berlin'" in why["shop"]
    assert "names rows" in why["customer"]
    assert "write 1.5" in why["european"]
    assert "'NA' stands among numbers" in why["with NA"]
    assert "features.sql" in why["born"]
    assert (found.roles.key, found.key_type) == ("order id", "integer")
    assert (str(found.first_day), str(found.last_day)) == ("2024-05-01", "2024-05-22")
    assert found.target.label_delay_days == 2
    assert (found.target.kind, found.target.positive) == ("binary", "yes")


@pytest.mark.parametrize(
    ("values", "kind", "metric"),
    [
        (["yes"] * 40 + ["no"] * 360, "binary", "auc"),
        ([0] * 200 + [1] * 200, "binary", "accuracy"),
        (["a"] * 150 + ["b"] * 150 + ["c"] * 100, "multiclass", "accuracy"),
        (list(range(N)), "regression", "mae"),
    ],
)
def test_the_kind_of_target_and_the_metric_follow_from_the_labels(
    tmp_path, quick, values, kind, metric
):
    orders = events()[["order id", "day", "items"]]
    found = proposed(tmp_path, orders, labels_of(orders, values))
    assert (found.target.kind, found.gate.metric) == (kind, metric)
    assert (found.target.positive is None) == (kind != "binary")
    written = yaml.safe_load(document("m", found, tmp_path))["attributes"]
    spec = ModelSpec.model_validate(written)
    assert spec.target == found.target
    assert spec.gates.metrics == {metric: 0.6}


@pytest.mark.parametrize(
    ("changes", "choices", "said"),
    [
        ({"day": "01.05.2024 13:45"}, {}, "such as 2024-10-01 \\('day' holds 01.05.2024 13:45"),
        ({"day": "13:45"}, {}, "'day' holds times, or days in another form than 2024-10-01"),
        ({"order id": 7}, {}, "identifies each event"),
        ({"order id": 7}, {"key": "order id"}, "399 repeat another's"),
        ({}, {"key": "id"}, "--key 'id' is not a column of both files"),
        ({}, {"positive": "maybe"}, "--positive 'maybe' is not one of two classes"),
    ],
)
def test_what_cannot_be_guessed_is_an_error_that_names_the_option(
    tmp_path, quick, changes, choices, said
):
    orders = events()[["order id", "day", "items"]]
    truth = labels_of(orders, ["yes", "no"] * (N // 2))
    with pytest.raises(UserError, match=said):
        proposed(tmp_path, orders.assign(**changes), truth, **choices)


def test_labels_in_the_file_of_events_need_a_name_where_several_columns_may_be_it(tmp_path, quick):
    orders = events()[["order id", "day", "items", "on"]]
    with pytest.raises(UserError, match="name it with --label"):
        proposed(tmp_path, orders, None)
    found = proposed(tmp_path, orders, None, label="on")
    assert found.is_one_file
    assert [one.name for one in found.features] == ["items"]
    assert found.target.label_delay_days == 0


def test_the_limit_is_halfway_between_a_constant_answer_and_a_quick_model(tmp_path):
    orders = events()[["order id", "day", "price (EUR)", "on"]]
    truth = labels_of(orders, np.where(orders["price (EUR)"] > 50, "yes", "no"))
    gate = proposed(tmp_path, orders, truth).gate
    assert gate.constant < 0.65 < gate.model
    assert gate.limit == pytest.approx((gate.constant + gate.model) / 2, abs=0.006)


def test_init_writes_a_model_that_loads_and_never_overwrites_one(tmp_path, monkeypatch):
    orders = events()
    orders.to_csv(tmp_path / "events.csv", index=False)
    truth = labels_of(orders, np.where(orders["price (EUR)"] > 50, "yes", "no"))
    truth["day"] = pd.to_datetime(truth["day"])
    truth.to_parquet(tmp_path / "labels.parquet", index=False)
    files = ["--events", str(tmp_path / "events.csv"), "--labels", str(tmp_path / "labels.parquet")]
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    made = CliRunner().invoke(main, ["init", "orders", *files])
    assert made.exit_code == 0, made.output
    file = tmp_path / "mine" / "orders" / "defs.yaml"
    written = file.read_text()
    spec = find_model("orders").spec
    assert (spec.target.column, spec.key) == ("came back", "order id")
    assert spec.source.events.path == "../../events.csv"
    assert "best constant" in " ".join(written.split())
    assert all(len(line) <= 110 for line in written.splitlines())
    again = CliRunner().invoke(main, ["init", "orders", *files])
    assert again.exit_code == 1
    assert "exists and stays as it is" in again.stderr
    assert file.read_text() == written
    wrong = CliRunner().invoke(main, ["init", "My Model", *files])
    assert wrong.exit_code == 1
    assert "use lower-case letters" in wrong.stderr
