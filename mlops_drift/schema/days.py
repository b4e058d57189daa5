"""Days in a row, and ranges of days."""

from collections.abc import Callable, Collection
from datetime import date, timedelta


def days_between(first: date, last: date) -> list[date]:
    """The days `first` to `last`, inclusive."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def span(first: date, last: date) -> str:
    """A range of days as text.

    >>> span(date(2024, 3, 1), date(2024, 3, 1)), span(date(2024, 3, 1), date(2024, 3, 4))
    ('2024-03-01', '2024-03-01 to 2024-03-04')
    """
    return str(first) if first == last else f"{first} to {last}"


def ranges(
    days: Collection[date], alike: Callable[[date], object] = lambda day: None
) -> list[tuple[date, date]]:
    """Days as ranges without gaps, in each of which `alike` gives the same for all days.

    >>> [span(*days) for days in ranges([date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 4)])]
    ['2024-03-01 to 2024-03-02', '2024-03-04']
    """
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and (day - found[-1][1]).days == 1 and alike(day) == alike(found[-1][1]):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def listed(days: Collection[date], most: int = 5) -> str:
    """Days in words, as the first few ranges without gaps.

    >>> listed([date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 4)])
    '2024-03-01 to 2024-03-02, 2024-03-04'
    >>> listed([date(2024, 3, 1), date(2024, 3, 4), date(2024, 3, 5)], 1)
    '2024-03-01 and 2 more days'
    """
    found = ranges(days)
    left = sum(len(days_between(*one)) for one in found[most:])
    more = f" and {left} more day{'' if left == 1 else 's'}" if left else ""
    return ", ".join(span(*one) for one in found[:most]) + more
