"""Numbers as people read them."""

from math import isclose, isfinite

# Below, a p-value says no more than that chance is no explanation.
SMALLEST_CHANCE = 0.0001
# Relative difference of numbers that are equal but for their last digits.
ROUNDING = 1e-9


def rounded(value: float) -> float:
    """A number in four significant digits, or whole.

    >>> rounded(0.8196327278850308), rounded(20040.3), rounded(float("inf"))
    (0.8196, 20040.0, inf)
    """
    if not isfinite(value):
        return value
    return float(f"{value:.4g}") if abs(value) < 10_000 else float(round(value))


def is_rounding(one: object, other: object) -> bool:
    """Whether two values, or lists of them, are the same but for the last digits of numbers.

    >>> is_rounding([0.1 + 0.2, "yes"], [0.3, "yes"]), is_rounding(0.3, 0.3000001)
    (True, False)
    """
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING**2)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_rounding, one, other))
    return one == other


def number(value: float) -> str:
    """The same as text, with commas between thousands.

    >>> number(0.8196327), number(0.8), number(20040.3), number(1000)
    ('0.8196', '0.8', '20,040', '1,000')
    """
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def chance(value: float) -> str:
    """A p-value or q.

    >>> chance(0.9644), chance(0.000456), chance(1.28e-119)
    ('0.964', '0.0005', '< 0.0001')
    """
    if value < SMALLEST_CHANCE:
        return f"< {SMALLEST_CHANCE}"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.4f}"


def chance_of(name: str, value: float) -> str:
    """A p-value or q with its name, for sentences.

    >>> chance_of("q", 0.9644), chance_of("p", 0.0)
    ('q = 0.964', 'p < 0.0001')
    """
    text = chance(value)
    return f"{name} {text}" if text.startswith("<") else f"{name} = {text}"
