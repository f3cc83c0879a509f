"""A door over a real store that is full, read-only or locked: 503, and back by itself."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw
import pytest

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.webhook import Limits
from fluent_connect.journal.record import recorder
from fluent_connect.queues.engines.sqlite.store import SqliteStore
from unit.ingest.webhook_client import Client

BODY = b'{"notificationType":"Message","x":"' + b"y" * 100_000 + b'"}'


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = await SqliteStore.open(tmp_path / "connect.db", recorder(), serving=True)
    yield made
    await made.close()


def _client(store: SqliteStore) -> Client:
    client = Client(
        Door(name="default", schemes=[ApiKey(["k"])]), limits=Limits(store=0.5, sweep=0.05)
    )
    client.app._store = store
    return client


@contextmanager
def full(store: SqliteStore) -> Iterator[None]:
    """Let the file grow no further."""
    pages = store._connection.pragma("page_count")
    store._connection.pragma("max_page_count", pages)
    yield
    store._connection.pragma("max_page_count", 2**30)


@contextmanager
def read_only(store: SqliteStore) -> Iterator[None]:
    """Let nothing be written."""
    store._connection.pragma("query_only", 1)
    yield
    store._connection.pragma("query_only", 0)


@contextmanager
def locked(store: SqliteStore) -> Iterator[None]:
    """Have somebody else hold the lock for writing."""
    other = apsw.Connection(str(store.path))
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize("spoil", [full, read_only, locked])
async def test_what_the_store_cannot_take_is_asked_for_again(
    store: SqliteStore, spoil: Callable[[SqliteStore], AbstractContextManager[None]]
) -> None:
    client = _client(store)
    assert (await client.post(BODY)).status == 202
    with spoil(store):
        for _ in range(20 if spoil is full else 2):
            answer = await client.post(BODY)
        assert answer.status == 503
        assert answer.headers[b"retry-after"] == b"5"
        assert b"could not be stored" in answer.body
        assert (await client.post(BODY, key="wrong")).status == 401
    for _ in range(3):
        answer = await client.post(BODY)
    assert answer.status == 202
