"""What the versions of one model predicted in production, and what came true."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil

import pyarrow as pa

from mlops_drift.monitors.baseline import slice_column
from mlops_drift.schema.days import ranges
from mlops_drift.sql import identifier
from mlops_drift.store.labels import LabelledTables
from mlops_drift.store.lake import Scan

# Each event is in one of so many lots, by a hash of its key: a sample has every k-th lot.
LOTS = 2**16


def _power_of_two(least: int) -> int:
    """The first power of two that is at least so much, and at most one lot."""
    return min(LOTS, 1 << max(least - 1, 0).bit_length())


def _finest(strides: Mapping[date, int], lookback: int) -> dict[date, int]:
    """Of which days every k-th lot is needed, for whole last days and the windows before them."""
    found: dict[date, int] = dict.fromkeys(strides, 1)
    for end, stride in strides.items():
        for back in range(1, lookback + 1):
            day = end - timedelta(days=back)
            found[day] = min(stride, found.get(day, stride))
    return found


def slice_text(name: str) -> str:
    """SQL of that column, of the features `f`."""
    # Pandas would write an integer beside a null as 1.0.
    return f"CAST(f.{identifier(name)} AS VARCHAR) AS {identifier(slice_column(name))}"


class PredictionRepository(LabelledTables):
    """Predictions with the labels that arrived for them."""

    def touched(self, first: date, last: date, *, have_arrived: bool = False) -> list[date]:
        """The production days that labels arriving on some days are about, in their order.

        Of predictions that `have_arrived` from elsewhere, those too that came to their labels then.
        """
        predictions = Scan(self._tables.predictions, until=last)
        both = f"SELECT DISTINCT p.day FROM predictions p JOIN labels l USING ({self._key})"
        found = self._lake.rows(
            f"{both} WHERE l.day >= p.day",
            predictions=predictions,
            labels=Scan(self._tables.labels, first, last),
        )
        if have_arrived:
            found += self._lake.rows(
                f"{both} JOIN landed a USING ({self._key}) WHERE a.day > l.day AND l.day >= p.day",
                predictions=predictions,
                labels=Scan(self._tables.labels, until=last),
                landed=Scan(self._tables.landed_predictions, first, last),
            )
        return sorted({row["day"] for row in found})

    def strides(
        self, ends: Sequence[date], lookback: int, max_rows: int, since: date | None = None
    ) -> dict[date, int]:
        """By day, the least k of which every k-th lot of events is at most so many rows, about.

        The events are those of the day and of the `lookback` days before it, from `since` on,
        whatever other days are asked for. Of two strides, powers of two, the sample by the larger
        one is part of the other.
        """
        if not ends:
            return {}
        start = max(min(ends) - timedelta(days=lookback), since or date.min)
        scan = Scan(self._tables.predictions, start, max(ends))
        if self._lake.most_rows(scan) <= max_rows:
            return dict.fromkeys(ends, 1)
        counted = self._lake.rows("SELECT day, count(*) AS n FROM p GROUP BY day", p=scan)
        counts = {row["day"]: row["n"] for row in counted}
        backs = [timedelta(days=back) for back in range(lookback + 1)]
        rows = {end: sum(counts.get(end - back, 0) for back in backs) for end in ends}
        return {end: _power_of_two(ceil(n / max_rows)) for end, n in rows.items()}

    def outcomes(
        self,
        strides: Mapping[date, int],
        last: date,
        lookback: int,
        columns: Sequence[str] = (),
        *,
        have_arrived: bool = False,
    ) -> pa.Table:
        """Served predictions with every label that arrived for them until `last`.

        Of some days, all; of the `lookback` days before each, every k-th `lot` by the stride of the
        day; with features under the names of `slice_column`. A corrected label has a row for each
        arrival, in their order. A label of a prediction that has arrived later, from elsewhere,
        arrives with that.
        """
        finest = _finest(strides, lookback)
        since, until = min(finest, default=last), max(finest, default=last)
        scans = {
            "predictions": Scan(self._tables.predictions, since, until),
            "labels": Scan(self._tables.labels, since, last),
        }
        needed = self._needed(finest)
        sampled = min((k for day, k in finest.items() if day not in strides), default=1)
        if sampled > 1:
            # Labels that are older than all whole days are about days before these.
            needed += f" AND (l.day >= '{min(strides)}' OR {self._lot('l')} % {sampled} = 0)"
        features = ""
        if columns:
            scans["features"] = Scan(self._tables.features, since, until)
            features = f"JOIN features f USING ({self._key})"
        names = "".join(f", {slice_text(name)}" for name in columns)
        known = "l.day"
        if have_arrived:
            scans["landed"] = Scan(self._tables.landed_predictions, since, last)
            features += f" LEFT JOIN landed a USING ({self._key})"
            # Without an arrival on record, as before `since`, that of the label.
            known = "greatest(l.day, a.day)"
        return self._lake.query(
            f"""
            SELECT p.day, p.version, p.{self._key} AS key, p.prediction, p.score,
                   l.{self._label} AS label, {known} AS label_day,
                   {self._lot("p")} AS lot{names}
            FROM predictions p JOIN labels l USING ({self._key}) {features}
            WHERE l.day >= p.day AND {needed} ORDER BY p.day, p.version, key, label_day, l.day
            """,
            **scans,
        )

    def _lot(self, of: str) -> str:
        """SQL of the lot of a row."""
        return f"(hash({of}.{self._key}) % {LOTS})::INTEGER"

    def _needed(self, finest: Mapping[date, int]) -> str:
        """SQL of the rows `p` of some days, of each every k-th lot."""
        found = []
        for first, last in ranges(finest, alike=finest.get):
            stride = finest[first]
            lots = f" AND {self._lot('p')} % {stride} = 0" if stride > 1 else ""
            found.append(f"p.day BETWEEN '{first}' AND '{last}'{lots}")
        return f"({' OR '.join(found) or 'false'})"

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
        since: date,
        strides: Mapping[date, int],
        lookback: int,
        columns: Sequence[str],
        *,
        have_arrived: bool = False,
    ) -> pa.Table:
        """What a version predicted on some days, and on the `lookback` days before, from a day on.

        That is day, prediction, score, and features: of the days all, of those before every k-th
        `lot` by the stride of the day. `arrived` is the day on which a prediction became known:
        that of its event, unless they `have_arrived` from elsewhere.
        """
        names = "".join(f", f.{identifier(name)}" for name in columns)
        finest = _finest(strides, lookback)
        first, last = max(since, min(finest)), max(finest)
        scans = {"predictions": Scan(self._tables.predictions, first, last)}
        joined, arrived = "", "p.day"
        if columns:
            scans["features"] = Scan(self._tables.features, first, last)
            joined += f" JOIN features f USING (day, {self._key})"
        if have_arrived:
            # One that had arrived before all these days was there on that of its event.
            scans["landed"] = Scan(self._tables.landed_predictions, first)
            joined += f" LEFT JOIN landed l USING ({self._key})"
            arrived = "coalesce(l.day, p.day)"
        return self._lake.query(
            f"""
            SELECT p.day, {arrived} AS arrived, p.prediction, p.score,
                   {self._lot("p")} AS lot{names}
            FROM predictions p {joined}
            WHERE p.version = {version} AND {self._needed(finest)}
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
