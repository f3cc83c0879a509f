"""Connections kept for the next request: those of all origins share one number of places."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from fluent_connect.clients.exchange import Exchange
from fluent_connect.model.errors import UnreachableError

_EVERY = 0.1
_SELDOM = 1.0


class Pool:
    """Hands out a connection to an origin, and takes it back. One timer serves all deadlines.

    opened: makes a connection to an origin ("https://host:port").
    most: how many may be open at a time, idle ones included.
    """

    def __init__(
        self,
        opened: Callable[[str], Awaitable[Exchange]],
        *,
        most: int,
        keepalive: float,
    ) -> None:
        self._opened = opened
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._idle: dict[str, list[Exchange]] = {}
        self._busy: set[Exchange] = set()
        self._places = most
        self._wanting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._often = False
        self._expired_at = 0.0

    def start(self, exchange: Exchange, patience: float, waited: float = 0.0) -> None:
        """Have the exchange fail unless it is given back within so many seconds.

        waited: how many of them are over.
        """
        exchange.patience = patience
        exchange.deadline = self._loop.time() + patience - waited
        self._busy.add(exchange)
        if not self._often:
            self._often = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(_EVERY, self._sweep)

    def ready(self, origin: str) -> Exchange | None:
        """Return a connection that waits for its next request; None if there is none."""
        idle = self._idle.get(origin)
        while idle:
            exchange = idle.pop()
            if exchange.reusable:
                return exchange
            exchange.abort()
        return None

    async def fresh(self, origin: str) -> Exchange:
        """Return a connection to an origin, opened now if none becomes free before."""
        while self._places <= 0:
            self._hang_up_on_the_oldest()
            await self._place()
            exchange = self.ready(origin)
            if exchange is not None:
                return exchange
        self._places -= 1
        try:
            exchange = await self._opened(origin)
        except BaseException:
            self._leave()
            raise
        exchange.origin = origin
        return exchange

    def give_back(self, exchange: Exchange) -> None:
        """Keep a connection for the next request, or hang up if it is good for none."""
        self._busy.discard(exchange)
        if not exchange.reusable:
            exchange.abort()
            return
        exchange.idle_since = self._loop.time()
        self._idle.setdefault(exchange.origin, []).append(exchange)
        self._wake()

    def lost(self, exchange: Exchange) -> None:
        """Forget a connection that is no more."""
        self._busy.discard(exchange)
        idle = self._idle.get(exchange.origin)
        if idle and exchange in idle:
            idle.remove(exchange)
        self._leave()

    def close(self) -> None:
        """Hang up everywhere."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        idle = [exchange for each in self._idle.values() for exchange in each]
        for exchange in [*self._busy, *idle]:
            exchange.fail(UnreachableError("connection lost: we are closing"))
            exchange.connection_lost(None)

    def _leave(self) -> None:
        self._places += 1
        self._wake()

    def _wake(self) -> None:
        while self._wanting:
            wanting = self._wanting.popleft()
            if not wanting.done():
                wanting.set_result(None)
                return

    async def _place(self) -> None:
        """Return once a connection may have become free, or a place for one."""
        wanting: asyncio.Future[None] = self._loop.create_future()
        self._wanting.append(wanting)
        try:
            await wanting
        except asyncio.CancelledError:
            if wanting.done() and not wanting.cancelled():
                self._wake()
            raise

    def _hang_up_on_the_oldest(self) -> None:
        """End what has been idle the longest, to whatever origin; its place is free once it has."""
        idle = [each[0] for each in self._idle.values() if each]
        if idle:
            oldest = min(idle, key=lambda each: each.idle_since)
            self._idle[oldest.origin].remove(oldest)
            oldest.abort()

    def _sweep(self) -> None:
        """Fail what is late, and hang up on what has been idle for too long."""
        now = self._loop.time()
        for exchange in [each for each in self._busy if each.deadline <= now]:
            exchange.fail(UnreachableError(f"no answer within {exchange.patience:g} s"))
        if now - self._expired_at >= _SELDOM:
            self._expired_at = now
            self._expire(now - self._keepalive)
        self._often = bool(self._busy)
        if self._often or any(self._idle.values()):
            pause = _EVERY if self._often else _SELDOM
            self._timer = self._loop.call_later(pause, self._sweep)
        else:
            self._timer = None

    def _expire(self, since: float) -> None:
        for idle in self._idle.values():
            late = [each for each in idle if each.idle_since < since]
            for exchange in late:
                idle.remove(exchange)
                exchange.abort()
