"""Who answered the rows of a service, by reason; and who would have on a version's test split."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.context import Answers
from mlops_drift.pipeline.served_events import served_days
from mlops_drift.serving.rules.evaluate import Rules
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan

# What a version has predicted of each class.
PROBABILITIES = "probabilities"


class ServedAnswers:
    """Counts of the rows that a service has answered up to a day, read as far back as needed."""

    def __init__(self, model: ModelContext, last: date) -> None:
        self._model, self._last = model, last
        self._since, self._counts = date.max, list[dict[str, Any]]()
        self._tested: dict[int, Answers | None] = {}

    def of(self, since: date, until: date, version: int) -> Mapping[date, Answers]:
        """The rows of each day that has any, of one version and those of rules without any."""
        if since < self._since:
            self._since, self._counts = since, self._read(since)
        found: dict[date, Counter[str | None]] = {}
        for row in self._counts:
            if since <= row["day"] <= until and row["version"] in (version, None):
                found.setdefault(row["day"], Counter())[row["reason"]] += row["n"]
        return found

    def tested(self, version: int) -> Answers | None:
        """The rows of a version's test split, as the present rules and it would answer them.

        Nothing fails there, so no reason is a failure. None if the version was removed, or an event
        whose `inputs` the rules read.
        """
        if version not in self._tested:
            self._tested[version] = _tested(self._model, version)
        return self._tested[version]

    def _read(self, since: date) -> list[dict[str, Any]]:
        days = served_days(self._model.spec, since, self._last)
        if days is None:
            return []
        return self._model.store.lake.rows(
            """
            SELECT day, version, CASE WHEN served_by = 'RULES' THEN reason END AS reason,
                count(*) AS n
            FROM s GROUP BY ALL
            """,
            s=Scan(self._model.store.tables.served, *days),
        )


def _tested(model: ModelContext, version: int) -> Answers | None:
    """Who would have answered the rows of a version's test split, by the rules as they are now."""
    known = model.of_version(version)
    spec, store = model.spec, model.store
    if version in store.versions.removals():
        return None
    record = store.versions.get(version)
    if spec.rules is None:
        return {None: record.n_test}
    columns = spec.source_columns | known.spec.columns
    present = spec.rules.within(columns)
    named = sorted({name for condition in present.conditions for name in condition})
    tested = store.training_sets.read_test(record.training_set)
    predicted = store.training_sets.read_test_predictions(record.training_set, version)
    rows = _rows(model, known.spec.columns, tested, predicted, named)
    if len(rows) < tested.num_rows:
        return None
    rules = Rules.from_plain(present.plain(columns, spec.target))
    return Counter(rules.reason(row, row[PROBABILITIES], None) for row in rows)


def _rows(
    model: ModelContext,
    known: Collection[str],
    tested: pa.Table,
    predicted: pa.Table,
    named: Sequence[str],
) -> list[dict[str, Any]]:
    """Some columns of tested rows, those that the version does not know too, and probabilities."""
    key = identifier(model.spec.key)
    cells = "".join(f"{'t' if name in known else 'e'}.{identifier(name)}, " for name in named)
    days = pc.min_max(tested["day"]).as_py()
    events = Scan(model.store.tables.events, days["min"], days["max"])
    further = {"e": events} if {*named} - {*known} else {}
    join = f"JOIN e ON e.day = t.day AND e.{key} = t.{key}" if further else ""
    return model.store.lake.rows(
        f"SELECT {cells}p.{PROBABILITIES} FROM t JOIN p ON p.{key} = t.{key} {join}",
        t=tested,
        p=predicted,
        **further,
    )
