"""Kafka itself, by librdkafka's mock cluster: commits, partitions that move, topics that go."""

import asyncio
from collections.abc import AsyncIterator, Iterator
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
