"""Bodies that never end take no more memory than there is for all of them together."""

import asyncio

import pytest

from fluent_connect.ingest.room import FREE, Room
from fluent_connect.ingest.webhook import PATH, Limits
from unit.app.keeping import until
from unit.ingest.test_reception import sending, serving
from unit.ingest.webhook_client import Answer, Client

CHUNK = b"x" * FREE
PATIENT = Limits(body=30.0, store=30.0)


def client(room: int) -> Client:
    made = Client(limits=PATIENT)
    made.app.room = Room(room)
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
    assert found.app.room._left == 3 * FREE


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
    assert found.app.room._left == 64 * FREE


async def test_a_body_that_is_waited_for_on_its_connection_takes_room_until_it_goes() -> None:
    found = client(FREE)
    head = b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-api-key: k\r\n"
    begun = head % PATH.encode() + b"content-length: %d\r\n\r\nx"
    async with serving(found) as server, sending(server) as first, sending(server) as second:
        first.writer.write(begun % (2 * FREE))
        await until(lambda: found.app.room._left == 0)
        status, _ = await second.ask(begun % (3 * FREE) + CHUNK)
        assert status == 503
        first.writer.write((CHUNK * 2)[1:])
        assert (await first.answer())[0] == 202
        await until(lambda: found.app.room._left == FREE)
        first.writer.write(begun % (2 * FREE))
        await until(lambda: found.app.room._left == 0)
        first.writer.close()
        await until(lambda: found.app.room._left == FREE)
