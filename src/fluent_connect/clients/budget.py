"""How fast, and how many at a time, we may call one system for one account."""

import asyncio
import time
from collections import deque
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
        self._among = 1
        self._rate = _limiter(rate) if rate else None
        self._slots = _Slots(most) if most else None
        self._paused_until = 0.0
        self._pause = _FIRST_PAUSE
        self.free = rate is None and most is None
        """Read on every call: neither `enter` nor `leave` is needed while it holds."""

    def share(self, among: int) -> None:
        """Keep to one of so many equal parts from now on: other processes have the others."""
        if among == self._among:
            return
        self._among = among
        rate, most = self._settings.per_second, self._settings.concurrency
        if rate:
            self._rate = _limiter(rate / among)
        if self._slots is not None and most:
            self._slots.resize(max(1, most // among))

    async def enter(self) -> None:
        """Return when it is this call's turn; end each turn by `leave`.

        Raise RateLimitedError, which counts as no try, if that would take longer than `patience`.
        """
        left = self._paused_until - self._clock()
        if left > self._settings.patience:
            raise RateLimitedError("asked to slow down", retry_after=left, counts=False)
        slots = self._slots
        if left <= 0 and self._rate is None and (slots is None or not slots.full):
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


def _limiter(rate: float) -> AsyncLimiter:
    burst = max(1.0, rate * _SLICE)
    return AsyncLimiter(burst, burst / rate)


class _Slots:
    """Places for calls, whose number may change; who waits gets one in the order of coming."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def full(self) -> bool:
        return self._used >= self._most or bool(self._waiting)

    async def acquire(self) -> None:
        if not self.full:
            self._used += 1
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self.release()
            raise

    def release(self) -> None:
        self._used -= 1
        self._hand_out()

    def resize(self, most: int) -> None:
        self._most = most
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._used < self._most:
            waiting = self._waiting.popleft()
            if not waiting.done():
                self._used += 1
                waiting.set_result(None)
