"""Ours: what each stage of comparing all days of a file takes, on one thread."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import child
import numpy as np
import scipy.stats  # noqa: F401 - imports are not a stage
from numpy.typing import NDArray

from mlops_drift.compare.chunks import encoded, groups
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import ColumnReference
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.measures import measure
from mlops_drift.drift.profile import profile_sorted
from mlops_drift.drift.rows import Rows
from mlops_drift.drift.significance import ks_p
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.drift.verdict import Comparison, judge_comparisons

BINS = 10


class Stages:
    """Seconds by stage, of one thread."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time of a block to a stage."""
        begun = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - begun)

    def add(self, name: str, seconds: float) -> None:
        """Adds seconds to a stage."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


def stages(task: child.Task) -> dict[str, float]:
    """The work of `compare_chunks`, stage by stage through the functions that it calls."""
    timer = Stages()
    past, now = Rows(task["reference"]), Rows(task["current"])
    with timer.stage("which row is of which day"):
        labels, numbers = groups(now, "day")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(labels) - 1))])
    compared: list[list[Comparison]] = [[] for _ in bounds[1:]]
    for name in task["columns"]:
        kind = past.kinds[name]
        if kind == "categorical":
            found = _categorical(timer, past, now, name, numbers, len(compared))
        else:
            found = _numeric(timer, past, now, name, bounds)
        for number, item in enumerate(found):
            compared[number].append(item)
    with timer.stage("verdicts"):
        for comparisons in compared:
            judge_comparisons(comparisons, DriftMonitor())
    return timer.seconds


def _numeric(
    timer: Stages, past: Rows, now: Rows, name: str, bounds: NDArray[np.int64]
) -> Iterator[Comparison]:
    begun = time.perf_counter()
    column = ColumnReference.fit(past, name, "numeric", BINS)
    fitted = time.perf_counter()
    # Fitting reads and sorts the reference; once more here, to tell these from the rest.
    before = past.numbers(name)
    read = time.perf_counter()
    SortedValues(before)
    in_order = time.perf_counter()
    timer.add("read the numbers", read - fitted)
    timer.add("sort the reference", in_order - read)
    timer.add("fit the bins of numbers", max(0.0, fitted - begun - (in_order - fitted)))
    with timer.stage("read the numbers"):
        after = now.numbers(name)
    for first, last in pairwise(bounds):
        values = after[first:last]
        with timer.stage("sort the days"):
            sample = SortedValues(values)
        with timer.stage("counts and moments of sorted days"):
            profile = profile_sorted(column, sample, len(values))
        assert column.sample is not None
        with timer.stage("exact KS and Wasserstein"):
            ks, _ = column.sample.distances(sample)
        with timer.stage("p-values of KS"):
            ks_p(ks, column.sample, sample)
        with timer.stage("binned metrics and tests"):
            measures = measure(column, profile)
        yield Comparison(name, 0, column, column.counts, profile.counts, measures)


def _categorical(
    timer: Stages, past: Rows, now: Rows, name: str, numbers: NDArray[np.int64], chunks: int
) -> Iterator[Comparison]:
    with timer.stage("count the reference's categories"):
        column = ColumnReference.fit(past, name, "categorical", BINS)
    with timer.stage("read the categories of the days"):
        categories, codes = encoded(now, name)
    with timer.stage("count the categories of the days"):
        size = len(column.counts)
        bins = numbers * size + column.bins_of(categories)[codes]
        counted = np.bincount(bins, minlength=chunks * size).reshape(chunks, size)
    for counts in counted:
        with timer.stage("binned metrics and tests"):
            measures = measure(column, ColumnProfile(counts))
        yield Comparison(name, 0, column, column.counts, counts, measures)


if __name__ == "__main__":
    child.answer(stages)
