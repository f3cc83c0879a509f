"""Kafka itself, by librdkafka's mock cluster: commits, partitions that move, topics that go."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from brokers.outage import Journal, arrived_once, until
from contracts.scene import parcel
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.engines.kafka import KafkaBroker, open_broker
from fluent_connect.queues.store import Delivery, StoreError
from peers import kafka


@pytest.fixture
def places() -> dict[str, str]:
    return kafka.urls(f"test-{uuid4().hex[:12]}", CT_QUEUE, partitions=4)


@pytest.fixture
async def broker(places: dict[str, str]) -> AsyncIterator[KafkaBroker]:
    broker = await open_broker(places)
    yield broker
    await broker.close()


async def _all(broker: KafkaBroker) -> list[Delivery]:
    """Take what is there."""
    taken: list[Delivery] = []
    while found := await broker.take(CT_QUEUE, 64, 0.0):
        taken += found
    return taken


async def test_a_lane_stays_in_its_order(broker: KafkaBroker) -> None:
    sent = [parcel(f"{lane}{i}", lane) for i in range(10) for lane in "abcdef"]
    assert list(await broker.put(CT_QUEUE, *sent)) == [None] * 60
    taken = [each.parcel.id for each in await _all(broker)]
    for lane in "abcdef":
        assert [each for each in taken if each[0] == lane] == [f"{lane}{i}" for i in range(10)]
    assert await broker.depth(CT_QUEUE) == 60


async def test_what_is_acknowledged_without_a_gap_never_comes_again(
    broker: KafkaBroker, places: dict[str, str]
) -> None:
    await broker.put(CT_QUEUE, *(parcel(f"p{i}", "one lane") for i in range(6)))
    taken = await _all(broker)
    await broker.ack(taken[4], taken[0], taken[1])
    assert await broker.renew(*taken) == [False, False, True, True, False, True]
    assert await broker.depth(CT_QUEUE) == 4
    await broker.close()
    other = await open_broker(places)
    assert [each.parcel.id for each in await _all(other)] == ["p2", "p3", "p4", "p5"]
    await other.close()


async def test_what_is_released_comes_again_with_all_after_it(broker: KafkaBroker) -> None:
    await broker.put(CT_QUEUE, *(parcel(f"p{i}", "one lane") for i in range(4)))
    first = await _all(broker)
    await broker.ack(first[0])
    await broker.release(first[2])
    again = await _all(broker)
    assert [each.parcel.id for each in again] == ["p2", "p3"]
    await broker.ack(first[1], *again)
    assert await broker.depth(CT_QUEUE) == 0


async def test_what_others_put_has_an_id_of_its_place_time_and_bytes(
    broker: KafkaBroker, places: dict[str, str]
) -> None:
    topic = places[CT_QUEUE].rpartition("/")[2].partition("?")[0]
    producer = AIOKafkaProducer(bootstrap_servers=kafka.shared().bootstrap)
    await producer.start()
    headers = [("ce_type", b"t"), ("content-type", b"application/json")]
    for body in (b"1", b"2", None):
        await producer.send_and_wait(topic, body, key=b"k", partition=0, headers=headers)
    await producer.stop()
    taken = await _all(broker)
    assert [each.parcel.body for each in taken] == [b"1", b"2", b""]
    assert taken[0].parcel.headers == {"ce-type": "t", "content-type": "application/json"}
    assert len({each.parcel.id for each in taken}) == 3
    await broker.release(taken[0])
    assert [each.parcel.id for each in await _all(broker)] == [each.parcel.id for each in taken]


async def test_a_topic_is_judged_and_what_the_broker_does_not_tell_is_unknown(
    broker: KafkaBroker,
) -> None:
    found = {each.what.partition(" ")[0]: each for each in await broker.settle(change=True)}
    assert (found["topic"].state, found["topic"].found) == ("ok", "4 partitions")
    assert (found["replicas"].state, found["replicas"].found) == ("doubt", "1")
    assert "disk" in found["replicas"].lost
    assert found["settings"].state == "unknown"


async def test_a_topic_that_is_not_there_is_told() -> None:
    cluster = kafka.shared()
    broker = await open_broker({CT_QUEUE: f"kafka://{cluster.bootstrap}/absent-{uuid4().hex}"})
    (setting,) = await broker.settle(change=False)
    assert (setting.state, setting.fix) == ("missing", "fluent-connect queues ensure")
    await broker.close()


async def test_a_cluster_that_is_away_is_told() -> None:
    broker = await open_broker({CT_QUEUE: "kafka://127.0.0.1:1/topic"})
    with pytest.raises(StoreError, match="take from topic: "):
        await broker.take(CT_QUEUE, 1, 0.0)
    with pytest.raises(StoreError, match="put on topic: "):
        await broker.put(CT_QUEUE, parcel("p1"))
    await broker.close()


# --- partitions that move


async def _joined(broker: KafkaBroker) -> list[Delivery]:
    """Be the second member of the group; return what is taken first.

    The mock cluster refuses a member that asks for its partitions after the leader has told who
    gets which, as no Kafka does: so the leader, the first member, is answered later.
    """
    while True:
        kafka.shared().answer(kafka.JOIN_GROUP, (0, 0), (0, 1000))
        with suppress(StoreError):
            return await _some(broker)


async def _some(broker: KafkaBroker) -> list[Delivery]:
    """Take until something comes, then all there is."""
    async with asyncio.timeout(30):
        while not (first := await broker.take(CT_QUEUE, 64, 0.2)):
            pass
    return [*first, *await _all(broker)]


def _ids(*deliveries: Delivery) -> set[str]:
    return {each.parcel.id for each in deliveries}


@pytest.mark.timeout(90)
async def test_partitions_that_move_take_what_is_in_hand_with_them(
    broker: KafkaBroker, places: dict[str, str]
) -> None:
    sent = [parcel(f"{lane}{i}", f"lane {lane}") for i in range(4) for lane in "abcdefghij"]
    await broker.put(CT_QUEUE, *sent)
    held = await _all(broker)
    done = [each for each in held if each.parcel.id[1] in "02"]
    await broker.ack(*done)
    certain = await broker.depth(CT_QUEUE)
    other = await open_broker(places)
    theirs = await _joined(other)
    assert await broker.renew(*held) == [False] * 40
    await broker.ack(*held)
    await broker.release(*held)
    ours = await _some(broker)
    assert not _ids(*ours) & _ids(*theirs)
    assert _ids(*held) - _ids(*done) <= _ids(*ours, *theirs)
    assert len(ours) + len(theirs) == certain
    await broker.ack(*ours)
    await broker.close()
    rest = await _some(other)
    assert _ids(*rest) == _ids(*theirs)
    assert await other.renew(*theirs) == [False] * len(theirs)
    await other.ack(*rest)
    assert await other.depth(CT_QUEUE) == 0
    await other.close()


# --- a cluster that goes away


@pytest.fixture
def cluster() -> Iterator[kafka.Cluster]:
    cluster = kafka.Cluster()
    yield cluster
    cluster.stop()


@pytest.mark.timeout(120)
async def test_a_cluster_that_goes_away_loses_nothing_and_is_told(
    cluster: kafka.Cluster, tmp_path: Path
) -> None:
    places = kafka.urls("private", CT_QUEUE, EVENT_QUEUE, partitions=4, cluster=cluster)
    async with Journal(tmp_path, "kafka", places) as journal:
        await journal.put("a", 40)
        cluster.down()
        await asyncio.wait_for(until(lambda: journal.puts("b")), 60)
        assert "kafka" in str(journal.trouble)
        cluster.up()
        await journal.put("c", 40)
        await arrived_once(journal, {"a": 40, "b": journal.count("b"), "c": 40})


async def _emptied(broker: KafkaBroker) -> bool:
    """Take and acknowledge, as far as the cluster is there; say whether nothing is left."""
    with suppress(StoreError):
        await broker.ack(*await broker.take(CT_QUEUE, 64, 0.1))
        return not await broker.depth(CT_QUEUE)
    return False


@pytest.mark.timeout(120)
async def test_a_commit_to_a_cluster_that_is_away_ends_in_time_and_is_made_up_for(
    cluster: kafka.Cluster,
) -> None:
    places = kafka.urls("private", CT_QUEUE, cluster=cluster)
    broker = await open_broker(places)
    await broker.put(CT_QUEUE, *(parcel(f"p{i}", "one lane") for i in range(3)))
    taken = await _all(broker)
    cluster.down()
    with pytest.raises(StoreError, match=r"commit to private\.ct-queue: "):
        await asyncio.wait_for(broker.ack(*taken), 60)
    cluster.up()
    async with asyncio.timeout(60):
        await until(lambda: _emptied(broker))
    await broker.close()


async def test_what_is_found_is_handed_on_though_the_search_for_more_fails(
    cluster: kafka.Cluster,
) -> None:
    broker = await open_broker(kafka.urls("private", CT_QUEUE, cluster=cluster))
    await broker.put(CT_QUEUE, parcel("p1"))
    assert _ids(*await _all(broker)) == {"p1"}
    cluster.answer(kafka.LIST_OFFSETS, *[(kafka.REFUSED, 0)] * 400)
    await broker.put(CT_QUEUE, parcel("p2"))
    found: list[Delivery] = []
    async with asyncio.timeout(20):
        while not found:
            with suppress(StoreError):
                found = [*await broker.take(CT_QUEUE, 64, 0.0)]
    assert _ids(*found) == {"p2"}
    await broker.close()
