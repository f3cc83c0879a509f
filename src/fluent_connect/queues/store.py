"""What a queue promises, and what a store of queues and journal promises to stations."""

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Literal, Protocol, runtime_checkable

import msgspec

from fluent_connect.model.errors import ConnectError
from fluent_connect.model.fact import Statement
from fluent_connect.model.lease import UNSURE
from fluent_connect.model.outcome import Fence, Outcome
from fluent_connect.model.parcel import Parcel

Bodies = Literal["failed", "sample", "all"]
"""Which bodies the journal keeps after their end: those that failed, also a sample, or all."""


class StoreError(ConnectError):
    """The store cannot commit or read now (disk full, I/O error, closed): nothing was changed."""


def _surely() -> bool:
    return True


class Delivery(msgspec.Struct):
    """A parcel, ours until `lease_until` (seconds since the epoch; `Store.renew` moves it).

    `tries` counts this one. `parks` counts how often it was parked. `lease` proves that it is ours.
    `sure`: whether the other processes know that this one lives; else they may take it over sooner.
    """

    queue: str
    parcel: Parcel
    tries: int
    first_tried: float | None
    lease: str
    lease_until: float
    parks: int = 0
    sure: Callable[[], bool] = _surely

    def until(self) -> float:
        """Return until when this surely is ours; UNSURE if that cannot be said now."""
        return self.lease_until if self.sure() else UNSURE


def leases_by_queue(deliveries: Iterable[Delivery]) -> Mapping[str, Sequence[str]]:
    """Return the leases of deliveries, by the queue that each is of, in their order."""
    leases: defaultdict[str, list[str]] = defaultdict(list)
    for each in deliveries:
        leases[each.queue].append(each.lease)
    return leases


class Write(msgspec.Struct, frozen=True):
    """An outcome to commit; of a delivery, or (None) of ingest, a job or an operator."""

    outcome: Outcome
    delivery: Delivery | None = None


class Verdict(Enum):
    """What a commit came to."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """A key had been seen: the delivery is settled, puts and facts are dropped."""
    SUPERSEDED = "superseded"
    """The fence stood higher: the delivery is settled, puts and facts are dropped."""
    LEASE_LOST = "lease lost"
    """The delivery was no longer ours: nothing changed."""
    REFUSED = "refused"
    """The write itself cannot be stored: nothing changed, and the delivery is still ours."""


class Depth(msgspec.Struct, frozen=True):
    """How many parcels of a queue stand where."""

    ready: int = 0
    scheduled: int = 0
    """Not to be handed out before a time: retrying, or put so."""
    leased: int = 0
    blocked: int = 0
    """Behind another parcel of their lane."""
    parked: int = 0
    dead: int = 0
    oldest: float | None = None
    """When the oldest that waits was put."""

    @property
    def waiting(self) -> int:
        """Return how many have not come to their end."""
        return self.ready + self.scheduled + self.leased + self.blocked + self.parked


class Store(Protocol):
    """The queues and the journal of one installation, as stations and consumers see them."""

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        """Return, for each write, what came of it, once all of them would survive a crash.

        Each write is all or nothing, and independent of the others.
        """
        ...

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Return 1 to `limit` deliveries; none if nothing came within `wait` seconds.

        Never two live leases of one key. Live before bulk, then by time and order of the put.
        Groups that match a pattern of `paused` (`*` allowed) are left alone.
        """
        ...

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Move the end of each lease, in place. False: it is lost, stop the handler."""
        ...

    async def release(self, *deliveries: Delivery) -> None:
        """Give deliveries back untried, ready at once."""
        ...

    async def fences(self, *keys: str) -> Mapping[str, Fence]:
        """Return the fences that stand; a key without one is absent."""
        ...

    async def delivered(self) -> int:
        """Return the number of the newest `Delivered` fact. Read it before a fetch."""
        ...

    async def original(self, id: str) -> Parcel | None:
        """Return a ct-queue parcel as it came in, for as long as its bytes are kept."""
        ...

    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows that a search of the journal finds, over a connection of its own."""
        ...

    async def depth(self, queue: str) -> Depth:
        """Count the parcels of a queue."""
        ...

    async def close(self) -> None:
        """Let go of everything; what was not committed is as if it had not been."""
        ...


@runtime_checkable
class Shared(Protocol):
    """A store that many processes serve at once, and that knows of them."""

    @property
    def workers(self) -> int:
        """Return how many processes work on messages now, this one among them; at least 1."""
        ...


class Capabilities(msgspec.Struct, frozen=True):
    """What a broker can do; what it cannot, `brokered` does in SQL.

    largest_body:    bytes of body, key and headers together.
    largest_headers: bytes of the headers alone.
    silence:         what to look at where there is no answer, for people.
    """

    largest_body: int
    longest_delay: float
    keys: Literal["none", "affinity", "exclusive"]
    longest_lease: float
    text_only: bool = False
    largest_headers: int = sys.maxsize
    silence: str = ""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the promise needs of a queue at its broker, and how it stands.

    state: `missing` and `differs` are wrong; `doubt` costs safety, and `lost` says what; `unknown`
           is what the broker does not tell; `made` is what was wrong and was set right.
    """

    queue: str
    what: str
    wanted: str
    found: str
    state: Literal["ok", "made", "missing", "differs", "doubt", "unknown"]
    lost: str = ""
    fix: str = ""


class Broker(Protocol):
    """All that an engine without SQL has to write; `queues/brokered.py` does the rest.

    Whatever the broker cannot do now is raised as StoreError or OSError.
    """

    @property
    def capabilities(self) -> Capabilities:
        """Return what the broker can do."""
        ...

    async def put(self, queue: str, *parcels: Parcel) -> Sequence[Exception | None]:
        """Return, for each parcel, None once the broker keeps it, or why it does not."""
        ...

    async def take(self, queue: str, limit: int, wait: float) -> Sequence[Delivery]:
        """Return up to `limit` deliveries, each ours for a time."""
        ...

    async def ack(self, *deliveries: Delivery) -> None:
        """Have the broker forget these."""
        ...

    async def release(self, *deliveries: Delivery) -> None:
        """Have the broker hand these out again."""
        ...

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Keep these longer; False: no longer ours."""
        ...

    async def depth(self, queue: str) -> int | None:
        """Return how many wait, if the broker can say."""
        ...

    async def settle(self, *, change: bool) -> Sequence[Setting]:
        """Return how all that the queues need stands; `change`: make what is missing, first."""
        ...

    async def close(self) -> None:
        """Let go of the broker."""
        ...
