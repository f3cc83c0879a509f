"""What a transaction has to do, collected from its writes."""

from collections.abc import Iterator, Sequence

import msgspec

from fluent_connect.model.fact import Fact
from fluent_connect.model.outcome import Fence, Newer, Parked
from fluent_connect.model.parcel import Parcel, Put
from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.rows import Rows
from fluent_connect.queues.engines.postgresql.statements import Step
from fluent_connect.queues.store import Delivery

Values = tuple[object, ...]
_encode = msgspec.json.Encoder().encode
_NO_HEADERS = "{}"
ANY = "*"


class Work:
    """Rows for each statement. `now`: when it is done, as far as this process can know."""

    __slots__ = (
        "bodies",
        "contents",
        "dead",
        "delivered",
        "equals",
        "fences",
        "gone",
        "lanes",
        "later",
        "native",
        "now",
        "parcels",
        "parked",
        "rows",
        "seen",
        "told",
    )

    def __init__(self, now: float, rows: Rows) -> None:
        self.now = now
        self.rows = rows
        self.seen: list[str] = []
        self.fences: dict[str, Values] = {}
        self.equals: set[str] = set()
        """Keys of fences that an equal version passes."""
        self.gone: list[Values] = []
        self.later: list[Values] = []
        self.parked: list[tuple[tuple[int, int], Parked]] = []
        self.dead: list[Values] = []
        self.native: list[Fact] = []
        self.delivered: list[str] = []
        self.parcels: list[Values] = []
        self.contents: list[Values] = []
        self.bodies: list[str] = []
        """Of which nothing more is needed."""
        self.lanes: set[tuple[str, str]] = set()
        self.told: set[str] = set()
        """Queues in which something is ready now or soon; ANY: any of them."""

    def put(self, put: Put) -> None:
        """Add a parcel to a queue."""
        parcel = put.parcel
        self.told.add(put.queue)
        headers = _encode(parcel.headers).decode() if parcel.headers else _NO_HEADERS
        inline = parcel.origin is not None
        if not inline:
            self.contents.append((parcel.id, headers, parcel.body))
        row = (
            put.queue,
            parcel.id,
            parcel.key,
            rank_of(parcel),
            parcel.group,
            parcel.not_before or None,
            int(parcel.ordered),
            parcel.origin,
            headers if inline else None,
            parcel.body if inline else None,
        )
        self.parcels.append(row)

    def fence(self, guard: Newer) -> None:
        """Raise a fence."""
        fence: Fence = guard.fence
        dependencies = _encode(fence.dependencies).decode()
        named = (guard.key, fence.version, fence.fingerprint, fence.output)
        self.fences[guard.key] = (*named, int(fence.deleted), dependencies)
        if guard.or_equal:
            self.equals.add(guard.key)

    def settled(self) -> Iterator[tuple[Step, Sequence[Values]]]:
        """Yield what ends leases."""
        yield sql.GONE, self.gone
        yield sql.SET_LATER, self.later
        yield sql.SET_DEAD, self.dead

    def added(self) -> Iterator[tuple[Step, Sequence[Values]]]:
        """Yield what is put."""
        yield sql.ADD_BODY, self.contents
        yield sql.ADD_PARCEL, self.parcels


def rank_of(parcel: Parcel) -> int:
    """Return the number that stands for a parcel's rank."""
    return 1 if parcel.rank == "bulk" else 0


def lease_of(delivery: Delivery) -> tuple[int, int]:
    """Return the row and the epoch that a delivery's lease names."""
    seq, _, epoch = delivery.lease.partition(".")
    return int(seq), int(epoch)
