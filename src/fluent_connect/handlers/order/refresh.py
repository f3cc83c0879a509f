"""A payment changed: the orders that it pays for are looked at again."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from fluent_connect.clients.commercetools.model import Head
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
    Refresh,
)
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_MOST = 100
"""Far more orders than a payment pays for."""


class OrderRefreshHandler(MessageHandler[Sequence[Reference]]):
    """Have the orders that refer to a payment go through the export gate again."""

    name: ClassVar[str] = "OrderRefreshHandler"

    async def fetch(
        self, message: Message, context: HandlerContext
    ) -> Fetched[Sequence[Reference]]:
        """Find the orders that refer to the payment."""
        if message.resource is None:
            raise UnprocessableError("the message names no payment")
        where = (f'paymentInfo(payments(typeId="payment" and id="{message.resource.id}"))',)
        found = await context.commercetools.query("order", Head, where=where, limit=_MOST)
        owners = [Reference("order", each.id) for each in found]
        return Fetched(owners, message.version, deleted=message.deletes)

    def map(
        self,
        resource: Sequence[Reference],
        message: Message,
        context: MapContext,  # noqa: ARG002
    ) -> Iterable[Change]:
        """Return a refresh for each order. Raise Skip if no order refers to the payment."""
        if not resource:
            raise Skip(f"no order refers to {message.resource}")
        return [Refresh(each) for each in sorted(resource, key=str)]
