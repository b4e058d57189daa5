"""A table with a past: its commits, their times, and files that are gone."""

import json
from datetime import UTC, datetime
from pathlib import Path

from deltalake import DeltaTable

from mlops_drift.store.lake import Scan
from mlops_drift_tests.store.samples import FIRST, SECOND, SHOP, THIRD, shop

NAME = SHOP.name
# Commits 1 to 5 of the table, after its creation: the day that each wrote, and its ids.
WRITTEN = [(FIRST, [1, 2]), (SECOND, [3]), (FIRST, [1, 9]), (THIRD, [4]), (SECOND, [])]
# The rows at each commit.
HELD = [[], [1, 2], [1, 2, 3], [1, 3, 9], [1, 3, 4, 9], [1, 4, 9]]


def write_past(lake):
    """Writes the table in six commits."""
    for day, ids in WRITTEN:
        lake.replace_days(SHOP, day, day, shop(day, ids))
    return lake


def set_times(lake, *times):
    """Makes it so that the commits of the table were made at these times, in UTC."""
    for number, (day, hour) in enumerate(times):
        file = Path(lake.uri(SHOP), "_delta_log", f"{number:020}.json")
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            if "commitInfo" in line:
                moment = datetime(day.year, day.month, day.day, hour, 59, 59, tzinfo=UTC)
                line["commitInfo"]["timestamp"] = int(moment.timestamp() * 1000)
        file.write_text("\n".join(map(json.dumps, lines)) + "\n")


def clean_files(lake, *keep, table=SHOP):
    """Removes all files of the table that neither its newest nor a kept commit reads, at once."""
    stored = DeltaTable(lake.uri(table))
    stored.vacuum(0, False, False, full=True, keep_versions=list(keep) or None)


def rewrite_in_one_file(lake, table=SHOP):
    """Puts all days of a table together, as a compaction does with closed ones."""
    days = lake.rows("SELECT min(day) AS first, max(day) AS last FROM t", t=table)[0]
    lake.rearrange(Scan(table, days["first"], days["last"]))
