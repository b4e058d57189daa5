"""Old commits of a table are forgotten: Delta lists its whole log at each commit."""

import re
from collections.abc import Collection
from pathlib import Path

# Four months of a table with four commits a day, more than a year of one with a single commit.
KEPT_COMMITS = 500

_OF_COMMIT = re.compile(r"([0-9]{20})\.(json|checkpoint\.parquet)")


def forget_commits(place: str, kept: Collection[int], last: int) -> int:
    """Removes all but the last commits of a table from its log, and but those that are kept.

    Delta reads a commit from the checkpoint before it on, so these stay with it. No row changes;
    the data files that only forgotten commits read go with the next cleanup.

    Returns:
        How many commits are forgotten.
    """
    commits: dict[int, Path] = {}
    checkpoints: dict[int, Path] = {}
    for file in Path(place, "_delta_log").glob("*"):
        if found := _OF_COMMIT.fullmatch(file.name):
            (commits if found[2] == "json" else checkpoints)[int(found[1])] = file

    def begin(number: int) -> int:
        return max((one for one in checkpoints if one <= number), default=0)

    # What came after the log was listed is newer.
    oldest = begin(max(commits, default=0) - last + 1)
    spans = [(begin(number), number) for number in kept]
    going = sorted(
        number
        for number in {*commits, *checkpoints}
        if number < oldest and not any(first <= number <= end for first, end in spans)
    )
    for number in going:
        for files in (checkpoints, commits):
            if number in files:
                files[number].unlink(missing_ok=True)
    return sum(number in commits for number in going)
