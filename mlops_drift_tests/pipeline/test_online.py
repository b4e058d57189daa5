"""The past that events of a day may look at, as it is exported for processes that serve."""

import duckdb
import pytest

from mlops_drift.pipeline.online import export_window, online_query
from mlops_drift.serving.window import Window
from mlops_drift.sql import literal
from mlops_drift.store.sealed import FeatureError
from mlops_drift_tests.pipeline.orders import fill, orders, put
from mlops_drift_tests.tiny import day


def content(window, table):
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(window.database))} AS w (READ_ONLY)")
        rows = connection.execute(f"FROM w.{table}")
        names = [name for name, *_ in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def test_a_window_holds_the_events_of_the_days_before_by_entity(lake, tmp_path):
    model = fill(orders(lake))
    window = export_window(model, day(5), tmp_path / "w")
    rows = content(window, "event_history")
    assert {row["day"] for row in rows} == {day(2), day(3), day(4)}
    assert window.events == len(rows) == 120
    places = [(row["customer"] is None, row["customer"], row["day"], row["id"]) for row in rows]
    known = [place for place in places if not place[0]]
    assert places[: len(known)] == sorted(known)
    assert [place[2:] for place in places[len(known) :]] == sorted(
        place[2:] for place in places[len(known) :]
    )


def test_a_label_is_of_the_entity_of_its_event_however_old_that_is(lake, tmp_path):
    model = fill(orders(lake, history_days=1))
    put(model, "labels", 4, [{"id": 0, "y": "yes"}, {"id": 10**6, "y": "no"}])
    [first] = [row for row in content_of_day(model, 0) if row["id"] == 0]
    window = export_window(model, day(5), tmp_path)
    [found] = content(window, "label_history")
    assert found == {
        "entity": first["customer"],
        "label": {"day": day(4), "id": 0, "y": "yes"},
    }
    assert window.labels == 1


def content_of_day(model, number):
    rows = model.store.lake.read(model.store.tables.events).to_pylist()
    return [row for row in rows if row["day"] == day(number)]


def test_a_window_names_the_commits_that_it_was_read_at(lake, tmp_path):
    model = fill(orders(lake))
    before = export_window(model, day(5), tmp_path / "a")
    put(model, "events", 4, [{"id": 999, "customer": "new", "a": 1.0}])
    after = export_window(model, day(5), tmp_path / "b")
    assert before.commits == {"landing.tiny_events": 6, "landing.tiny_labels": 6}
    assert after.commits == {"landing.tiny_events": 7, "landing.tiny_labels": 6}
    assert [row["id"] for row in content(after, "event_history") if row["customer"] == "new"] == [
        999
    ]
    assert "new" not in {row["customer"] for row in content(before, "event_history")}


def test_a_commit_during_the_export_makes_it_read_again(lake, tmp_path, monkeypatch):
    model = fill(orders(lake))
    read, calls = lake.read, []

    def interrupted(source):
        found = read(source)
        if not calls:
            put(model, "events", 4, [{"id": 999, "customer": "new", "a": 1.0}])
        calls.append(source)
        return found

    monkeypatch.setattr(lake, "read", interrupted)
    window = export_window(model, day(5), tmp_path)
    assert len(calls) == 2
    assert window.commits["landing.tiny_events"] == 7
    assert window.events == 81


def test_a_window_is_loaded_as_it_was_exported_and_may_be_exported_again(lake, tmp_path):
    model = fill(orders(lake))
    export_window(model, day(4), tmp_path)
    window = export_window(model, day(5), tmp_path)
    assert Window.load(tmp_path) == window
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == [
        "window.duckdb",
        "window.json",
    ]


def test_a_window_before_any_event_is_empty(lake, tmp_path):
    window = export_window(orders(lake), day(0), tmp_path)
    assert (window.events, window.labels) == (0, 0)
    assert window.commits == {"landing.tiny_events": None, "landing.tiny_labels": None}


def test_a_query_that_reads_the_past_needs_an_entity(lake):
    with pytest.raises(FeatureError, match=r"reads past_events and past_labels.*entity: customer"):
        online_query(orders(lake, online=...).spec)


def test_what_does_not_look_back_needs_none(lake, tmp_path):
    sql = "SELECT id, amount AS made FROM events"
    model = orders(lake, sql, {"made": "number"}, online=...)
    query = online_query(model.spec)
    assert query.reads == ["events"]
    assert not query.needs_window
    with pytest.raises(FeatureError, match=r"features.sql of tiny does not look back"):
        export_window(model, day(1), tmp_path)


def test_without_days_of_history_the_past_is_empty_and_needs_no_entity(lake):
    sql = "SELECT id, (SELECT count(*) FROM past_events) AS made FROM events"
    model = orders(lake, sql, {"made": "integer"}, online=..., history_days=0)
    assert not online_query(model.spec).needs_window
