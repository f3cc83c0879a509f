"""Puts messages on the Event Queue at a rate, each once, however often it is begun again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice

import msgspec

from fluent_connect.app.replay.frozen import Item
from fluent_connect.model.carry import carried, queued
from fluent_connect.model.outcome import Outcome, Unseen
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.store import Store, StoreError, Verdict, Write

_MOST = 500


class Progress(msgspec.Struct):
    """How far it is: put now, and put before (by an earlier run of the same selection)."""

    put: int = 0
    before: int = 0

    @property
    def done(self) -> int:
        """Return how many of the selection are put."""
        return self.put + self.before


async def put_paced(
    store: Store,
    items: Iterable[Item],
    rate: float,
    on_progress: Callable[[Progress], bool],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Progress:
    """Put the messages, `rate` a second at most; rank bulk, so that live traffic goes first.

    What was put before is known by its id and not put again, nor does it take time. `on_progress`
    is told after each commit, and says whether to go on. Raise StoreError if the store refuses.
    """
    progress, began = Progress(), clock()
    size = max(1, min(_MOST, int(rate / 2)))
    for some in _batched(items, size):
        verdicts = await store.commit(*map(_write, some))
        for verdict in verdicts:
            if verdict is Verdict.APPLIED:
                progress.put += 1
            elif verdict is Verdict.DUPLICATE:
                progress.before += 1
            else:
                raise StoreError(f"the store refused a message: {verdict.value}")
        if not on_progress(progress):
            break
        ahead = progress.put / rate - (clock() - began)
        if ahead > 0:
            await sleep(ahead)
    return progress


def _write(item: Item) -> Write:
    message = item.message
    by = Parcel(message.id, message.key, b"", rank="bulk")
    put = carried(message, by, origin=item.origin, ordered=item.ordered)
    facts = (queued(message, time.time()),)
    return Write(Outcome(guards=(Unseen(f"put|{message.id}"),), puts=(put,), facts=facts))


def _batched(items: Iterable[Item], size: int) -> Iterable[list[Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
