"""How many served predictions have a label, counted on from day to day."""

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa

from mlops_drift.store.labels import LabelledTables
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import LabelArrivals


class CoverageRepository(LabelledTables):
    """Predictions without a label, by age, from a running count of first labels."""

    def count(self, first: date, last: date, ages: Sequence[tuple[int, int]]) -> pa.Table:
        """Served predictions and those without label, by day of the look and age in days.

        Ages are from the youngest to the oldest, inclusive; those without predictions are left out.
        Versions that served the same event count once.
        """
        oldest = timedelta(days=max(until for _, until in ages))
        self._count_on(first, last, oldest)
        values = ", ".join(f"({since}, {until})" for since, until in ages)
        return self._lake.query(
            f"""
            WITH looks AS (
                SELECT unnest(generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY))::DATE
                    AS look
            ),
            ages(age_from, age_until) AS (VALUES {values})
            SELECT look AS day, age_from, age_until, sum(served)::BIGINT AS predictions,
                   (sum(served) - sum(labelled))::BIGINT AS unlabelled
            FROM looks JOIN arrivals a ON a.day <= look
            JOIN ages ON look - a.event_day BETWEEN age_from AND age_until
            GROUP BY ALL HAVING sum(served) > 0 ORDER BY ALL
            """,
            arrivals=Scan(self._tables.label_arrivals, first - oldest, last),
        )

    def _count_on(self, first: date, last: date, oldest: timedelta) -> None:
        """Counts some days, and all days since one that has more or fewer rows by now.

        Later days are no longer counted: which labels were the first on them depends on these.
        """
        table, start = self._tables.label_arrivals, first - oldest
        before = first - timedelta(days=1)
        own = "FROM a WHERE day = event_day AND predictions + labels > 0"
        known = {
            one.day: (one.predictions, one.labels)
            for one in self._lake.records(LabelArrivals, own, a=Scan(table, start, before))
        }
        # A day that the retention has removed counts as it did.
        changed = [
            day
            for day, counted in self._rows(start, before).items()
            if any(n and n != was for n, was in zip(counted, known.get(day, (0, 0)), strict=True))
        ]
        since = min([*changed, first])
        self._lake.replace_days(table, since, last + oldest, self._arrivals(since, last, oldest))

    def _rows(self, first: date, last: date) -> dict[date, tuple[int, int]]:
        """How many predictions and labels some days have."""
        found = self._lake.rows(
            """
            SELECT day, count(*) FILTER (is_label = 0) AS predictions, sum(is_label)::BIGINT AS n
            FROM (SELECT day, 0 AS is_label FROM p UNION ALL SELECT day, 1 FROM l) GROUP BY day
            """,
            p=Scan(self._tables.predictions, first, last),
            l=Scan(self._tables.labels, first, last),
        )
        return {row["day"]: (row["predictions"], row["n"]) for row in found}

    def _arrivals(self, since: date, last: date, oldest: timedelta) -> pa.Table:
        """The rows of the days, see `LabelArrivals`."""
        return self._lake.query(
            f"""
            WITH new AS (SELECT {self._key}, day FROM l WHERE day >= '{since}'),
            hit AS (
                SELECT p.day AS event_day, {self._key}, min(new.day) AS day
                FROM p JOIN new USING ({self._key}) WHERE new.day >= p.day GROUP BY ALL
            ),
            earlier AS (
                SELECT {self._key}, day FROM l
                WHERE day < '{since}' AND {self._key} IN (SELECT {self._key} FROM hit)
            ),
            firsts AS (
                SELECT * FROM hit WHERE NOT EXISTS (
                    FROM earlier e WHERE e.{self._key} = hit.{self._key} AND e.day >= hit.event_day
                )
            ),
            served AS (
                SELECT day, count(DISTINCT {self._key}) AS served, count(*) AS predictions
                FROM p WHERE day >= '{since}' GROUP BY day
            ),
            arrived AS (SELECT day, count(*) AS labels FROM new GROUP BY day)
            SELECT day, event_day, count(*) AS labelled, 0 AS served, 0 AS predictions, 0 AS labels
            FROM firsts GROUP BY day, event_day
            UNION ALL
            SELECT day, day, 0, coalesce(served, 0), coalesce(predictions, 0), coalesce(labels, 0)
            FROM served FULL JOIN arrived USING (day)
            """,
            p=Scan(self._tables.predictions, since - oldest, last),
            l=Scan(self._tables.labels, since - oldest, last),
        )
