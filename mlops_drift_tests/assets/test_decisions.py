"""The page of the decisions: one event each on its day, and the latest in a table."""

import dagster as dg

from mlops_drift_tests.pages import ask
from mlops_drift_tests.tiny import day, metadata_of

KEY = dg.AssetKey(["tiny", "decisions"])

PARTITIONS = """
query($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      isPartitioned
      assetPartitionStatuses {
        ... on TimePartitionStatuses { ranges { startKey endKey status } }
      }
    }
  }
}
"""


def told(instance):
    """The events, the newest first."""
    records = instance.fetch_materializations(KEY, limit=100).records
    return [record.asset_materialization for record in records]


def test_each_decision_is_an_event_of_its_day(story, instance):
    events = told(instance)
    assert all(event.partition == event.metadata["day"].value for event in events)
    of_day = [event.description for event in events if event.partition == str(day(4))]
    first, *_, last = reversed(of_day)
    assert first.startswith("retrain: performance_drop ")
    assert " < " in first
    assert any(text.endswith("→ promoted v2") for text in of_day)
    assert last.startswith(("nothing: ", "retrain: "))
    assert {event.partition for event in events} == {str(day(number)) for number in range(7)}


def test_the_page_shows_which_days_have_been_decided(story, instance):
    answer = ask(story.world, instance, PARTITIONS, key={"path": KEY.path})["assetNodeOrError"]
    assert answer["isPartitioned"]
    (days,) = answer["assetPartitionStatuses"]["ranges"]
    assert (days["startKey"], days["endKey"]) == (str(day(0)), str(day(6)))


def test_the_newest_event_lists_what_was_done_and_how_long_it_waited(story, instance):
    newest = metadata_of(told(instance)[0])
    rows = [record.data for record in newest["latest"].records]
    assert [(row["days"], row["decision"], row["outcome"]) for row in rows] == [
        (str(day(4)), "retrain", "promoted v2"),
        (str(day(1)), "retrain", "promoted v1"),
        (str(day(0)), "wait", "none"),
    ]
    assert rows[0]["triggers"] == "performance_drop"
    assert rows[2]["triggers"] == "first training"
    assert "labelled rows for a first version" in rows[2]["reason"]
