"""Runs functions in several processes at the same moment."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

WORKERS = 4
_barriers = {}


def _set_up(barriers):
    _barriers.update(barriers)


def meet(parties):
    """Waits, in a process, until as many processes have come here."""
    _barriers[parties].wait(timeout=60)


class Processes:
    """Up to four processes that are started once and stay."""

    def __init__(self):
        context = get_context("spawn")
        barriers = {parties: context.Barrier(parties) for parties in range(2, WORKERS + 1)}
        self._pool = ProcessPoolExecutor(WORKERS, context, _set_up, (barriers,))

    def run(self, function, *arguments):
        """Calls a function once for each tuple of arguments, each in a process of its own.

        The function calls `meet(parties)` when it is ready: nobody goes on before all are there.
        """
        return [future.result() for future in [self._pool.submit(function, *a) for a in arguments]]

    def close(self):
        """Ends the processes."""
        self._pool.shutdown()
