import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.listener.envelopes import unwrap
from fluent_connect.model.errors import (
    ConnectError,
    MalformedError,
    Skip,
)
from fluent_connect.model.fact import Told
from fluent_connect.model.notification import Notification
from fluent_connect.model.outcome import Done, Skipped
from unit.listener.hearing import base, delivery, hear, listener, pubsub


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\xff",
        b"12",
        b"{}",
        b"[" * 100_000,
        {"notificationType": "Other"},
        base(notificationType="Message", id="m"),
        base(notificationType="ResourceCreated"),
        {"notificationType": "Event", "id": "e"},
        base(notificationType="ResourceCreated", version="1"),
        {"message": {"data": "no base64!"}},
        {"message": {}},
        {"specversion": "0.9", "id": "1", "source": "s", "type": "t", "data": {}},
        {"specversion": "1.0", "id": "", "source": "s", "type": "t", "data": {}},
        {"specversion": "1.0", "id": "1", "source": "s", "type": "t"},
        {"Type": "Notification", "TopicArn": "arn"},
    ],
)
async def test_what_cannot_be_read_is_malformed(spoilt: object) -> None:
    with pytest.raises(MalformedError):
        await hear(spoilt)


async def test_identifiers_of_the_wrong_type_are_malformed(
    order_created: Mapping[str, object],
) -> None:
    outcome = await hear({**order_created, "resourceUserProvidedIdentifiers": 1})
    assert isinstance(outcome.error, MalformedError)
    odd = await hear({**order_created, "resourceUserProvidedIdentifiers": {"orderNumber": 1}})
    assert odd.fate == Done("1 message")


def cloud(data: object) -> dict[str, object]:
    event = {"specversion": "1.0", "id": "1", "source": "/shop/orders", "type": "t"}
    return {**event, "data": data}


async def test_every_wrapper_is_taken_off_also_one_in_another(
    order_created: Mapping[str, object],
) -> None:
    text = json.dumps(order_created)
    binary = {**cloud(None), "data_base64": base64.b64encode(text.encode()).decode()}
    del binary["data"]
    wrapped: list[object] = [
        cloud(order_created),
        binary,
        pubsub(order_created),
        pubsub(cloud(order_created)),
        [cloud(order_created)],
        b"\xef\xbb\xbf" + text.encode(),
        {"Type": "Notification", "TopicArn": "arn", "Message": text},
        {"detail-type": "OrderCreated", "detail": order_created},
        {"eventType": "OrderCreated", "data": order_created, "topic": "t"},
        pubsub(pubsub(pubsub(pubsub(order_created)))),
    ]
    for body in wrapped:
        assert (await hear(body)).fate == Done("1 message"), body
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": "t"}
    binary_mode = await hear(order_created, headers)
    assert binary_mode.fate == Done("1 message")
    with pytest.raises(MalformedError, match="wrapped more than 4"):
        await hear(pubsub(wrapped[-1]))


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
async def test_what_is_about_the_subscription_of_sns_alone_is_skipped(kind: str) -> None:
    with pytest.raises(Skip, match=f"{kind} of arn"):
        await hear({"Type": kind, "TopicArn": "arn"})
    with pytest.raises(MalformedError, match="sends no"):
        await hear({"Type": "Other", "TopicArn": "arn"})


async def test_a_batch_is_taken_whole_or_not_at_all(order_created: Mapping[str, object]) -> None:
    good = cloud(order_created)
    assert isinstance((await hear([good, good])).fate, Done)
    for bad in ({**good, "specversion": "0.9"}, {**good, "id": ""}, "text", 1, None, [good]):
        with pytest.raises(MalformedError):
            await hear([good, bad])


@pytest.mark.parametrize(
    "lacking", ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-Bad.name", "ce-time"]
)
async def test_in_binary_mode_the_headers_are_the_event(
    lacking: str, order_created: Mapping[str, object]
) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": "t"}
    if lacking == "ce-specversion":
        headers[lacking] = "0.9"
    elif headers.pop(lacking, None) is None:
        headers[lacking] = "lunchtime"
    with pytest.raises(MalformedError):
        await hear(order_created, headers)
    structured = {**headers, "content-type": "application/cloudevents+json"}
    assert (await hear(cloud(order_created), structured)).fate == Done("1 message")
    with pytest.raises(MalformedError, match="without data"):
        await hear(b"", {**headers, **_WHOLE} if lacking != "ce-Bad.name" else _WHOLE)


