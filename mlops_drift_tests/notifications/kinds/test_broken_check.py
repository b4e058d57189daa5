import json
from datetime import date, timedelta

from mlops_drift.notifications.events import LONGEST_REASON
from mlops_drift.notifications.history import BrokenStep, History, MissingFile
from mlops_drift.notifications.kinds.broken_check import BrokenCheck

START = date(2024, 10, 1)


def day(number):
    return START + timedelta(days=number)


def broken(run, on, error="OSError: disk is full"):
    step = BrokenStep(run, "drift_metrics", day(on), error)
    [message] = BrokenCheck().messages(History("shop", broken=[step]))
    return message


def missing(*days, source="events", sent=()):
    files = [MissingFile(day(number), source, f"{number}.csv") for number in days]
    return [one.id for one in BrokenCheck().messages(History("shop", missing=files, sent=sent))]


def test_a_step_that_breaks_again_on_the_same_day_is_the_same_episode():
    first, again, later = broken("r1", 0), broken("r2", 0), broken("r3", 1)
    assert first.id == again.id != later.id
    assert first.title == f"shop: drift_metrics broke on {day(0)}"
    assert first.body == (
        "OSError: disk is full\n\nIts checks have no verdict and retrain nothing. "
        "Look at run r1, then run the day again."
    )


def test_events_name_the_run_of_a_broken_step_and_the_file_that_is_missing():
    step = BrokenStep("r1", "drift_metrics", day(0), "OSError: disk is full")
    history = History("shop", broken=[step], missing=[MissingFile(day(1), "labels", "1.csv")])
    broke, without = [json.loads(one.event) for one in BrokenCheck().messages(history)]
    assert broke["type"] == "mlops_drift.check.broken"
    assert broke["data"] | {"title": "", "text": ""} == {
        "model": "shop",
        "day": "2024-10-01",
        "step": "drift_metrics",
        "run": "r1",
        "error": "OSError: disk is full",
        "title": "",
        "text": "",
    }
    assert (without["type"], without["timestamp"]) == (
        "mlops_drift.file.missing",
        "2024-10-03T00:00:00Z",
    )
    assert (without["data"]["source"], without["data"]["file"]) == ("labels", "1.csv")


def test_a_long_error_is_cut():
    assert len(broken("r1", 0, "word " * 1000).body) < LONGEST_REASON + 200


def test_days_without_a_file_are_one_episode_until_a_week_has_its_files():
    assert missing(0, 1, 5, 12) == [f"shop-events-missing-{day(0)}"]
    assert missing(0, 8) == [f"shop-events-missing-{day(number)}" for number in (0, 8)]


def test_events_and_labels_have_separate_episodes():
    files = [
        MissingFile(day(number), source, "f")
        for number in (0, 1)
        for source in ("events", "labels")
    ]
    found = [*BrokenCheck().messages(History("shop", missing=files))]
    assert [message.title for message in found] == [
        f"shop: no file of {source} since {day(0)}" for source in ("events", "labels")
    ]
    assert "f is missing; other days run without it.\nAdd the file:" in found[0].body


def test_an_episode_whose_first_file_has_arrived_is_not_a_new_one():
    sent = missing(0, 1)
    assert missing(1, sent=sent) == []
    assert missing(1, source="labels", sent=sent) == [f"shop-labels-missing-{day(1)}"]
