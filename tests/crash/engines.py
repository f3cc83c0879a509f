"""Where the queues of a crash run live: one entry an engine.

An engine joins by one entry in ENGINES: how its server is had for one run, what the configuration
says of it, and at which points of its own the service is killed, too.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from crash.books import OnPostgresql, Rows, in_file
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.open import connect
from peers import kafka, rabbitmq, sqs

_BROKERED: Mapping[str, int] = {
    "brokered:before-commit": 60,
    "brokered:after-commit": 60,
    "brokered:after-put": 60,
    "brokered:before-adoption": 20,
    "brokered:after-adoption": 20,
}


class Place(Protocol):
    """Where the queues of one run live. `points`: where else to kill, and at which pass at most."""

    points: Mapping[str, int]

    async def start(self) -> str:
        """Make room; return what the configuration says under `fluent-connect`, indented."""
        ...

    async def stop(self) -> None:
        """Leave nothing behind."""
        ...

    def rows(self, data: Path, text: str, values: Sequence[object]) -> Rows:
        """Return what a statement finds in the store, beside the service. Blocks."""
        ...


class _File:
    """SQLite in the data folder: what is taken when nothing is said."""

    points: Mapping[str, int] = {}

    async def start(self) -> str:
        return ""

    async def stop(self) -> None:
        return

    def rows(self, data: Path, text: str, values: Sequence[object]) -> Rows:
        return in_file(data, text, values)


class _Brokered:
    """ct-queue and Event Queue on a broker; the journal, and so the promise, in SQLite."""

    points = _BROKERED

    def __init__(self, scheme: str, urls: Mapping[str, str], end: Callable[[], None]) -> None:
        self._scheme = scheme
        self._urls = urls
        self._end = end

    async def start(self) -> str:
        broker = await connect(self._scheme, self._urls)
        await broker.settle(change=True)
        await broker.close()
        lines = [f'    {queue}: {{ url: "{url}" }}' for queue, url in self._urls.items()]
        return "\n".join(["  queues:", *lines, ""])

    async def stop(self) -> None:
        if self._scheme == "rabbitmq":
            await rabbitmq.clear(dict(self._urls))
        self._end()

    def rows(self, data: Path, text: str, values: Sequence[object]) -> Rows:
        return in_file(data, text, values)


def _rabbitmq() -> Place:
    urls = rabbitmq.urls(f"crash-{uuid4().hex[:12]}", CT_QUEUE, EVENT_QUEUE)
    return _Brokered("rabbitmq", urls, lambda: None)


def _sqs() -> Place:
    server = sqs.Emulator()
    urls = sqs.urls("crash", CT_QUEUE, EVENT_QUEUE, endpoint=server.endpoint)
    return _Brokered("sqs", urls, server.stop)


def _kafka() -> Place:
    cluster = kafka.Cluster()
    urls = kafka.urls("crash", CT_QUEUE, EVENT_QUEUE, partitions=4, cluster=cluster, session=1)
    return _Brokered("kafka", urls, cluster.stop)


ENGINES: Mapping[str, Callable[[], Place]] = {
    "sqlite": _File,
    "postgresql": OnPostgresql,
    "rabbitmq": _rabbitmq,
    "sqs": _sqs,
    "kafka": _kafka,
}
