"""Lets requests wait, not long and not too many, for what is being fetched."""

import asyncio
from collections.abc import AsyncIterator

_MOST_WAITING = 256


class News:
    """Tells whoever waits that something was fetched, or could not be.

    most: how many may wait at once; who comes then is not made to wait.
    """

    def __init__(self, most: int = _MOST_WAITING) -> None:
        self._most = most
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Let all who wait look again."""
        for each in self._waiting:
            if not each.done():
                each.set_result(None)

    async def of(self, seconds: float) -> AsyncIterator[None]:
        """Yield at each piece of news that comes in that time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while len(self._waiting) < self._most:
            told: asyncio.Future[None] = loop.create_future()
            self._waiting.add(told)
            try:
                async with asyncio.timeout_at(until):
                    await told
            except TimeoutError:
                return
            finally:
                self._waiting.discard(told)
            yield
