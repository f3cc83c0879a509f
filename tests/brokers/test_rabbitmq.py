"""RabbitMQ itself: what it confirms, refuses, hands out again and gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from brokers.outage import Journal, arrived_once, until
from contracts.scene import parcel
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.engines.rabbitmq import RabbitBroker, open_broker
from fluent_connect.queues.engines.rabbitmq.topology import DELIVERY_LIMIT, arguments
from fluent_connect.queues.store import Delivery, Setting, StoreError
from peers import rabbitmq

pytestmark = pytest.mark.skipif(rabbitmq.why_not() is not None, reason=str(rabbitmq.why_not()))


@pytest.fixture
async def places() -> AsyncIterator[dict[str, str]]:
    places = rabbitmq.urls(f"test-{uuid4().hex[:12]}", CT_QUEUE)
    yield places
    await rabbitmq.clear(places)


@pytest.fixture
async def unmade(places: dict[str, str]) -> AsyncIterator[RabbitBroker]:
    """Return a broker whose queue nobody has made."""
    broker = await open_broker(places)
    yield broker
    await broker.close()


@pytest.fixture
async def broker(unmade: RabbitBroker) -> RabbitBroker:
    await unmade.settle(change=True)
    return unmade


@pytest.fixture
async def channel() -> AsyncIterator[AbstractChannel]:
    """Return somebody else's channel."""
    connection = await aio_pika.connect(rabbitmq.SERVER.replace("rabbitmq:", "amqp:"))
    async with connection:
        yield await connection.channel()


def _name(broker: RabbitBroker) -> str:
    return broker._places[CT_QUEUE].queue


async def _states(broker: RabbitBroker, *, change: bool) -> dict[str, Setting]:
    name = _name(broker)
    found = await broker.settle(change=change)
    return {each.what.replace(name, "Q"): each for each in found}


async def test_a_put_that_no_queue_takes_is_an_error(unmade: RabbitBroker) -> None:
    (error,) = await unmade.put(CT_QUEUE, parcel("p1"))
    assert "queues ensure" in str(error)


async def test_a_queue_that_was_never_there_is_not_made_by_a_take(unmade: RabbitBroker) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match="no such queue: fluent-connect queues ensure"):
            await unmade.take(CT_QUEUE, 1, 0.0)


async def test_a_full_queue_refuses_the_put_that_it_does_not_keep(
    unmade: RabbitBroker, channel: AbstractChannel
) -> None:
    full = {**arguments(_name(unmade)), "x-max-length": 3}
    await channel.declare_queue(_name(unmade), durable=True, arguments=full)
    errors: list[Exception | None] = []
    # The broker takes a few more before it finds that it is full.
    while len(errors) < 60 and all(each is None for each in errors):
        errors += await unmade.put(CT_QUEUE, parcel(f"p{len(errors)}"), parcel("more"))
    kept = [each for each in errors if each is None]
    assert 3 <= len(kept) < len(errors)
    assert all("Nack" in str(each) for each in errors if each)
    assert len(await unmade.take(CT_QUEUE, 64, 0.0)) == len(kept)


async def test_what_is_not_acknowledged_comes_again_to_the_next(
    broker: RabbitBroker, places: dict[str, str]
) -> None:
    await broker.put(CT_QUEUE, *(parcel(f"p{i}") for i in range(5)))
    taken = await broker.take(CT_QUEUE, 64, 0.0)
    await broker.ack(taken[3], taken[0])
    assert await broker.renew(*taken) == [False, True, True, False, True]
    await broker.close()
    other = await open_broker(places)
    again: list[str] = []
    while len(again) < 3:
        again += [each.parcel.id for each in await other.take(CT_QUEUE, 64, 1.0)]
    assert sorted(again) == ["p1", "p2", "p4"]
    assert await other.take(CT_QUEUE, 64, 0.0) == []
    await other.close()


async def test_a_cut_connection_is_made_again_and_old_leases_do_nothing(
    broker: RabbitBroker,
) -> None:
    await broker.put(CT_QUEUE, parcel("p1"))
    (old,) = await broker.take(CT_QUEUE, 1, 0.0)
    for link in (*broker._inward.values(), *broker._outward.values()):
        assert link._connection is not None
        await link._connection.close()
    (new,) = await _take(broker)
    assert new.parcel.id == "p1"
    await broker.ack(old)
    assert await broker.renew(old, new) == [False, True]
    await broker.ack(new)
    assert list(await broker.put(CT_QUEUE, parcel("p2"))) == [None]


async def _take(broker: RabbitBroker, wait: float = 5.0) -> list[Delivery]:
    """Take as the adopter does: again, after an error."""
    for _ in range(3):
        with suppress(StoreError):
            return list(await broker.take(CT_QUEUE, 64, wait))
    pytest.fail("it does not recover")


async def test_a_queue_that_is_deleted_is_made_again_by_the_next_put(
    broker: RabbitBroker, channel: AbstractChannel
) -> None:
    await broker.put(CT_QUEUE, parcel("p1"))
    await broker.take(CT_QUEUE, 1, 0.0)
    await channel.queue_delete(_name(broker))
    (error,) = await broker.put(CT_QUEUE, parcel("p2"))
    assert "no such queue" in str(error)
    assert (await _states(broker, change=False))["queue Q"].state == "ok"
    seen: list[str] = []

    async def comes() -> bool:
        # What was on its way to the old queue went with it: the relay sends it again.
        await broker.put(CT_QUEUE, parcel("p3"))
        seen.extend(each.parcel.id for each in await _take(broker, 0.2))
        return "p3" in seen

    await until(comes)


