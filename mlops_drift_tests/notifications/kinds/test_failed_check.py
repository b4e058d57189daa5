import json
import math
from datetime import date, timedelta

import pytest

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.notifications.events import LONGEST_REASON
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.failed_check import FailedCheck

START = date(2024, 10, 1)
ADVICE = {"feature_drift": "Look at the pipeline.", "null_spike": "Look at the feed."}


def day(number):
    return START + timedelta(days=number)


def evaluated(on, verdict="fail", check="feature_drift", version=1, column="a", **changes):
    fields = {
        "reason": f"{column} moved",
        "value": 0.2,
        "threshold": 0.1,
        "n": 100,
        "window": 1,
        "code": "beyond_limit",
    }
    return CheckEvaluation(
        day=day(on),
        production_day=day(on),
        check=check,
        version=version,
        verdict=verdict,
        subject=column,
        **{**fields, **changes},
    )


def messages(verdicts, sent=()):
    """The messages about these verdicts, by day."""
    history = History("shop", evaluations=verdicts, advice=ADVICE, sent=sent)
    return sorted(FailedCheck().messages(history), key=lambda message: message.day)


def ids(verdicts):
    return [message.id for message in messages(verdicts)]


def by_day(verdicts):
    """Verdicts of days 0, 1, ...: p, f, u for pass, fail, unknown, a blank for none."""
    words = {"p": "pass", "f": "fail", "u": "unknown"}
    return [evaluated(on, words[letter]) for on, letter in enumerate(verdicts) if letter in words]


def first_days(verdicts):
    return [message.day for message in messages(by_day(verdicts))]


@pytest.mark.parametrize(
    ("verdicts", "begun"),
    [
        ("", []),
        ("pppup", []),
        ("pfffp", [1]),
        ("f", [0]),
        ("fuuf", [0]),
        ("f  f", [0]),
        ("fpf", [0]),
        ("fpfpfpfpfpfpf", [0]),
        ("fppppppf", [0]),
        ("fpppppppf", [0, 8]),
        ("fuuuuuuuf", [0]),
        ("fuuupuuuf", [0, 8]),
        ("f       f", [0]),
    ],
)
def test_an_episode_ends_when_the_check_has_passed_and_not_failed_for_a_week(verdicts, begun):
    assert first_days(verdicts) == [day(number) for number in begun]


def test_earlier_days_that_are_filled_in_later_belong_to_the_episode_that_was_ids():
    late = messages(by_day("   ff"))
    whole = messages(by_day("fffffppppppppf"), [late[0].id])
    assert [message.day for message in whole] == [day(13)]


def test_an_episode_has_the_same_message_however_often_and_in_whatever_order_it_is_seen():
    verdicts = by_day("pffuf")
    seen = [messages(verdicts[:n]) for n in (2, 3, 4, 5)]
    assert all(found == seen[0] for found in seen)
    assert messages(verdicts[::-1]) == seen[0]
    assert seen[0][0].id == "shop-feature_drift-v1-2024-10-02"


def test_a_day_fails_if_any_number_fails_and_passes_if_any_passes_and_none_fails():
    mixed = [evaluated(1, "pass", column="b"), evaluated(1, "fail"), evaluated(1, "unknown")]
    assert ids([evaluated(0), *mixed]) == ["shop-feature_drift-v1-2024-10-01"]
    passed = [evaluated(1, "pass", column="b"), evaluated(1, "unknown")]
    assert len(ids([evaluated(0), *passed, evaluated(9)])) == 2


def test_a_new_version_begins_an_episode_of_its_own():
    verdicts = [evaluated(on, version=1 + (on > 1)) for on in range(4)]
    assert ids(verdicts) == [
        "shop-feature_drift-v1-2024-10-01",
        "shop-feature_drift-v2-2024-10-03",
    ]


