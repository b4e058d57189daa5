"""Numbers as pages and the terminal show them."""

from collections.abc import Iterable
from math import isfinite, isnan

from mlops_drift.schema.numbers import chance

NOTHING = "—"


def number(value: float | None, form: str = "") -> str:
    """A number in three decimals, or four digits if it is small; a dash without one.

    >>> number(0.82), number(1234.5), number(7.0), number(0.000317), number(float("nan"))
    ('0.820', '1,234.5', '7', '0.000317', '—')
    """
    if value is None or isnan(value):
        return NOTHING
    if form:
        return format(value, form)
    if float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.4g}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.3f}"


def value_and_limit(value: float | None, limit: float | None) -> tuple[str, str]:
    """A number beside its limit, in as many digits as tell the two apart.

    >>> value_and_limit(0.7, 0.8), value_and_limit(-0.01959, -0.02)
    (('0.700', '0.800'), ('-0.01959', '-0.020'))
    """
    texts = number(value), number(limit)
    if value is None or value == limit or texts[0] != texts[1] or texts[0] == NOTHING:
        return texts
    longer = (f"{value:.{digits}g}" for digits in range(4, 18))
    return next(text for text in longer if float(text) != float(f"{limit:.4g}")), texts[1]


def interval(lower: float | None, upper: float | None) -> str:
    """Both ends of an interval, alike in their decimals; empty without one.

    >>> interval(0.82, 1.0), interval(None, 1.0)
    ('0.820 to 1.000', '')
    """
    form = ".3f" if all(value is not None and abs(value) < 1000 for value in (lower, upper)) else ""
    ends = number(lower, form), number(upper, form)
    return "" if NOTHING in ends else f"{ends[0]} to {ends[1]}"


def share(value: float | None) -> str:
    """A share in percent, with the sign; a dash where there is none."""
    return NOTHING if value is None or not isfinite(value) else f"{100 * value:.1f} %"


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
