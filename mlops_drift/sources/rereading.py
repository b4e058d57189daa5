"""Days that had run, read again by sources that cannot say which of them have changed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from mlops_drift.sources.base import Look, OtherDays, Part

RereadDays = Annotated[
    int,
    Field(
        ge=0,
        le=366,
        description="How many days before those that run are read again, to find rows that came "
        "late or have changed; 0: none. Each takes as long as a day does.",
    ),
]

# What no day has at the next reading.
AGAIN = ""


def read_again(read: Callable[[date, date], Part], first: date, days: int) -> OtherDays | None:
    """Looks at so many days before another, as far as they have run.

    Their `Batch` has `AGAIN` as the stamp of each of its own days.

    Args:
        read: gives the rows of some days, the first and the last of which are inclusive.
        first: the first day that lands.
        days: how many days before it are read again.
    """
    since, last = first - timedelta(days=days), first - timedelta(days=1)

    def looks(ran: Mapping[date, str]) -> Iterator[Look]:
        if any(since <= day <= last for day in ran):
            yield Look(read(since, last), stamp=AGAIN, before=first, since=since)

    return looks if days else None