def test_two_versions_evaluated_on_the_same_days_have_one_episode_each():
    verdicts = [evaluated(on, version=version) for on in range(3) for version in (1, 2)]
    assert ids(verdicts) == [
        "shop-feature_drift-v1-2024-10-01",
        "shop-feature_drift-v2-2024-10-01",
    ]


def test_a_version_that_serves_again_begins_a_new_episode():
    verdicts = [evaluated(0), evaluated(1, "pass", version=2), evaluated(2)]
    assert ids(verdicts) == [
        "shop-feature_drift-v1-2024-10-01",
        "shop-feature_drift-v1-2024-10-03",
    ]


def test_checks_have_episodes_of_their_own_and_messages_come_by_day():
    verdicts = [
        evaluated(2, check="feature_drift"),
        evaluated(1, check="null_spike"),
        evaluated(2, "pass", check="null_spike"),
    ]
    found = messages(verdicts)
    assert [message.title for message in found] == [
        "shop: null_spike fails since 2024-10-02",
        "shop: feature_drift fails since 2024-10-03",
    ]
    assert [message.body.endswith("the feed.") for message in found] == [True, False]


def test_the_worst_three_columns_are_named_once_each_and_the_others_counted():
    sizes = {"a": (0.2, 0.1), "b": (70.0, 50.0), "c": (0.5, 0.1), "d": (math.inf, 0.1)}
    verdicts = [
        evaluated(0, column=name, value=value, threshold=threshold)
        for name, (value, threshold) in sizes.items()
    ]
    verdicts += [
        evaluated(0, column="c", value=0.9, window=7, reason="c moved over 7 days"),
        evaluated(0, "pass", column="e", value=9.0),
        evaluated(0, column="f", value=math.nan),
        evaluated(1, column="g", value=99.0),
    ]
    [message] = messages(verdicts)
    assert message.body.splitlines() == [
        "Version 1:",
        "- d moved",
        "- c moved over 7 days",
        "- a moved",
        "and 2 more",
        "",
        "Look at the pipeline.",
    ]


def test_an_event_has_the_numbers_of_the_worst_subjects():
    verdicts = [
        evaluated(0, column="a", version=3, window=7),
        evaluated(0, column="b", version=3, value=math.nan, q=0.001),
        evaluated(0, "pass", column="c", version=3),
    ]
    [message] = messages(verdicts)
    found = json.loads(message.event)
    assert (found["type"], found["timestamp"]) == (
        "mlops_drift.check.failed",
        "2024-10-02T00:00:00Z",
    )
    data = found["data"]
    facts = ("model", "day", "check", "version", "more")
    assert [data[name] for name in facts] == ["shop", "2024-10-01", "feature_drift", 3, 0]
    assert (data["title"], data["text"]) == (message.title, message.body)
    worst, other = data["evaluations"]
    assert worst == {
        **dict.fromkeys(("day", "production_day"), "2024-10-01"),
        **dict.fromkeys(("lower", "upper", "p", "q")),
        "check": "feature_drift",
        "version": 3,
        "verdict": "fail",
        "code": "beyond_limit",
        "subject": "a",
        "window": 7,
        "value": 0.2,
        "threshold": 0.1,
        "n": 100,
        "reason": "a moved",
    }
    assert (other["subject"], other["value"], other["q"]) == ("b", None, 0.001)


def test_a_message_says_why_a_value_under_its_threshold_is_bad_before_a_milder_one():
    verdicts = [
        evaluated(0, column="accuracy", value=0.80, threshold=0.85),
        evaluated(0, column="auc", value=0.50, threshold=0.85),
        evaluated(0, column="share", value=0.01, threshold=0.0),
    ]
    [message] = messages(verdicts)
    assert [line[2:] for line in message.body.splitlines()[1:4]] == [
        "auc moved",
        "accuracy moved",
        "share moved",
    ]


def test_a_long_reason_is_cut():
    [message] = messages([evaluated(0, reason="word " * 1000)])
    assert len(message.body) < LONGEST_REASON + 100
