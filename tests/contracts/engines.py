"""The engines that keep the contract of a Store, and how each is opened.

An engine joins by one entry in ENGINES: its name, how it is opened, whether it keeps what it
holds in a file that a second Store may open.
"""

import importlib.util
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, Protocol
from uuid import uuid4

from contracts import postgres
from contracts.scene import SCRIBE
from fluent_connect.model.fact import Recorder
from fluent_connect.model.parcel import BATCH_QUEUE, CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.open import connect
from fluent_connect.queues.store import Store
from peers import kafka, rabbitmq, sqs
from unit.queues.fake_broker import FakeBroker

LEASE = 30.0
QUEUES = (CT_QUEUE, EVENT_QUEUE, BATCH_QUEUE)
Record = Literal["failed", "all"]


class Opener(Protocol):
    """How a Store of one engine is opened on a path."""

    def __call__(
        self, path: Path, clock: Callable[[], float], recorder: Recorder, *, record: Record
    ) -> Awaitable[Store]: ...


class OpenStore(Protocol):
    """Open a Store on the test's own file; it is closed when the test ends."""

    async def __call__(
        self,
        *,
        clock: Callable[[], float] | None = None,
        recorder: Recorder = SCRIBE,
        record: Record = "failed",
    ) -> Store: ...


async def _nothing(path: Path) -> None:
    """Leave nothing behind but what is in the test's own folder."""


@dataclass(frozen=True)
class Engine:
    """`why_not` says why its server is not there; `clear` takes away what a test left on it."""

    name: str
    open: Opener
    durable: bool
    module: str
    why_not: Callable[[], str | None] = lambda: None
    clear: Callable[[Path], Awaitable[None]] = _nothing

    @property
    def absent(self) -> str | None:
        """Return why it cannot be asked; None if it can."""
        if importlib.util.find_spec(self.module) is None:
            return f"no engine {self.name} yet"
        return self.why_not()


async def _memory(
    path: Path, clock: Callable[[], float], recorder: Recorder, *, record: Record
) -> Store:
    from fluent_connect.queues.engines.memory import MemoryStore

    return MemoryStore(recorder, clock, LEASE, record=record)


async def _sqlite(
    path: Path, clock: Callable[[], float], recorder: Recorder, *, record: Record
) -> Store:
    from fluent_connect.queues.engines.sqlite import SqliteStore

    return await SqliteStore.open(path, recorder, clock=clock, lease=LEASE, record=record)


async def _postgresql(
    path: Path, clock: Callable[[], float], recorder: Recorder, *, record: Record
) -> Store:
    from fluent_connect.queues.engines.postgresql import Place, PostgresStore

    place = Place.of(await postgres.schema_for(path))
    return await PostgresStore.open(place, recorder, clock=clock, lease=LEASE, record=record)


def _brokered(sql: Opener) -> Opener:
    """Put a broker before a SQL store; two stores on one path share the broker, too."""
    brokers: dict[Path, FakeBroker] = {}

    async def open_brokered(
        path: Path, clock: Callable[[], float], recorder: Recorder, *, record: Record
    ) -> Store:
        behind = await sql(path, clock, recorder, record=record)
        broker = brokers.setdefault(path, FakeBroker())
        return await BrokeredStore.open(broker, behind, queues=QUEUES, clock=clock, poll=0.05)

    return open_brokered


class _Real:
    """A real broker before SQLite; two stores on one path share its queues."""

    def __init__(self, scheme: str, peer: ModuleType) -> None:
        self._scheme = scheme
        self._peer = peer
        self._places: dict[Path, dict[str, str]] = {}

    async def open(
        self, path: Path, clock: Callable[[], float], recorder: Recorder, *, record: Record
    ) -> Store:
        behind = await _sqlite(path, clock, recorder, record=record)
        fresh = path not in self._places
        if fresh:
            self._places[path] = self._peer.urls(f"test-{uuid4().hex[:12]}", *QUEUES)
        broker = await connect(self._scheme, self._places[path])
        if fresh:
            await broker.settle(change=True)
        return await BrokeredStore.open(broker, behind, queues=QUEUES, clock=clock, poll=0.05)

    async def clear(self, path: Path) -> None:
        """Delete the queues of a test that opened some."""
        if places := self._places.pop(path, None):
            await self._peer.clear(places)


def _real(scheme: str, peer: ModuleType) -> Engine:
    real = _Real(scheme, peer)
    module = f"fluent_connect.queues.engines.{scheme}"
    return Engine(
        scheme, real.open, durable=True, module=module, why_not=peer.why_not, clear=real.clear
    )


_MEMORY = "fluent_connect.queues.engines.memory"
_SQLITE = "fluent_connect.queues.engines.sqlite"
_POSTGRESQL = "fluent_connect.queues.engines.postgresql"

ENGINES = (
    Engine("memory", _memory, durable=False, module=_MEMORY),
    Engine("sqlite", _sqlite, durable=True, module=_SQLITE),
    Engine(
        "postgresql",
        _postgresql,
        durable=True,
        module=_POSTGRESQL,
        why_not=postgres.why_not,
        clear=postgres.drop_for,
    ),
    Engine("brokered-memory", _brokered(_memory), durable=False, module=_MEMORY),
    Engine("brokered-sqlite", _brokered(_sqlite), durable=True, module=_SQLITE),
    Engine(
        "brokered-postgresql",
        _brokered(_postgresql),
        durable=True,
        module=_POSTGRESQL,
        why_not=postgres.why_not,
    ),
    _real("rabbitmq", rabbitmq),
    _real("sqs", sqs),
    _real("kafka", kafka),
)