async def test_a_take_that_waits_ends_when_its_queue_is_deleted(
    broker: RabbitBroker, channel: AbstractChannel
) -> None:
    await broker.take(CT_QUEUE, 1, 0.0)
    waiting = asyncio.create_task(broker.take(CT_QUEUE, 1, 30.0))
    await asyncio.sleep(0)
    await channel.queue_delete(_name(broker))
    with pytest.raises(StoreError, match="the broker ended it"):
        await asyncio.wait_for(waiting, 10)
    with pytest.raises(StoreError, match="was deleted; it is made again"):
        await broker.take(CT_QUEUE, 1, 0.0)
    assert await broker.take(CT_QUEUE, 1, 0.0) == []


async def test_what_is_handed_out_in_vain_too_often_is_kept_and_counted(
    broker: RabbitBroker,
) -> None:
    await broker.put(CT_QUEUE, parcel("p1"))
    for _ in range(DELIVERY_LIMIT + 1):
        (delivery,) = await broker.take(CT_QUEUE, 1, 5.0)
        await broker.release(delivery)

    async def given_up() -> bool:
        return (await _states(broker, change=False))["given up by the broker"].found == "1"

    await until(given_up)
    assert await broker.take(CT_QUEUE, 1, 0.0) == []
    assert (await _states(broker, change=False))["given up by the broker"].state == "doubt"


async def test_what_others_put_keeps_its_headers_and_an_id_that_repeats_only_with_its_bytes(
    broker: RabbitBroker, channel: AbstractChannel
) -> None:
    for body, id_ in ((b"1", "same"), (b"1", "same"), (b"2", "same"), (b"3", None)):
        message = aio_pika.Message(
            body,
            message_id=id_,
            content_type="application/json",
            headers={"cloudEvents:type": "t", "X-Number": 7, "fc-label": '{"put": "forged"}'},
        )
        await channel.default_exchange.publish(message, _name(broker))
    found: list[Parcel] = []
    while len(found) < 4:
        found += [each.parcel for each in await broker.take(CT_QUEUE, 64, 1.0)]
    assert [each.body for each in found] == [b"1", b"1", b"2", b"3"]
    assert len({each.id for each in found}) == 3
    assert found[0].id == found[1].id
    assert found[0].headers == {
        "content-type": "application/json",
        "ce-type": "t",
        "x-number": "7",
    }


async def test_queues_are_made_once_and_then_as_they_should_be(unmade: RabbitBroker) -> None:
    missing = await _states(unmade, change=False)
    assert missing["queue Q"].state == missing["queue Q.dead"].state == "missing"
    made = await _states(unmade, change=True)
    assert made["queue Q"].state == made["queue Q.dead"].state == "made"
    again = await _states(unmade, change=True)
    assert again["queue Q"].state == again["queue Q.dead"].state == "ok"
    assert again["nodes"].state == "unknown"


async def test_a_queue_of_another_kind_is_told_and_left_alone(
    unmade: RabbitBroker, channel: AbstractChannel
) -> None:
    await channel.declare_queue(_name(unmade), durable=True)
    setting = (await _states(unmade, change=True))["queue Q"]
    assert setting.state == "differs"
    assert "inequivalent arg" in setting.found
    assert setting.lost


async def test_depth_counts_what_waits_and_what_is_out(broker: RabbitBroker) -> None:
    await broker.put(CT_QUEUE, *(parcel(f"p{i}") for i in range(3)))
    taken = await broker.take(CT_QUEUE, 2, 0.0)
    assert await broker.depth(CT_QUEUE) == 3
    await broker.ack(*taken)

    async def one_left() -> bool:
        return await broker.depth(CT_QUEUE) == 1

    await until(one_left)


# --- a server that goes away, and one that is full


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rabbitmq")


@pytest.mark.timeout(180)
async def test_a_server_that_is_restarted_or_full_loses_nothing_and_is_told(
    folder: Path, tmp_path: Path
) -> None:
    server = rabbitmq.Private(folder)
    await server.start()
    try:
        places = rabbitmq.urls("private", CT_QUEUE, EVENT_QUEUE, server=server.url)
        async with Journal(tmp_path, "rabbitmq", places) as journal:
            await journal.put("a", 40)
            await server.shut_down()
            await journal.put("b", 40)
            await until(lambda: journal.trouble)
            assert "rabbitmq" in str(journal.trouble)
            await server.start()
            await journal.put("c", 40)
            await arrived_once(journal, {"a": 40, "b": 40, "c": 40})
            await server.ctl("set_vm_memory_high_watermark", "0.000001")
            await until(lambda: journal.puts("d"))
            assert "put on" in str(journal.trouble)
            await server.ctl("set_vm_memory_high_watermark", "0.9")
            await arrived_once(journal, {"d": journal.count("d")})
    finally:
        await server.stop()
