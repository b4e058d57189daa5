"""What the versions of one model predicted in production, and what came true."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import ceil

import pyarrow as pa

from mlops_drift.monitors.baseline import slice_column
from mlops_drift.schema.days import ranges
from mlops_drift.sql import identifier
from mlops_drift.store.labels import LabelledTables
from mlops_drift.store.lake import Scan

# SQL of a sample that holds every row.
ALL = "true"


def _days_before(ends: Sequence[date], lookback: int) -> str:
    """SQL of the days `p.day` that are at most so many days before one of these."""
    days = {end - timedelta(days=back) for end in ends for back in range(lookback + 1)}
    found = [f"p.day BETWEEN '{first}' AND '{last}'" for first, last in ranges(days)]
    return " OR ".join(found) or "false"


def slice_text(name: str) -> str:
    """SQL of that column, of the features `f`."""
    # Pandas would write an integer beside a null as 1.0.
    return f"CAST(f.{identifier(name)} AS VARCHAR) AS {identifier(slice_column(name))}"


class PredictionRepository(LabelledTables):
    """Predictions with the labels that arrived for them."""

    def outcomes(
        self,
        first: date,
        last: date,
        lookback: int,
        columns: Sequence[str] = (),
        max_rows: int | None = None,
    ) -> pa.Table:
        """Served predictions with every label that arrived for them until `last`.

        Of the production days that a label arriving on `first` to `last` is about, and of the
        `lookback` days before each; with features under the names of `slice_column`. A corrected
        label has a row for each arrival, in their order. Of days that no such label is about, only
        a sample is read where `lookback` days have more than `max_rows`; `sampled` says what is in
        it.
        """
        touched: list[date] = [
            row["day"]
            for row in self._lake.rows(
                f"""
                SELECT DISTINCT p.day FROM predictions p JOIN labels l USING ({self._key})
                WHERE l.day >= p.day ORDER BY p.day
                """,
                predictions=Scan(self._tables.predictions, until=last),
                labels=Scan(self._tables.labels, first, last),
            )
        ]
        since = touched[0] - timedelta(days=lookback) if touched else last
        until = touched[-1] if touched else since - timedelta(days=1)
        scans = {
            "predictions": Scan(self._tables.predictions, since, until),
            "labels": Scan(self._tables.labels, since, last),
        }
        sampled = self._sampled(scans["predictions"], touched, lookback, max_rows)
        needed = f"({_days_before(touched, lookback)})"
        if sampled != ALL:
            needed += (
                f" AND (({_days_before(touched, 0)}) OR {sampled.format('p')}) "
                f"AND (l.day >= '{touched[0]}' OR {sampled.format('l')})"
            )
        features = ""
        if columns:
            scans["features"] = Scan(self._tables.features, since, until)
            features = f"JOIN features f USING ({self._key})"
        names = "".join(f", {slice_text(name)}" for name in columns)
        return self._lake.query(
            f"""
            SELECT p.day, p.version, p.{self._key} AS key, p.prediction, p.score,
                   l.{self._label} AS label, l.day AS label_day,
                   {sampled.format("p")} AS sampled{names}
            FROM predictions p JOIN labels l USING ({self._key}) {features}
            WHERE l.day >= p.day AND {needed} ORDER BY p.day, p.version, key, label_day
            """,
            **scans,
        )

    def _sampled(
        self, scan: Scan, ends: Sequence[date], lookback: int, max_rows: int | None
    ) -> str:
        """SQL of whether a row of `{}` is in the sample: at most so many before each end, about."""
        if max_rows is None or self._lake.most_rows(scan) <= max_rows:
            return ALL
        counted = self._lake.rows("SELECT day, count(*) AS n FROM p GROUP BY day", p=scan)
        counts = {row["day"]: row["n"] for row in counted}
        backs = [timedelta(days=back) for back in range(lookback + 1)]
        largest = max((sum(counts.get(end - back, 0) for back in backs) for end in ends), default=0)
        one_of = ceil(largest / max_rows)
        return f"hash({{}}.{self._key}) % {one_of} = 0" if one_of > 1 else ALL

    def final_outcomes(self, first: date, last: date) -> pa.Table:
        """Served predictions of some days with the last label that ever arrived, or none."""
        return self._lake.query(
            f"""
            WITH known AS ({self._known_labels})
            SELECT p.day, p.version, p.prediction, p.score,
                   CASE WHEN known.label_day >= p.day THEN known.{self._label} END AS label
            FROM predictions p LEFT JOIN known USING ({self._key})
            ORDER BY p.day, p.version, {self._key}
            """,
            predictions=Scan(self._tables.predictions, first, last),
            labels=self._tables.labels,
        )

    def shadow_outcomes(self, first: date, last: date) -> pa.Table:
        """Events of some days that two versions scored, with every label that arrived until `last`.

        An event has a row for each arrival, in their order, or one without a label.
        """
        return self._lake.query(
            f"""
            SELECT p.day, p.{self._key} AS key,
                   p.version AS champion, p.prediction AS champion_prediction,
                   p.score AS champion_score, s.version AS challenger,
                   s.prediction AS challenger_prediction, s.score AS challenger_score,
                   l.{self._label} AS label, l.day AS label_day
            FROM predictions p JOIN shadow s ON s.day = p.day AND s.{self._key} = p.{self._key}
            LEFT JOIN labels l ON l.{self._key} = p.{self._key} AND l.day >= p.day
            ORDER BY p.day, key, champion, challenger, label_day
            """,
            predictions=Scan(self._tables.predictions, first, last),
            shadow=Scan(self._tables.shadow_predictions, first, last),
            labels=Scan(self._tables.labels, first, last),
        )

    def errors_in_order(self, version: int, until: date) -> pa.Table:
        """Predictions of a version with the first label of each, in the order of arrival."""
        return self._lake.query(
            f"""
            SELECT p.day, any_value(p.prediction) AS prediction,
                   arg_min(l.{self._label}, l.day) AS label, min(l.day) AS label_day
            FROM predictions p JOIN labels l USING ({self._key})
            WHERE l.day >= p.day AND p.version = {version}
            GROUP BY p.day, {self._key} ORDER BY label_day, p.day, {self._key}
            """,
            predictions=Scan(self._tables.predictions, until=until),
            labels=Scan(self._tables.labels, until=until),
        )

    def of_version(
        self,
        version: int,
        first: date,
        days: Sequence[date],
        columns: Sequence[str],
        max_rows: int | None = None,
    ) -> pa.Table:
        """What a version predicted from a day until the last of `days`.

        That is day, prediction, score, and features. Before `days` only a sample is read where all
        together have more than `max_rows`; `sampled` says what is in it.
        """
        names = "".join(f", f.{identifier(name)}" for name in columns)
        scans = {"predictions": Scan(self._tables.predictions, first, days[-1])}
        lookback = (days[0] - first).days
        sampled = self._sampled(scans["predictions"], days, lookback, max_rows).format("p")
        features = ""
        if columns:
            scans["features"] = Scan(self._tables.features, first, days[-1])
            features = f"JOIN features f USING (day, {self._key})"
        return self._lake.query(
            f"""
            SELECT p.day, p.prediction, p.score, {sampled} AS sampled{names}
            FROM predictions p {features}
            WHERE p.version = {version} AND (p.day >= '{days[0]}' OR {sampled})
            ORDER BY p.day, p.{self._key}
            """,
            **scans,
        )

    def served(self) -> dict[int, tuple[date, date]]:
        """The first and the last day of the stored predictions of each version."""
        found = self._lake.rows(
            "SELECT version, min(day) AS first, max(day) AS last FROM p GROUP BY version",
            p=self._tables.predictions,
        )
        return {row["version"]: (row["first"], row["last"]) for row in found}
