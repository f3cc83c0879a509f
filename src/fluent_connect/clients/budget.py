"""How fast, and how many at a time, we may call one system for one account."""

import asyncio
import time
from collections.abc import Callable

import msgspec
from aiolimiter import AsyncLimiter

from fluent_connect.model.errors import RateLimitedError

_SLICE = 0.1
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class BudgetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one budget; None: none. `patience`: seconds that a call waits for its turn."""

    per_second: float | None = None
    concurrency: int | None = None
    patience: float = 15.0


class Budget:
    """Grants calls their turn. Free of cost while there is no limit and no pause."""

    def __init__(
        self, settings: BudgetSettings | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings or BudgetSettings()
        self._clock = clock
        rate, most = self._settings.per_second, self._settings.concurrency
        burst = max(1.0, (rate or 1.0) * _SLICE)
        self._rate = AsyncLimiter(burst, burst / rate) if rate else None
        self._slots = asyncio.Semaphore(most) if most else None
        self._paused_until = 0.0
        self._pause = _FIRST_PAUSE
        self.free = rate is None and most is None
        """Read on every call: neither `enter` nor `leave` is needed while it holds."""

    async def enter(self) -> None:
        """Return when it is this call's turn; end each turn by `leave`.

        Raise RateLimitedError, which counts as no try, if that would take longer than `patience`.
        """
        left = self._paused_until - self._clock()
        if left > self._settings.patience:
            raise RateLimitedError("asked to slow down", retry_after=left, counts=False)
        slots = self._slots
        if left <= 0 and self._rate is None and (slots is None or not slots.locked()):
            if slots is not None:
                await slots.acquire()
            return
        try:
            async with asyncio.timeout(self._settings.patience):
                if left > 0:
                    await asyncio.sleep(left)
                if self._rate is not None:
                    await self._rate.acquire()
                if self._slots is not None:
                    await self._slots.acquire()
        except TimeoutError as error:
            raise RateLimitedError("our own API budget is used up", counts=False) from error

    def leave(self) -> None:
        """Let the next call have this one's place."""
        if self._slots is not None:
            self._slots.release()
        if self._paused_until and self._clock() >= self._paused_until:
            self._recover()

    def slow_down(self, retry_after: float | None) -> None:
        """Hold all calls for as long as the other system asks; unasked 1 s, then 2, 4, … 60."""
        if retry_after is None:
            retry_after, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        self._paused_until = max(self._paused_until, self._clock() + retry_after)
        self.free = False

    def _recover(self) -> None:
        self._paused_until = 0.0
        self._pause = _FIRST_PAUSE
        self.free = self._rate is None and self._slots is None
