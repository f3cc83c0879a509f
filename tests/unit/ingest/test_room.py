"""Bodies that never end take no more memory than there is for all of them together."""

import asyncio

import pytest

from fluent_connect.ingest.room import FREE, Room
from fluent_connect.ingest.webhook import Limits
from unit.ingest.webhook_client import Answer, Client

CHUNK = b"x" * FREE
PATIENT = Limits(body=30.0, store=30.0)


def client(room: int) -> Client:
    made = Client(limits=PATIENT)
    made.app._room = Room(room)
    return made


async def reading(client: Client, chunks: int) -> asyncio.Task[Answer]:
    """Begin a request whose body stops there."""
    task = asyncio.create_task(client.post([*[CHUNK] * chunks, None]))
    wanted = client.read + chunks + 1
    while client.read < wanted and not task.done():  # noqa: ASYNC110 - a condition of the client
        await asyncio.sleep(0)
    return task


async def ended(*tasks: asyncio.Task[Answer]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_large_bodies_that_come_at_once_are_asked_to_come_again() -> None:
    found = client(3 * FREE)
    first = await reading(found, 3)
    second = await reading(found, 2)
    assert not any(task.done() for task in (first, second))
    refused = await found.post([CHUNK, CHUNK, b"x"])
    assert (refused.status, refused.headers[b"retry-after"]) == (503, b"5")
    assert refused.headers[b"connection"] == b"close"
    await ended(first, second)
    assert (await found.post([CHUNK, CHUNK, b"x"])).status == 202
    assert found.app._room._left == 3 * FREE


async def test_usual_bodies_come_in_however_full_it_is() -> None:
    found = client(0)
    hoarding = [await reading(found, 1) for _ in range(100)]
    assert (await found.post([b"{", b"}"])).status == 202
    assert (await found.post([CHUNK[:-1], b"x"])).status == 202
    assert (await found.post(b"x" * (FREE * 2))).status == 202
    await ended(*hoarding)


@pytest.mark.parametrize("end", [b"GONE", b"x" * (11 * 1024 * 1024)])
async def test_room_is_given_back_whatever_became_of_the_body(end: bytes) -> None:
    found = client(64 * FREE)
    await found.post([CHUNK, CHUNK, end])
    assert found.app._room._left == 64 * FREE
