"""The days of a run in parts, of which one at a time is in memory."""

from collections.abc import Iterator
from datetime import date, timedelta

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.context import SourceName

# A day of a million rows with twenty columns takes some 2 GB while it lands.
BYTES_OF_A_CELL = 100
# So many days tell what the next one brings.
_RECENT = timedelta(days=7)


def parts(
    model: ModelContext, source: SourceName, first: date, last: date
) -> Iterator[tuple[date, date]]:
    """Splits days, in their order, so that each part takes no more memory than DuckDB may.

    A part is a single day at least. What its days bring is expected to be what the largest of them
    brought when it landed, or of the week before; the first day of all is a part of its own.
    """
    most: int | None = None
    while first <= last:
        days = (last - first).days + 1
        if days > 1:
            most = most or _most_rows(model)
            counts = model.store.landing.counts(source, first - _RECENT, last)
            rows = max([1, *counts.values()]) if counts else most
            days = min(days, max(1, most // rows))
        until = first + timedelta(days=days - 1)
        yield first, until
        first = until + timedelta(days=1)


def _most_rows(model: ModelContext) -> int:
    columns = len(model.spec.columns) + len(model.spec.inputs)
    return max(1, model.store.lake.memory() // (BYTES_OF_A_CELL * columns))
