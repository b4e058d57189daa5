"""What is asked of one model's tables: every question that is about a day takes that day."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from mlops_drift.lake.lake import Lake, Scan
from mlops_drift.lake.table import ModelTables
from mlops_drift.lake.training_sets import TrainingSets
from mlops_drift.schema import Target

DECIDED = "decided"


@dataclass(frozen=True)
class Promotion:
    """A version that became champion at the end of a day.

    Attributes:
        number: its place among the promotions, from 1.
        previous: the champion before.
        reference: digest of the version's reference.
        decision: the decision that it carried out.
    """

    number: int
    as_of: date
    version: int
    previous: int | None
    training_set: str
    reference: str
    decision: str


@dataclass(frozen=True)
class VersionRecord:
    """What a version is and what it reached on its test part."""

    version: int
    as_of: date
    training_set: str
    rows: int
    family: str
    metric: str
    value: float
    lower: float
    upper: float
    n_test: int
    mlflow_run: str


# A label counts if it arrived by the as-of day, not before its event; the last one counts.
KNOWN_LABELS = """
    SELECT "{key}", arg_max("{label}", day) AS "{label}", max(day) AS label_day
    FROM labels GROUP BY "{key}"
"""


class ModelLake:
    """The tables of one model, with the questions that assets, sensors and reports ask.

    Args:
        lake: the lake.
        model: name of the model.
        tables: its tables.
        key: name of the key column.
        target: the target.
    """

    def __init__(
        self, lake: Lake, model: str, tables: ModelTables, key: str, target: Target
    ) -> None:
        self.lake = lake
        self.tables = tables
        self.sets = TrainingSets(lake.root, model)
        self._key = key
        self._label = target.column
        self._known_labels = KNOWN_LABELS.format(key=key, label=target.column)

    def labelled(self, as_of: date, since: date | None) -> pa.Table:
        """Features with labels known at the end of `as_of`, of events from `since` on.

        Returns:
            Columns of the features table and the label, ordered by day and key.
        """
        columns = ", ".join(f'features."{name}"' for name in self.tables.features.schema.names)
        return self.lake.query(
            f"""
            WITH known AS ({self._known_labels})
            SELECT {columns}, known."{self._label}"
            FROM features JOIN known USING ("{self._key}")
            WHERE known.label_day >= features.day
            ORDER BY features.day, features."{self._key}"
            """,
            features=Scan(self.tables.features, since, as_of),
            labels=Scan(self.tables.labels, until=as_of),
        )

    def labelled_counts(self, as_of: date) -> tuple[dict[date, int], set[Any]]:
        """Labelled rows by day of the event, and the labels that occur, known at `as_of`."""
        counted = self.lake.rows(
            f"""
            WITH known AS ({self._known_labels})
            SELECT features.day, count(*) AS n, list(DISTINCT known."{self._label}") AS seen
            FROM features JOIN known USING ("{self._key}")
            WHERE known.label_day >= features.day GROUP BY features.day ORDER BY features.day
            """,
            features=Scan(self.tables.features, until=as_of),
            labels=Scan(self.tables.labels, until=as_of),
        )
        seen = {label for row in counted for label in row["seen"]}
        return {row["day"]: row["n"] for row in counted}, seen

    def unmatched_labels(self, first: date, last: date) -> dict[str, int]:
        """Labels that arrived on these days without a usable event, by what is wrong."""
        counted = self.lake.rows(
            f"""
            SELECT count(*) FILTER (WHERE features.day IS NULL) AS unknown_key,
                   count(*) FILTER (WHERE features.day > labels.day) AS before_event
            FROM labels LEFT JOIN features USING ("{self._key}")
            """,
            labels=Scan(self.tables.labels, first, last),
            features=self.tables.features,
        )[0]
        return {str(name): int(n) for name, n in counted.items()}

    def last_day(self) -> date | None:
        """The last day that has features."""
        found = self.lake.query("SELECT max(day) AS day FROM f", f=self.tables.features)
        day: date | None = found["day"][0].as_py()
        return day

    def last_landed_day(self) -> date | None:
        """The last day that has features or labels."""
        found = self.lake.rows(
            "SELECT max(day) AS day FROM (SELECT day FROM f UNION ALL SELECT day FROM l)",
            f=self.tables.features,
            l=self.tables.labels,
        )
        day: date | None = found[0]["day"]
        return day

    def promotions(self, until: date | None = None) -> list[Promotion]:
        """Promotions in their order, those as of a day after `until` left out."""
        rows = self.lake.rows("SELECT * FROM p ORDER BY number", p=self.tables.promotions)
        promotions = [Promotion(**row) for row in rows]
        return [item for item in promotions if until is None or item.as_of <= until]

    def champion_serving(self, day: date) -> Promotion | None:
        """The champion that scores `day`: the last one promoted at the end of an earlier day."""
        earlier = self.promotions(until=day - timedelta(days=1))
        return earlier[-1] if earlier else None

    def versions(self) -> list[VersionRecord]:
        """All versions in their order."""
        rows = self.lake.rows("SELECT * FROM v ORDER BY version", v=self.tables.versions)
        return [VersionRecord(**row) for row in rows]

    def version(self, number: int) -> VersionRecord:
        """The record of one version.

        Raises:
            LookupError: if there is none.
        """
        for record in self.versions():
            if record.version == number:
                return record
        raise LookupError(
            f"{self.tables.versions.name} has no version {number}; "
            "materialize challenger, which registers and records it"
        )

    def add_version(self, record: VersionRecord) -> None:
        """Records a version once."""
        self.lake.append_missing(self.tables.versions, asdict(record), ["version"])

    def add_promotion(self, promotion: Promotion) -> None:
        """Records a promotion once."""
        self.lake.append_missing(self.tables.promotions, asdict(promotion), ["decision", "version"])

    def outcomes(self, first: date, last: date, reach: int) -> pa.Table:
        """Served predictions with every label that arrived for them until `last`.

        Of the production days that a label arriving on `first` to `last` is about, and of the
        `reach` days before them.

        Returns:
            day, version, key, prediction, score, label, label_day; a corrected label has a row for
            each arrival.
        """
        touched = self.lake.rows(
            f"""
            SELECT min(p.day) AS first, max(p.day) AS last
            FROM predictions p JOIN labels l USING ("{self._key}") WHERE l.day >= p.day
            """,
            predictions=Scan(self.tables.predictions, until=last),
            labels=Scan(self.tables.labels, first, last),
        )[0]
        since = touched["first"] - timedelta(days=reach) if touched["first"] else last
        until = touched["last"] or since - timedelta(days=1)
        return self.lake.query(
            f"""
            SELECT p.day, p.version, p."{self._key}" AS key, p.prediction, p.score,
                   l."{self._label}" AS label, l.day AS label_day
            FROM predictions p JOIN labels l USING ("{self._key}") WHERE l.day >= p.day
            ORDER BY p.day, p.version, key, label_day
            """,
            predictions=Scan(self.tables.predictions, since, until),
            labels=Scan(self.tables.labels, until=last),
        )

    def daily_values(self, version: int | None, until: date) -> list[dict[str, Any]]:
        """The metric of each production day by version, as last measured up to a day.

        Returns:
            day (of production), version, metric, value, n, in their order; undefined ones left out.
        """
        mine = "" if version is None else f"AND version = {version}"
        # Not `NOT isnan`: DuckDB decides that by Parquet statistics, which do not count nan.
        return self.lake.rows(
            f"""
            SELECT production_day AS day, version, any_value(metric) AS metric,
                   arg_max(value, day) AS value, arg_max(n, day) AS n
            FROM p WHERE "window" = 1 AND isfinite(value) {mine}
            GROUP BY production_day, version ORDER BY production_day, version
            """,
            p=Scan(self.tables.performance, until=until),
        )

    def failures(self, version: int, after: date, until: date) -> list[dict[str, Any]]:
        """Every failed number about a version after a day and up to another, by day."""
        since = after + timedelta(days=1)
        return self.lake.rows(
            f"""
            SELECT "check", day, day AS production_day, version, "column", value, threshold, n,
                   reason
            FROM drift WHERE verdict = 'fail' AND version = {version}
            UNION ALL
            SELECT 'performance_drop', day, production_day, version, metric, value, threshold, n,
                   reason
            FROM performance WHERE verdict = 'fail' AND version = {version}
            ORDER BY day, 1, 3, 5, n
            """,
            drift=Scan(self.tables.drift, since, until),
            performance=Scan(self.tables.performance, since, until),
        )

    def decisions(self) -> list[dict[str, Any]]:
        """Decisions in their order, each with its outcome and challenger when there is one."""
        rows = self.lake.rows("SELECT * FROM d ORDER BY day, decision", d=self.tables.decisions)
        made: dict[str, dict[str, Any]] = {}
        outcomes: dict[str, dict[str, Any]] = {}
        for row in rows:
            (made if row["stage"] == DECIDED else outcomes)[row["decision"]] = row
        return [
            {
                **decision,
                "outcome": outcomes[name]["stage"] if name in outcomes else None,
                "challenger": outcomes[name]["challenger"] if name in outcomes else None,
                "outcome_reason": outcomes[name]["reason"] if name in outcomes else "",
            }
            for name, decision in made.items()
        ]

    def add_decision(
        self,
        *,
        decision: str,
        stage: str,
        day: date,
        rules: Iterable[str],
        version: int | None,
        reason: str,
        challenger: int | None = None,
        since: date | None = None,
        labelled: int | None = None,
        evidence: Sequence[object] = (),
    ) -> bool:
        """Records a stage of a decision once: `decided`, and one of `promoted` or `rejected`."""
        is_outcome = stage != DECIDED
        return self.lake.append_unless(
            self.tables.decisions,
            {
                "decision": decision,
                "stage": stage,
                "day": day,
                "action": "retrain",
                "rules": list(rules),
                "version": version,
                "challenger": challenger,
                "since": since,
                "labelled": labelled,
                "reason": reason,
                "evidence": json.dumps(evidence, default=str, sort_keys=True),
            },
            lambda old: old["decision"] == decision and (old["stage"] != DECIDED) == is_outcome,
        )
