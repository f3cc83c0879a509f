"""Messages read back from a store, with and without the body of their notification."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fluent_connect.app.config.load import load
from fluent_connect.app.discovery import discover
from fluent_connect.app.shadow.recorded import Recorded, Records
from fluent_connect.journal.messages import MessageRow
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, Parcel, Put
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.store import Write
from unit.app.conftest import ENVIRON

TOLD = {
    "notificationType": "Message",
    "id": "n-1",
    "type": "OrderCreated",
    "resource": {"typeId": "order", "id": "o-1"},
    "resourceVersion": 3,
    "sequenceNumber": 1,
    "resourceUserProvidedIdentifiers": {"orderNumber": "1234"},
}
ROW = MessageRow(
    id="u.0",
    unit="u",
    notification="u",
    name="commercetools.connect.order.create",
    account="ACME",
    retailer="7",
    type_id="order",
    resource="o-1",
    version=3,
    cause="notification",
    at=5.0,
    kind="OrderCreated",
    sequence=1,
    project_key="shop",
    repeats=2,
)


async def records(body: bytes | None, headers: Mapping[str, str] = {}) -> Records:
    store = MemoryStore()
    if body is not None:
        parcel = Parcel("u", "", body, dict(headers))
        await store.commit(Write(Outcome(puts=(Put(CT_QUEUE, parcel),))))
    config = load(None, (), ENVIRON)
    return Records(store, config, discover(config.packages, config.paths))


async def read(body: bytes | None, **headers: str) -> Recorded:
    return await (await records(body, headers)).message(ROW)


async def test_what_the_sender_said_beside_the_resource_is_read_from_the_body() -> None:
    found = await read(json.dumps(TOLD).encode())
    assert found.body
    message = found.message
    assert message.attributes == {"orderNumber": "1234"}
    assert message.resource == Reference("order", "o-1")
    assert (message.kind, message.version, message.sequence) == ("OrderCreated", 3, 1)
    assert (message.key, message.project_key) == ("ACME/7/order/o-1", "shop")


@pytest.mark.parametrize("body", [None, b"no JSON", b'{"no": "envelope"}'])
async def test_without_a_body_that_can_be_read_the_journal_tells_the_rest(
    body: bytes | None,
) -> None:
    found = await read(body)
    assert found.body == (body is not None)
    assert found.message.attributes == {}
    assert found.message.kind == "OrderCreated"
    assert (found.repeats, found.at, found.unit) == (2, 5.0, "u")


async def test_the_payload_is_what_came_in() -> None:
    async def payload(body: bytes | None) -> Any:
        return await (await records(body)).payload("u")

    assert await payload(json.dumps(TOLD).encode()) == TOLD
    assert await payload(b"[1]") is None
    assert await payload(b"no JSON") is None
    assert await payload(None) is None


async def test_a_message_of_an_external_door_is_read_by_that_door(tmp_path: Path) -> None:
    text = """\
fluent-connect:
  doors:
    carrier: { kind: external, keys: [k], name-from: "constant:carrier.told" }
"""
    (tmp_path / "application-connector.yml").write_text(text)
    config = load(tmp_path, (), ENVIRON)
    store = MemoryStore()
    body = json.dumps({"id": "x", "attributes": {"parcel": "9"}}).encode()
    parcel = Parcel("u", "", body, {"door": "carrier"})
    await store.commit(Write(Outcome(puts=(Put(CT_QUEUE, parcel),))))
    found = Records(store, config, discover(config.packages, config.paths))
    row = msgspec.structs.replace(ROW, cause="external", type_id="", resource="")
    message = (await found.message(row)).message
    assert message.resource is None
    assert message.key == "ACME/7/u.0"
    assert message.attributes
