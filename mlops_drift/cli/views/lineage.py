"""A chain of lineage as text."""

from collections.abc import Iterator, Sequence

from mlops_drift.lifecycle.lineage import Link

# Rows of one link that are shown.
_SHOWN = 30


def lineage_lines(title: str, chain: Sequence[Link]) -> Iterator[str]:
    """The lines of a chain, each link with its facts below it.

    >>> from datetime import date
    >>> chain = [Link("served by", rows=[{"version": 2, "predictions": 50}]), Link("labels")]
    >>> print(*lineage_lines("churn, 2024-10-05", chain), sep=chr(10))
    churn, 2024-10-05
    served by
      version 2, predictions 50
    labels
      none
    """
    yield title
    for link in chain:
        yield link.what
        for name, value in link.facts.items():
            if value is not None:
                yield f"  {name}: {_text(value)}"
        for row in link.rows[:_SHOWN]:
            text = ", ".join(
                f"{name} {_text(value)}" for name, value in row.items() if value not in ("", None)
            )
            yield f"  {text}"
        if len(link.rows) > _SHOWN:
            yield f"  … and {len(link.rows) - _SHOWN} more"
        if not link.facts and not link.rows:
            yield "  none"


def _text(value: object) -> str:
    if isinstance(value, float):
        # All digits: a value is traced here.
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_text(item)}" for name, item in value.items())
    return str(value)
