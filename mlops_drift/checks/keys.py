"""The names and the order of the metadata on Dagster's pages."""

from collections.abc import Mapping
from typing import TypeVar

import dagster as dg

VERDICT = "verdict"
VALUE = "value"
LOWER = "lower"
UPPER = "upper"
LIMIT = "limit"
SINCE = "failing since"
FAILING_DAYS = "failing days"
FAILING_PRODUCTION_DAYS = "failing production days"
SUBJECT = "subject"
DAY = "day"
PRODUCTION_DAY = "production day"
VERSION = "version"
WINDOW = "window"
ROWS = "rows"
CORRECTED_CHANCE = "q"
NEXT_STEP = "next step"
REPORT = "report"
DECISION = "decisions"
RETRAINING_RUN = "retraining run"
MLFLOW_VERSION = "mlflow version"
MLFLOW_RUN = "mlflow run"
CHART = "chart"

REASON = "reason"
OUTCOME = "outcome"
AS_OF = "as of"
TRAINING_SET = "training set"
TRAIN_ROWS = "train rows"
TEST_ROWS = "test rows"
LABELLED_ROWS = "labelled rows"

# Dagster plots these of a check over its evaluations, and nothing else of it.
PLOTTED = (VALUE, LOWER, UPPER)

# What comes first: the finding, its limit, since when, what happens next, where to look.
_ORDER = (
    *(OUTCOME, REASON, VERDICT, VALUE, LOWER, UPPER, LIMIT, SINCE, SUBJECT),
    *(DAY, PRODUCTION_DAY, FAILING_DAYS, FAILING_PRODUCTION_DAYS, VERSION, WINDOW, ROWS),
    *(CORRECTED_CHANCE, NEXT_STEP),
)
_LINKS = (REPORT, DECISION, RETRAINING_RUN, MLFLOW_VERSION, MLFLOW_RUN)

# Dagster stores the metadata of a check by the alphabet: behind such a sign a table comes last.
_TABLE_MARK = "▾ "

Value = TypeVar("Value")


def table_key(title: str) -> str:
    """The key of a table of a check.

    >>> sorted(["version", table_key("columns"), "chart"])
    ['chart', 'version', '▾ columns']
    """
    return f"{_TABLE_MARK}{title}"


def in_order(metadata: Mapping[str, Value]) -> dict[str, Value]:
    """Metadata as a reader wants it: the finding, what is next, links, a chart, then tables.

    >>> list(in_order({"rows": 5, "version": 3, "limit": "0.8", "verdict": "pass"}))
    ['verdict', 'limit', 'version', 'rows']
    """
    return dict(sorted(metadata.items(), key=lambda item: _place(*item)))


def _place(name: str, value: object) -> int:
    if name in _ORDER:
        return _ORDER.index(name)
    if name in _LINKS:
        return len(_ORDER) + 1 + _LINKS.index(name)
    after_links = len(_ORDER) + 1 + len(_LINKS)
    if isinstance(value, dg.MarkdownMetadataValue):
        return after_links
    if isinstance(value, dg.TableMetadataValue):
        return after_links + 1
    return len(_ORDER)
