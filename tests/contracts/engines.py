"""The engines that keep the contract of a Store, and how each is opened.

An engine joins by one entry in ENGINES: its name, how it is opened, whether it keeps what it
holds in a file that a second Store may open.
"""

import importlib.util
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from contracts.scene import SCRIBE
from fluent_connect.model.fact import Recorder
from fluent_connect.queues.store import Store

LEASE = 30.0
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


@dataclass(frozen=True)
class Engine:
    name: str
    open: Opener
    durable: bool
    module: str

    @property
    def present(self) -> bool:
        return importlib.util.find_spec(self.module) is not None


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


ENGINES = (
    Engine("memory", _memory, durable=False, module="fluent_connect.queues.engines.memory"),
    Engine("sqlite", _sqlite, durable=True, module="fluent_connect.queues.engines.sqlite"),
)
