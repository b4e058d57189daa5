"""What happened, as JSON for other systems: the body of a webhook."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from textwrap import shorten
from zoneinfo import ZoneInfo

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import worst_first

# As much as a person reads on a phone.
LONGEST_REASON = 240
# Receivers expect events of at most 20 kB.
EVALUATIONS = 20


def event(name: str, day: date, timezone: str, data: Mapping[str, object]) -> str:
    """An event as JSON; its timestamp is the end of the as-of day.

    An undefined or infinite number is null.

    >>> print(event("check.failed", date(2024, 10, 5), "Europe/Berlin", {"value": float("nan")}))
    {"type":"mlops_drift.check.failed","timestamp":"2024-10-05T22:00:00Z","data":{"value":null}}
    """
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
    body = {
        "type": f"mlops_drift.{name}",
        "timestamp": f"{midnight.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "data": _plain(data),
    }
    return json.dumps(body, separators=(",", ":"))


def facts_of(evaluations: Iterable[CheckEvaluation]) -> dict[str, object]:
    """The worst evaluations first, and how many more there are."""
    ordered = worst_first(evaluations)
    shown = [{**vars(item), "reason": shortened(item.reason)} for item in ordered[:EVALUATIONS]]
    return {"evaluations": shown, "more": len(ordered) - len(shown)}


def shortened(text: str, reasons: int = 1) -> str:
    """A text cut at a word, to the length of some reasons."""
    return shorten(text, reasons * LONGEST_REASON, placeholder=" …")


def _plain(value: object) -> object:
    match value:
        case float():
            return value if isfinite(value) else None
        case date():
            return value.isoformat()
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
