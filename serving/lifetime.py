"""What a service does besides answering: chores by the hour, and an orderly end."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import create_task_group, sleep, to_thread
from fastapi import FastAPI

HOUR_S = 3600
Chore = Callable[[], object]

logger = logging.getLogger(__name__)


@dataclass
class Lifetime:
    """Chores of a service.

    Attributes:
        first: done before the first request.
        hourly: done at the start and every hour; one that fails is logged and tried again.
        last: done at the end, once no request is at work.
    """

    first: list[Chore] = field(default_factory=list)
    hourly: list[Chore] = field(default_factory=list)
    last: list[Chore] = field(default_factory=list)

    @asynccontextmanager
    async def __call__(self, app: FastAPI) -> AsyncIterator[None]:
        """Do the chores while the service runs."""
        for chore in self.first:
            await to_thread.run_sync(chore)
        async with create_task_group() as tasks:
            tasks.start_soon(self._by_the_hour)
            yield
            tasks.cancel_scope.cancel()
        for chore in self.last:
            await to_thread.run_sync(chore)

    async def _by_the_hour(self) -> None:
        while self.hourly:
            for chore in self.hourly:
                try:
                    await to_thread.run_sync(chore)
                except Exception:
                    logger.exception("A chore failed and is tried again in an hour.")
            await sleep(HOUR_S)
