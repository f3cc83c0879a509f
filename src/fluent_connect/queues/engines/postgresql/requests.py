"""What is asked of the writer, each with the future that its answer goes to."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from fluent_connect.queues.store import Delivery, Write


class Request:
    """Something asked, and its answer once there is one."""

    __slots__ = ("answer", "future")

    def __init__(self) -> None:
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.answer: Any = None

    def settle(self) -> None:
        """Hand the answer over."""
        if self.future.done():
            return
        if isinstance(self.answer, Exception):
            self.future.set_exception(self.answer)
        else:
            self.future.set_result(self.answer)


class Commit(Request):
    """Writes to apply."""

    __slots__ = ("writes",)

    def __init__(self, writes: Sequence[Write]) -> None:
        super().__init__()
        self.writes = writes


class Take(Request):
    """A wish for deliveries, open until `deadline` (monotonic)."""

    __slots__ = ("deadline", "limit", "paused", "queue")

    def __init__(self, queue: str, limit: int, wait: float, paused: tuple[str, ...]) -> None:
        super().__init__()
        self.queue = queue
        self.limit = limit
        self.paused = paused
        self.deadline = time.monotonic() + wait


class Renewal(Request):
    """Leases to be moved on."""

    __slots__ = ("deliveries",)

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        super().__init__()
        self.deliveries = deliveries


class Release(Request):
    """Deliveries to be given back untried."""

    __slots__ = ("deliveries",)

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        super().__init__()
        self.deliveries = deliveries
