"""Answers that wait for the disk wait together: one sync is for all that were appended."""

import asyncio

from mlops_drift.serving.log.writer import LogUnavailable, LogWriter


class GroupCommit:
    """Lets the requests of an event loop wait until their records are on the disk."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._sync: asyncio.Task[None] | None = None

    async def durable(self) -> None:
        """Waits until all that was appended so far is on the disk.

        Raises:
            LogUnavailable: if the disk has refused some of it.
        """
        writer, wanted = self._writer, self._writer.appended
        while writer.synced < wanted or wanted <= writer.lost:
            if wanted <= writer.lost:
                raise LogUnavailable("the disk has refused what was appended to the log")
            if self._sync is None or self._sync.done():
                self._sync = asyncio.create_task(asyncio.to_thread(writer.sync))
            # It goes on for the others when this request is given up.
            sync = self._sync
            await asyncio.wait({sync})
            if error := sync.exception():
                raise error
