"""Numbers as pages and the terminal show them."""

from collections.abc import Iterable

from mlops_drift.schema.numbers import chance

NOTHING = "—"


def highest(values: Iterable[float | None]) -> float | None:
    """The highest value, None without any."""
    return max((value for value in values if value is not None), default=None)


def distance(value: float | None) -> str:
    """A distance or statistic in three decimals."""
    if value is None:
        return NOTHING
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.3g}"


def quantity(value: float | None) -> str:
    """A number in the unit of its column, in four significant digits, or whole.

    >>> quantity(0.012345), quantity(20040.3), quantity(1e20)
    ('0.01235', '20,040', '1e+20')
    """
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else f"{value:.4g}"


def probability(value: float | None) -> str:
    """A p-value or q; very small ones read alike.

    >>> probability(0.04), probability(0.000456), probability(0.0), probability(None)
    ('0.040', '0.0005', '< 0.0001', '—')
    """
    return NOTHING if value is None else chance(value)


def percent(share: float) -> str:
    """A share in percent, without the sign.

    >>> percent(0.1234), percent(0.0001), percent(0.0), percent(1.0)
    ('12.3', '<0.1', '0', '100')
    """
    if 0 < share < 0.0005:
        return "<0.1"
    return f"{100 * share:.1f}" if 0 < share < 1 else f"{100 * share:.0f}"


def change(before: float | None, after: float | None) -> str:
    """A share before and after, in percent."""
    if before is None or after is None:
        return NOTHING
    return f"{percent(before)} %" if before == after else f"{percent(before)} to {percent(after)} %"
