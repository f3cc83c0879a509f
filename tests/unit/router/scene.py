"""What the router's tests share: an order, a delivery, a hand that takes it to the bench."""

from typing import Any

import msgspec

from fluent_connect.model.fact import Fact
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery
from fluent_connect.testing.bench import Bench, Result
from unit.router.handlers import Json

O1 = Reference("order", "o1")


def order(version: int = 1, **fields: Any) -> Json:
    return {"id": "o1", "version": version, "lineItems": [], **fields}


async def hand(bench: Bench, message: Message, payload: Json | None = None) -> Result:
    await bench.put(message, payload)
    result = await bench.step()
    assert result is not None
    return result


def delivery(message: Message | bytes, *, tries: int = 1) -> Delivery:
    body = message if isinstance(message, bytes) else msgspec.json.encode(message)
    parcel = Parcel("n.0", "lane", body, headers={"traceparent": "00-1"}, origin="n")
    return Delivery(EVENT_QUEUE, parcel, tries, None, "lease", 2e9)


def facts(found: Any, type_: type[Fact]) -> list[Any]:
    return [fact for fact in found if isinstance(fact, type_)]
