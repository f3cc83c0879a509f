"""A broker that keeps the port's promises at their weakest, and fails when told to."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.store import Capabilities, Delivery, Setting

PLENTY = Capabilities(
    largest_body=4 * 1024 * 1024, longest_delay=0.0, keys="none", longest_lease=30.0
)


class Crash(BaseException):
    """The process ends here."""


class FakeBroker:
    """Carries id, key, body and headers, nothing else; delivers at least once.

    down:      nothing gets through.
    refuses:   which parcels a put does not keep.
    copies:    how often each put arrives.
    shuffle:   hand out in any order.
    lose_acks: acknowledgements do not get through.
    before_put, after_put, before_ack: called there; may raise Crash.
    """

    def __init__(self, capabilities: Capabilities = PLENTY) -> None:
        self.capabilities = capabilities
        self.down = False
        self.refuses: Callable[[Parcel], bool] = lambda _: False
        self.copies = 1
        self.shuffle: random.Random | None = None
        self.lose_acks = False
        self.before_put: Callable[[], None] = lambda: None
        self.after_put: Callable[[], None] = lambda: None
        self.before_ack: Callable[[], None] = lambda: None
        self.held: dict[str, list[Parcel]] = defaultdict(list)
        self.out: dict[str, tuple[str, Parcel]] = {}
        self.puts = 0
        self._numbers = count(1)
        self._changed = asyncio.Event()

    async def put(self, queue: str, *parcels: Parcel) -> Sequence[Exception | None]:
        self._connect()
        self.before_put()
        errors: list[Exception | None] = []
        for each in parcels:
            if self.refuses(each):
                errors.append(OSError(f"{each.id} was not kept"))
                continue
            self.fill(queue, *[each] * self.copies)
            errors.append(None)
        self.puts += len(parcels)
        self.after_put()
        return errors

    def fill(self, queue: str, *parcels: Parcel) -> None:
        """Put as others do, who know nothing of us."""
        for each in parcels:
            assert len(each.body) <= self.capabilities.largest_body
            if self.capabilities.text_only:
                each.body.decode("ascii")
            self.held[queue].append(Parcel(each.id, each.key, each.body, each.headers))
        self._changed.set()
        self._changed = asyncio.Event()

    async def take(self, queue: str, limit: int, wait: float) -> Sequence[Delivery]:
        self._connect()
        if not self.held[queue] and wait > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)
        self._connect()
        if self.shuffle is not None:
            self.shuffle.shuffle(self.held[queue])
        taken, self.held[queue] = self.held[queue][:limit], self.held[queue][limit:]
        return [self._hand_out(queue, each) for each in taken]

    async def ack(self, *deliveries: Delivery) -> None:
        self.before_ack()
        self._connect()
        if self.lose_acks:
            raise ConnectionResetError
        for each in deliveries:
            self.out.pop(each.lease, None)

    async def release(self, *deliveries: Delivery) -> None:
        self._connect()
        for each in deliveries:
            if each.lease in self.out:
                queue, parcel = self.out.pop(each.lease)
                self.fill(queue, parcel)

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        self._connect()
        return [each.lease in self.out for each in deliveries]

    async def depth(self, queue: str) -> int | None:
        self._connect()
        return len(self.held[queue])

    async def settle(self, *, change: bool) -> Sequence[Setting]:
        return []

    async def close(self) -> None:
        self.redeliver()

    def redeliver(self) -> None:
        """Let every lease end."""
        out, self.out = self.out, {}
        for queue, parcel in out.values():
            self.fill(queue, parcel)

    def forget(self) -> None:
        """Lose everything."""
        self.held.clear()
        self.out.clear()

    def _connect(self) -> None:
        if self.down:
            raise ConnectionRefusedError

    def _hand_out(self, queue: str, parcel: Parcel) -> Delivery:
        lease = str(next(self._numbers))
        self.out[lease] = (queue, parcel)
        return Delivery(queue, parcel, 1, None, lease, 0.0)
