"""A carrier tells us where a parcel is; Fluent hears of it as an event of the fulfilment."""

from collections.abc import Iterable, Mapping
from typing import Any

from fluent_connect import (
    Event,
    Fetched,
    HandlerContext,
    MapContext,
    Message,
    MessageHandler,
    UnprocessableError,
)


class CarrierHandler(MessageHandler[Mapping[str, Any]]):
    """There is nothing to fetch: what the carrier sent says all."""

    name = "CarrierHandler"
    kind = "event"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Mapping[str, Any]]:
        """Return what the carrier sent."""
        payload = await context.payload()
        if payload is None:
            raise UnprocessableError("what the carrier sent is no longer kept")
        return Fetched(payload, message.version)

    def map(
        self, resource: Mapping[str, Any], message: Message, context: MapContext
    ) -> Iterable[Event]:
        """Return one event for the parcel's fulfilment."""
        yield Event(
            name=f"Carrier{resource['status'].title()}",
            entity_type="FULFILMENT",
            entity_ref=resource["parcel"]["reference"],
            attributes={"carrier": context.props["carrier"], "at": resource["at"]},
        )
