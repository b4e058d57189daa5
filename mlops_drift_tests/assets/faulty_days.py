"""Days of events and labels, each with faults of its own."""

import numpy as np
import pandas as pd

from mlops_drift_tests.tiny import ROWS, day, events_of, labels_of

# The days of the faults, after those of the story; the labels of day n arrive on n+1.
MISSING_FILE = FIRST = 4
MISSING_KEY = 5
EMPTY = 6
NULLS = EARLY_LABEL = DUPLICATES = UNDATED = 7
LAST = NEW_CATEGORY = WRONG_VALUES = WRONG_LABELS = 8
# The event of the next day whose label is early.
EARLY_ROW = 20


def nulls_and_duplicates():
    """No value of b; three rows twice, two keys of an earlier day, and a row that is of no day."""
    events = events_of(DUPLICATES).assign(b=np.nan)
    old = events.tail(2).assign(id=[1000, 1001])
    undated = events.tail(1).assign(day="soon")
    return pd.concat([events.head(ROWS - 2), old, events.head(3), undated])


def with_wrong_values():
    """Five rows whose `a` is no number, infinite or missing, and one without a key.

    All rows are of a category that no day had before.
    """
    events = events_of(WRONG_VALUES).assign(c="green").astype({"a": object, "id": object})
    for row, value in enumerate(["abc", "1,5", "inf", "-inf", None]):
        events.loc[row, "a"] = value
    events.loc[5, "id"] = None
    return events


def with_wrong_labels():
    """Two labels of keys that no event has, one of no class, one missing, one twice."""
    labels = labels_of(WRONG_LABELS - 1)
    # The last two events of that day have not landed.
    labels.loc[ROWS - 2 :, "id"] = [900001, 900002]
    labels.loc[2, "y"] = "perhaps"
    labels.loc[3, "y"] = None
    return pd.concat([labels, labels.head(1)])


def early():
    """The labels of the day, and one of an event of the day after."""
    labels = labels_of(EARLY_LABEL - 1)
    tomorrow = labels_of(EARLY_LABEL + 1).iloc[[EARLY_ROW]]
    return pd.concat([labels, tomorrow]).assign(day=day(EARLY_LABEL))


EVENTS = {
    MISSING_KEY: lambda: events_of(MISSING_KEY).drop(columns="id"),
    EMPTY: lambda: events_of(EMPTY).head(0),
    NULLS: nulls_and_duplicates,
    WRONG_VALUES: with_wrong_values,
}
LABELS = {WRONG_LABELS: with_wrong_labels, EARLY_LABEL: early}
