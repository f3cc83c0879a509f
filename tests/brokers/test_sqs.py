"""SQS itself, by moto's server: batches, failures of single entries, visibility, dead letters."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer

from contracts.scene import parcel
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.engines.sqs import SqsBroker, open_broker
from fluent_connect.queues.engines.sqs.address import Address
from fluent_connect.queues.engines.sqs.link import Link
from fluent_connect.queues.engines.sqs.messages import calls
from fluent_connect.queues.label import fits, wire
from fluent_connect.queues.store import Delivery, Setting, StoreError
from peers import sqs


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def unmade(endpoint: str) -> AsyncIterator[SqsBroker]:
    """Return a broker whose queues nobody has made: ct-queue standard, event-queue FIFO."""
    places = sqs.urls(f"t{uuid4().hex[:12]}", CT_QUEUE, EVENT_QUEUE, endpoint=endpoint)
    broker = await open_broker(places)
    yield broker
    await broker.close()


@pytest.fixture
async def broker(unmade: SqsBroker) -> SqsBroker:
    await unmade.settle(change=True)
    return unmade


async def _client(broker: SqsBroker, queue: str = CT_QUEUE) -> tuple[Any, str]:
    """Return somebody else's client, and the queue's own URL."""
    place = broker._places[queue]
    link = broker._link(place)
    return await link.client(), await link.url(place)


async def _states(broker: SqsBroker, *, change: bool) -> dict[str, Setting]:
    name = broker._places[CT_QUEUE].queue
    found = await broker.settle(change=change)
    return {each.what.replace(name, "Q"): each for each in found if each.queue == CT_QUEUE}


def _sent(id: str, key: str = "", body: bytes = b"{}") -> Parcel:
    return wire(parcel(id, key, body=body), f"put-{id}", SqsBroker({}).capabilities)


async def test_a_queue_that_was_never_there_is_not_made_by_use(unmade: SqsBroker) -> None:
    with pytest.raises(StoreError, match="fluent-connect queues ensure"):
        await unmade.put(CT_QUEUE, _sent("p1"))
    with pytest.raises(StoreError, match="fluent-connect queues ensure"):
        await unmade.take(CT_QUEUE, 1, 0.0)


@pytest.mark.parametrize("queue", [CT_QUEUE, EVENT_QUEUE])
async def test_more_than_ten_go_and_come_in_batches(broker: SqsBroker, queue: str) -> None:
    sent = [_sent(f"p{i}", f"lane{i}", b"x" * i) for i in range(25)]
    assert list(await broker.put(queue, *sent)) == [None] * 25
    taken: list[Delivery] = []
    while found := await broker.take(queue, 64, 0.0):
        taken += found
    assert {each.parcel.id: each.parcel.body for each in taken} == {
        each.id: each.body for each in sent
    }
    assert taken[0].parcel.headers == sent[int(taken[0].parcel.id[1:])].headers
    await broker.ack(*taken)
    assert await broker.depth(queue) == 0


def test_a_call_carries_ten_and_256_kib_at_most() -> None:
    large = [Parcel(str(i), "", b"x" * 100_000) for i in range(3)]
    small = [Parcel(str(i), "", b"x") for i in range(23)]
    assert [len(each) for each in calls(large)] == [2, 1]
    assert [len(each) for each in calls(small)] == [10, 10, 3]
    assert [place for each in calls([*small, *large]) for place in each] == list(range(26))


async def test_the_largest_body_that_fits_is_taken(broker: SqsBroker) -> None:
    size = 200_000
    while fits(_sent("größe/✓", body=b"\xff" * size), broker.capabilities) is False:
        size -= 3
    largest = _sent("größe/✓", body=b"\xff" * size)
    assert not fits(_sent("größe/✓", body=b"\xff" * (size + 3)), broker.capabilities)
    assert list(await broker.put(CT_QUEUE, largest)) == [None]
    (delivery,) = await broker.take(CT_QUEUE, 1, 0.0)
    assert delivery.parcel.body == largest.body
    assert delivery.parcel.id == "größe/✓"


async def test_one_put_that_is_sent_twice_arrives_once_in_a_fifo_queue(broker: SqsBroker) -> None:
    await broker.put(EVENT_QUEUE, _sent("p1", "lane ✓" * 50))
    await broker.put(EVENT_QUEUE, _sent("p1", "lane ✓" * 50), _sent("p2", "lane ✓" * 50))
    taken = list(await broker.take(EVENT_QUEUE, 10, 0.0))
    await broker.ack(*taken)
    taken += await broker.take(EVENT_QUEUE, 10, 0.0)
    assert [each.parcel.id for each in taken] == ["p1", "p2"]


class _Refusing:
    """A client whose service takes some entries of a batch, and not others."""

    def __init__(self, code: str) -> None:
        self._code = code

    async def answer(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        failed = [{"Id": each["Id"], "Code": self._code, "Message": "no"} for each in Entries[1:2]]
        return {"Successful": [], "Failed": failed}

    send_message_batch = delete_message_batch = change_message_visibility_batch = answer


class _Link(Link):
    def __init__(self, code: str) -> None:
        super().__init__(None, None)
        self._refusing = _Refusing(code)

    async def client(self) -> Any:
        return self._refusing

    async def url(self, place: Address) -> str:
        return place.queue


def _refusing(code: str) -> tuple[SqsBroker, list[Delivery]]:
    broker = SqsBroker({CT_QUEUE: Address("q", "q-dlq")})
    broker._links[None, None] = _Link(code)
    sent = [_sent(f"p{i}") for i in range(3)]
    return broker, [Delivery(CT_QUEUE, each, 1, None, each.id, 0.0) for each in sent]


async def test_an_entry_that_fails_fails_alone() -> None:
    broker, deliveries = _refusing("InternalError")
    errors = await broker.put(CT_QUEUE, *(each.parcel for each in deliveries))
    assert [str(each) for each in errors] == ["None", "not kept: InternalError: no", "None"]
    with pytest.raises(StoreError, match="1 of 3 not answered: InternalError"):
        await broker.ack(*deliveries)


async def test_a_lease_that_has_run_out_is_lost_and_no_error() -> None:
    broker, deliveries = _refusing("ReceiptHandleIsInvalid")
    await broker.ack(*deliveries)
    assert await broker.renew(*deliveries) == [True, False, True]


async def test_what_is_released_comes_again_and_its_old_lease_is_lost(broker: SqsBroker) -> None:
    await broker.put(CT_QUEUE, _sent("p1"))
    (first,) = await broker.take(CT_QUEUE, 1, 0.0)
    assert await broker.renew(first) == [True]
    await broker.release(first)
    (second,) = await broker.take(CT_QUEUE, 1, 0.0)
    assert second.parcel == first.parcel
    await broker.ack(second)
    assert await broker.renew(second) == [False]
    await broker.ack(second)


async def test_a_queue_that_is_deleted_is_made_again(broker: SqsBroker) -> None:
    client, url = await _client(broker)
    await broker.put(CT_QUEUE, _sent("p1"))
    await client.delete_queue(QueueUrl=url)
    with pytest.raises(StoreError, match="was deleted; it is made again"):
        await broker.take(CT_QUEUE, 1, 0.0)
    assert await broker.take(CT_QUEUE, 1, 0.0) == []
    assert list(await broker.put(CT_QUEUE, _sent("p2"))) == [None]
    assert (await _states(broker, change=False))["Q RedrivePolicy"].state == "ok"


async def test_what_commercetools_puts_itself_keeps_its_body_and_the_id_of_sqs(
    broker: SqsBroker,
) -> None:
    client, url = await _client(broker)
    body = '{"notificationType": "Message", "größe": "✓"}'
    told = {"ce-type": {"DataType": "String", "StringValue": "t"}}
    await client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=told)
    (first,) = await broker.take(CT_QUEUE, 10, 0.0)
    assert first.parcel.body == body.encode()
    assert first.parcel.headers == {"ce-type": "t"}
    await broker.release(first)
    (again,) = await broker.take(CT_QUEUE, 10, 0.0)
    assert again.parcel.id == first.parcel.id


async def test_queues_are_made_once_and_then_as_they_should_be(unmade: SqsBroker) -> None:
    missing = await _states(unmade, change=False)
    assert missing["queue Q"].state == "missing"
    made = await _states(unmade, change=True)
    assert {each.state for each in made.values()} == {"made", "ok"}
    again = await _states(unmade, change=True)
    assert {each.state for each in again.values()} == {"ok"}
    client, url = await _client(unmade)
    attributes = (await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))[
        "Attributes"
    ]
    assert attributes["MessageRetentionPeriod"] == "1209600"
    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith("ct-queue-dlq")
    assert int(policy["maxReceiveCount"]) == 50


async def test_a_queue_that_somebody_made_is_told_and_set_right(unmade: SqsBroker) -> None:
    place = unmade._places[CT_QUEUE]
    client = await unmade._link(place).client()
    await client.create_queue(QueueName=place.queue, Attributes={"MessageRetentionPeriod": "60"})
    found = await _states(unmade, change=False)
    assert found["Q MessageRetentionPeriod"].state == "doubt"
    assert "commercetools" in found["Q MessageRetentionPeriod"].lost
    assert found["Q RedrivePolicy"].found == "not set"
    mended = await _states(unmade, change=True)
    assert mended["Q MessageRetentionPeriod"].state == mended["Q RedrivePolicy"].state == "made"
    again = await _states(unmade, change=False)
    assert {each.state for each in again.values()} == {"ok"}


async def test_what_sqs_gave_up_is_counted(broker: SqsBroker) -> None:
    place = broker._places[CT_QUEUE]
    client, _ = await _client(broker)
    dead = (await client.get_queue_url(QueueName=place.dlq))["QueueUrl"]
    await client.send_message(QueueUrl=dead, MessageBody="x")
    setting = (await _states(broker, change=False))["given up by SQS"]
    assert (setting.state, setting.found) == ("doubt", "1")


async def test_a_server_that_is_away_is_told() -> None:
    broker = await open_broker({CT_QUEUE: "sqs://q?region=eu-west-1&endpoint=http://127.0.0.1:1"})
    with pytest.raises(StoreError, match="q: "):
        await broker.take(CT_QUEUE, 1, 0.0)
    (error,) = await broker.put(CT_QUEUE, _sent("p1"))
    assert isinstance(error, StoreError)
    await broker.close()
