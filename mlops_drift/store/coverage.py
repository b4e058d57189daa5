"""How many served predictions have a label, counted on from day to day."""

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa

from mlops_drift.monitors.context import Coverage
from mlops_drift.store.labels import LabelledTables
from mlops_drift.store.lake import Scan


class CoverageRepository(LabelledTables):
    """Predictions without a label, by age, from a running count of first labels."""

    def by_age(self, until: date, ages: Sequence[tuple[int, int]]) -> list[Coverage]:
        """Served predictions and those without label by age in days, on the last counted day.

        That is the last one up to another, of which predictions may still be of these ages. They
        are from the youngest to the oldest, inclusive; those without predictions are left out.
        Versions that served the same event count once.
        """
        oldest = timedelta(days=max(end for _, end in ages))
        values = ", ".join(f"({start}, {end})" for start, end in ages)
        return self._lake.records(
            Coverage,
            f"""
            WITH look AS (SELECT max(day) AS day FROM arrivals WHERE day >= '{until - oldest}'),
            ages(age_from, age_until) AS (VALUES {values})
            SELECT look.day, age_from, age_until, sum(served)::BIGINT AS predictions,
                   (sum(served) - sum(labelled))::BIGINT AS unlabelled
            FROM look CROSS JOIN arrivals
            JOIN ages ON look.day - event_day BETWEEN age_from AND age_until
            GROUP BY ALL HAVING sum(served) > 0 ORDER BY age_from
            """,
            arrivals=Scan(self._tables.label_arrivals, until - 2 * oldest, until),
        )

    def count_on(self, first: date, last: date, oldest: int) -> None:
        """Counts some days, for predictions of up to an age in days.

        So it does all days since one that has more or fewer rows by now, and later ones that were
        counted: which labels were the first on them depends on these.
        """
        table, age, a_day = self._tables.label_arrivals, timedelta(days=oldest), timedelta(days=1)
        since = min(self._changed(first - age, first - a_day) or first, first)
        later, until = Scan(table, last + a_day, last + age), last
        if self._lake.holds(later):
            until = self._lake.rows("SELECT max(day) AS day FROM c", c=later)[0]["day"]
        self._lake.replace_days(table, since, until, self._arrivals(since, until, age))

    def _changed(self, first: date, last: date) -> date | None:
        """The first of some days that has other numbers of rows than when it was counted."""
        # A day that the retention has removed counts as it did.
        [found] = self._lake.rows(
            """
            WITH rows AS (
                SELECT day, count(*) FILTER (NOT is_label) AS predictions,
                       count(*) FILTER (is_label) AS labels
                FROM (SELECT day, false AS is_label FROM p UNION ALL SELECT day, true FROM l)
                GROUP BY day
            ),
            own AS (FROM counted WHERE day = event_day AND predictions + labels > 0)
            SELECT min(r.day) AS day FROM rows r LEFT JOIN own c ON r.day = c.day
            WHERE r.predictions NOT IN (0, coalesce(c.predictions, 0))
                OR r.labels NOT IN (0, coalesce(c.labels, 0))
            """,
            p=Scan(self._tables.predictions, first, last),
            l=Scan(self._tables.labels, first, last),
            counted=Scan(self._tables.label_arrivals, first, last),
        )
        changed: date | None = found["day"]
        return changed

    def _arrivals(self, since: date, last: date, oldest: timedelta) -> pa.Table:
        """The rows of the days, see `LabelArrivals`."""
        found = self._lake.query(
            f"""
            WITH days AS (
                SELECT unnest(generate_series(DATE '{since}', DATE '{last}', INTERVAL 1 DAY))::DATE
                    AS day
            ),
            new AS (SELECT {self._key}, day FROM l WHERE day >= '{since}'),
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
            FROM days LEFT JOIN served USING (day) LEFT JOIN arrived USING (day)
            """,
            p=Scan(self._tables.predictions, since - oldest, last),
            l=Scan(self._tables.labels, since - oldest, last),
        )
        return found.cast(self._tables.label_arrivals.schema)
