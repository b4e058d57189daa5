"""From the rows of a request to their answers: rules, features, scorer, rules."""

import logging
from collections.abc import Mapping, Sequence

from mlops_drift.learning.compiled.base import Scored, Value
from mlops_drift.serving.records import ModelAnswer, ServedRow
from mlops_drift.serving.rows import Row
from mlops_drift.serving.service import LoadedVersion, Rules

# So many rows of a compiled version are scored before another request is looked at, and so many
# whose columns are derived as well.
AT_ONCE, DERIVED_AT_ONCE = 64, 4

logger = logging.getLogger(__name__)


class NotAnsweredError(Exception):
    """The version has failed, and it has no rules that answer in its place."""


def is_short(version: LoadedVersion, n_rows: int) -> bool:
    """Whether rows are answered sooner than a thread would begin with them."""
    most = AT_ONCE if version.derive is None else DERIVED_AT_ONCE
    return version.kind == "compiled" and n_rows <= most


def answer(version: LoadedVersion, rows: Sequence[Row]) -> tuple[ServedRow, ...]:
    """The answers to rows, in their order.

    The version predicts what the rules answer before it too: its predictions, by which drift is
    found and decided, are of all events, as those of a batch are.

    Raises:
        NotAnsweredError: if the version fails, and no rule answers a row in its place.
    """
    rules = version.rules
    features = _features(version, rows)
    scored = iter(_scored(version, [given for given in features if given is not None]))
    served = []
    for row, given in zip(rows, features, strict=True):
        found = next(scored) if given is not None else None
        reason = (rules.before(row.values) if rules else None) or _reason(rules, found)
        if rules and reason is not None:
            served.append(_ruled(rules, row, reason, given, found))
        elif found is not None:
            key, time, values = row
            model = ModelAnswer(*found)
            served.append(ServedRow(key, time, values, found.prediction, "MODEL", given, model))
    return tuple(served)


def after_timeout(version: LoadedVersion, rows: Sequence[Row]) -> tuple[ServedRow, ...]:
    """The answers of the rules to rows that could not be scored in time.

    Raises:
        NotAnsweredError: if no rule answers a row.
    """
    rules, served = version.rules, []
    for row in rows:
        reason = rules.before(row.values) or rules.after(None, "timeout") if rules else None
        if rules is None or reason is None:
            raise NotAnsweredError("timeout")
        served.append(_ruled(rules, row, reason))
    return tuple(served)


def _reason(rules: Rules | None, found: Scored | None) -> str | None:
    """Why the rules answer after the version; None where the version does."""
    if found is None:
        reason = rules.after(None, "error") if rules else None
        if reason is None:
            raise NotAnsweredError("error")
        return reason
    return rules.after(found.probabilities, None) if rules else None


def _features(version: LoadedVersion, rows: Sequence[Row]) -> list[dict[str, Value] | None]:
    """The columns that the version sees of each row; None where they cannot be made."""
    description, derive = version.description, version.derive
    found: list[dict[str, Value] | None] = []
    failures = []
    for row in rows:
        given = row.values
        if description.inputs:
            given = {name: row.values[name] for name in description.columns}
        try:
            found.append(given | dict(derive(row)) if derive else given)
        # A bug there must not cost the answer where rules have one.
        except Exception as error:
            failures.append(error)
            found.append(None)
    if failures:
        counts = len(failures), len(rows)
        logger.error("derived columns of %d of %d rows failed", *counts, exc_info=failures[0])
    return found


def _scored(
    version: LoadedVersion, features: Sequence[Mapping[str, Value]]
) -> list[Scored] | list[None]:
    """What the version predicts; None of each row where it fails."""
    if not features:
        return []
    try:
        scored = version.scorer.score(features)
        if len(scored) != len(features):
            raise ValueError(f"{len(features)} rows have {len(scored)} predictions")
        return scored
    except Exception:
        logger.exception("version %s failed", version.number)
        return [None] * len(features)


def _ruled(
    rules: Rules,
    row: Row,
    reason: str,
    given: dict[str, Value] | None = None,
    found: Scored | None = None,
) -> ServedRow:
    key, time, values = row
    model = None if found is None else ModelAnswer(*found)
    return ServedRow(key, time, values, rules.answer(values), "RULES", given, model, reason)
