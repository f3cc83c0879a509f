"""What a partner's editor must see without a single complaint (pyright strict)."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, assert_type

import msgspec

from fluent_connect import (
    Event,
    Fetched,
    HandlerContext,
    JobHandler,
    MapContext,
    Message,
    MessageHandler,
    Mutation,
    Refresh,
    RetryableError,
    Skip,
    UnprocessableError,
    Update,
    Upsert,
)
from fluent_connect.jobs.job_handler import JobContext, Page, Window
from fluent_connect.model.notification import Reference
from fluent_connect.testing.bench import Bench, Result
from fluent_connect.testing.deliver import deliver


class Shipment(msgspec.Struct):
    """A partner's own view of a resource."""

    id: str
    version: int
    carrier: str | None = None


class ShipmentHandler(MessageHandler[Shipment]):
    name = "ShipmentHandler"
    priority = 5
    kind = "event"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Shipment]:
        if message.resource is None:
            raise UnprocessableError("no resource")
        found = await context.commercetools.get(message.resource, Shipment, expand=["carrier"])
        assert_type(found, Shipment | None)
        if found is None:
            raise RetryableError("not there yet", retry_after=5.0, counts=False)
        assert_type(await context.payload(), Mapping[str, object] | None)
        return Fetched(found, found.version)

    def map(
        self, resource: Shipment, message: Message, context: MapContext
    ) -> Iterable[Upsert | Mutation | Event | Update | Refresh]:
        if resource.carrier is None:
            raise Skip("no carrier")
        yield Upsert(entity="order", ref=resource.id, create={"ref": resource.id})
        yield Event(name="Shipped", entity_type="ORDER", entity_ref=resource.id)
        yield Mutation("updateOrder", {"id": 1})
        yield Update(Reference("order", resource.id), [{"action": "changeShipmentState"}])
        yield Refresh(Reference("order", resource.id))

    def gone(self, message: Message, context: MapContext) -> Iterable[Upsert]:
        return ()


class SweepHandler(JobHandler):
    name = "sweep"

    async def sweep(
        self, window: Window, cursor: str | None, context: JobContext
    ) -> AsyncIterator[Page]:
        async for order in context.commercetools.all("order", Shipment):
            assert_type(order, Shipment)
            yield Page(messages=(), cursor=order.id)


async def partner_test() -> None:
    result = await deliver(ShipmentHandler, resource={"id": "s1"}, type_id="order")
    assert_type(result, Result)
    assert_type(result.created, Mapping[str, Any])
    bench = Bench(ShipmentHandler(), ("carrier.shipped", ShipmentHandler))
    assert_type(await bench.step(), Result | None)
