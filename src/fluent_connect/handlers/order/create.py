"""An order becomes an order in Fluent: created once, never updated here."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from fluent_connect.clients.commercetools.customer import EXPAND as CUSTOMER
from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.payment import Payment
from fluent_connect.clients.fluent.model import Parent, Upsert
from fluent_connect.handlers.customer_input import known_username
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.handlers.order.creation import IDENTITY, creation
from fluent_connect.handlers.order.export import (
    ExportedOrder,
    as_type,
    candidates,
    is_left_out,
    kept_back,
    order_ref,
)
from fluent_connect.handlers.order.sources import TARGETS
from fluent_connect.handlers.order.transactions import PaymentGoneError, payments
from fluent_connect.mapping.rules.target import Target
from fluent_connect.mapping.text import clean
from fluent_connect.model.errors import RetryableError, Skip, UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_EXPAND = (
    "paymentInfo.payments[*]",
    "shippingInfo.shippingMethod",
    "shipping[*].shippingInfo.shippingMethod",
    "lineItems[*].supplyChannel",
    "lineItems[*].distributionChannel",
)


class OrderCreateHandler(MessageHandler[ExportedOrder]):
    """Create an order in Fluent, once it may start fulfilment, and its customer if need be."""

    name: ClassVar[str] = "OrderCreateHandler"
    targets: ClassVar[Mapping[str, Target]] = TARGETS

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[ExportedOrder]:
        """Read the order, its payments and its customer; wait for an order number."""
        if message.resource is None:
            raise UnprocessableError("the message names no order")
        settings = context.settings
        expand = (*_EXPAND, *settings.expand_order)
        order = await context.commercetools.get(message.resource, ExportedOrder, expand=expand)
        if order is None:
            return Fetched(None, None)
        if kept_back(order, message.kind, settings, as_type(message, settings)):
            return Fetched(order, order.version)
        _await_number(order, message, context)
        order = await _with_payments(order, context)
        if order.customer_id:
            customer = Reference("customer", order.customer_id)
            found = await context.commercetools.get(customer, Customer, expand=CUSTOMER)
            name = await known_username(found, context) if found else None
            order = msgspec.structs.replace(order, buyer=found, buyer_known_as=name)
        return Fetched(order, order.version, dependencies=_dependencies(order))

    def map(
        self, resource: ExportedOrder, message: Message, context: MapContext
    ) -> Iterable[Change]:
        """Return the order to create. Raise Skip if it must not be, or nothing in it ships."""
        order, settings = resource, context.settings
        reason = kept_back(order, message.kind, settings, as_type(message, settings))
        if reason:
            raise Skip(reason, for_good=is_left_out(message.kind, settings))
        ref = order_ref(order, settings)
        made = creation(order, ref, message, context)
        return [
            Upsert(
                entity="order",
                ref=ref,
                create=made.input,
                candidates=candidates(order, ref),
                identity=(IDENTITY, order.id),
                parents=(
                    *made.parents,
                    Parent("catalogue", settings.catalogue),
                    Parent("retailer", context.retailer),
                ),
            )
        ]


def _dependencies(order: ExportedOrder) -> dict[str, int]:
    """Return the versions of the payments and the customer that were read with the order."""
    found = {f"payment/{each.id}": each.version for each in payments(order)}
    if order.buyer is not None:
        found[f"customer/{order.buyer.id}"] = order.buyer.version
    return found


def _await_number(order: ExportedOrder, message: Message, context: HandlerContext) -> None:
    """Raise if the order is to be called by a number that it has not got: later, or for good."""
    settings = context.settings
    if settings.order_ref == "id" or clean(order.order_number):
        return
    left = _created(order) + settings.order_number_deadline - context.clock()
    told = f"order {order.id} has no order number (version {order.version}, {message.kind})"
    if left <= 0:
        raise UnprocessableError(f"{told}, and waited {settings.order_number_deadline:.0f} s")
    wait = min(settings.order_number_wait, left)
    raise RetryableError(f"{told} yet", retry_after=wait, counts=False)


def _created(order: ExportedOrder) -> float:
    try:
        moment = dt.datetime.fromisoformat(order.created_at or "")
    except ValueError:
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return aware.timestamp()


async def _with_payments(order: ExportedOrder, context: HandlerContext) -> ExportedOrder:
    """Return the order with those payments that were not expanded read one by one."""
    info = order.payment_info
    if info is None or all(link.obj for link in info.payments):
        return order
    links = [
        link
        if link.obj
        else msgspec.structs.replace(link, obj=await _payment(link.id, order, context))
        for link in info.payments
    ]
    read = msgspec.structs.replace(info, payments=links)
    return msgspec.structs.replace(order, payment_info=read)


async def _payment(id_: str, order: ExportedOrder, context: HandlerContext) -> Payment:
    """Return a payment. Raise PaymentGoneError if it is not there; a missing scope is an outage."""
    found = await context.commercetools.get(Reference("payment", id_), Payment)
    if found is None:
        raise PaymentGoneError(
            f"order {order.id} refers to payment {id_}, which commercetools does not have"
        )
    return found
