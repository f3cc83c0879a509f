"""A store on a real broker at work, while the test takes the broker away under it."""

import asyncio
import inspect
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from contracts.scene import SCRIBE, parcel, put
from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.open import connect
from fluent_connect.queues.store import Verdict, Write

_PATIENCE = 60.0


async def until(condition: Callable[[], object | Awaitable[object]]) -> None:
    """Return as soon as the condition is true."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, inspect.getsource(condition)
        await asyncio.sleep(0.05)


class Journal:
    """Puts on the Event Queue and takes from it, all the time; `trouble` is what it was told."""

    def __init__(self, folder: Path, scheme: str, places: Mapping[str, str]) -> None:
        self._folder = folder
        self._scheme = scheme
        self._places = places
        self._put: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.trouble: str | None = None
        self.told: list[str | None] = []

    async def __aenter__(self) -> Self:
        broker = await connect(self._scheme, self._places)
        await broker.settle(change=True)
        sql = await SqliteStore.open(self._folder / "connect.db", SCRIBE)
        self.store = await BrokeredStore.open(
            broker,
            sql,
            queues=self._places,
            relay_every=0.5,
            send_timeout=2.0,
            trouble=self._tell,
        )
        self._taking = asyncio.create_task(self._take())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._taking.cancel()
        with suppress(asyncio.CancelledError):
            await self._taking
        await self.store.close()

    def _tell(self, why: str | None) -> None:
        self.trouble = None if why is None else f"{self._scheme}: {why}"
        self.told.append(why)

    async def put(self, prefix: str, number: int) -> None:
        """Put as ingest does; it is kept, whatever the broker does."""
        for _ in range(number):
            await put(self.store, parcel(f"{prefix}{self._put[prefix]}", f"lane{prefix}"))
            self._put[prefix] += 1

    async def puts(self, prefix: str) -> bool:
        """Put one more; say whether the broker is in trouble."""
        await self.put(prefix, 1)
        return self.trouble is not None

    def count(self, prefix: str) -> int:
        """Return how many were put."""
        return self._put[prefix]

    async def _take(self) -> None:
        while True:
            for each in await self.store.take(EVENT_QUEUE, 16, 0.5):
                self.seen[each.parcel.id] += 1
                done = Write(Outcome(fate=Done()), each)
                assert list(await self.store.commit(done)) == [Verdict.APPLIED]


async def arrived_once(journal: Journal, puts: Mapping[str, int]) -> None:
    """Wait until all of these arrived and the trouble is over; none may have come twice."""
    wanted = {f"{prefix}{number}" for prefix, count in puts.items() for number in range(count)}

    async def at_rest() -> bool:
        waiting = (await journal.store.depth(EVENT_QUEUE)).waiting
        return wanted <= set(journal.seen) and not waiting and journal.trouble is None

    await until(at_rest)
    assert [each for each, count in journal.seen.items() if count > 1] == []