_WHOLE = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/shop",
    "ce-type": "t",
    "ce-time": "2018-04-05T17:31:00Z",
    "content-type": "application/json",
}


async def test_a_batch_has_ten_thousand_parts_at_most() -> None:
    assert (await hear(b"[" + b"{}," * 9_999 + b"{}]")).fate == Done("10000 parts")
    with pytest.raises(MalformedError, match="10000"):
        await hear(b"[" + b"{}," * 10_000 + b"{}]")


async def test_a_part_of_a_batch_is_no_batch_and_data_is_base64() -> None:
    with pytest.raises(MalformedError, match="batch in a batch"):
        await hear([[]], {"part": "0"})
    event = {**cloud(None), "data_base64": "no base64!"}
    del event["data"]
    with pytest.raises(MalformedError, match="not base64"):
        await hear(event)


async def test_what_is_called_message_need_not_be_pubsub() -> None:
    event = {**cloud({"message": "Hello"}), "message": "an extension"}
    with pytest.raises(MalformedError, match="no envelope"):
        await hear(event)
    assert unwrap(b'{"notificationType":"x","message":{"data":"!"}}') == (
        b'{"notificationType":"x","message":{"data":"!"}}',
    )


async def test_the_payload_can_be_read_whole(order_created: Mapping[str, object]) -> None:
    seen: list[Notification] = []

    class Looks(CTExternalMessageReceiver):
        def receive(self, notification: Notification) -> None:
            seen.append(notification)

    await listener(receiver=Looks())(delivery(order_created))
    assert dict(seen[0].payload) == order_created
    assert len(seen[0].payload) == len(order_created)


async def test_all_340_message_types_are_decided_with_and_without_payload(
    message_types: list[tuple[str, str]],
) -> None:
    assert len(message_types) == 340
    for index, (type_id, kind) in enumerate(message_types):
        common = base(
            notificationType="Message",
            id=f"m-{index}",
            version=1,
            sequenceNumber=1,
            resourceVersion=2,
            resource={"typeId": type_id, "id": "x"},
        )
        for left in (
            {"type": kind},
            {"payloadNotIncluded": {"reason": "Payload too large.", "payloadType": kind}},
        ):
            outcome = await hear({**common, **left})
            assert outcome.error is None
            told = outcome.facts[0]
            assert isinstance(told, Told)
            assert told.kind == kind
            assert isinstance(outcome.fate, Done | Skipped)


async def test_every_reference_payload_comes_to_an_end(shared: Path) -> None:
    folder = shared / "reference" / "payloads"
    read = 0
    for path in [*folder.glob("messages/*"), *folder.glob("subscriptions-envelopes/*")]:
        try:
            outcome = await hear(path.read_bytes())
        except MalformedError:
            assert path.name.startswith("ref-"), path.name
            continue
        read += 1
        assert outcome.error is None or "no account mapping" in str(outcome.error)
    assert read >= 20


async def test_public_vectors_never_bring_the_listener_down(shared: Path) -> None:
    bodies = [path.read_bytes() for path in (shared / "vectors" / "json").glob("*.json")]
    assert len(bodies) == 318
    bodies += [path.read_bytes() for path in (shared / "vectors" / "eventgrid-pubsub").glob("*")]
    for name, field in (("valid-events", "event"), ("invalid-events", "event")):
        tests = json.loads((shared / "vectors" / "cloudevents" / f"{name}.json").read_bytes())
        bodies += [json.dumps(test[field]).encode() for test in tests["tests"]]
    for body in bodies:
        try:
            outcome = await hear(body)
        except ConnectError:
            continue
        assert outcome.fate == Skipped("empty batch") or isinstance(outcome.fate, Done)
