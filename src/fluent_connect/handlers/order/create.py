"""An order becomes an order in Fluent: created once, never updated here."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.payment import Payment
from fluent_connect.clients.fluent.model import Parent, Upsert
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.handlers.order.amounts import Costs, settle
from fluent_connect.handlers.order.buyer import buyer
from fluent_connect.handlers.order.choices import (
    choice_ref,
    choices,
    location_parents,
    order_type,
)
from fluent_connect.handlers.order.destinations import Plan, plan
from fluent_connect.handlers.order.export import (
    ExportedOrder,
    candidates,
    is_history,
    is_left_out,
    kept_back,
    order_ref,
)
from fluent_connect.handlers.order.items import items, product_parents
from fluent_connect.handlers.order.transactions import payments, transactions
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.address import postal
from fluent_connect.mapping.attributes import attributes
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

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[ExportedOrder]:
        """Read the order, its payments and its customer; wait for an order number."""
        if message.resource is None:
            raise UnprocessableError("the message names no order")
        settings = context.settings
        order = await context.commercetools.get(message.resource, ExportedOrder, expand=_EXPAND)
        if order is None:
            return Fetched(None, None)
        if kept_back(order, message.kind, settings):
            return Fetched(order, order.version)
        _await_number(order, message, context)
        order = await _with_payments(order, context)
        if order.customer_id:
            customer = Reference("customer", order.customer_id)
            found = await context.commercetools.get(customer, Customer)
            order = msgspec.structs.replace(order, buyer=found)
        return Fetched(order, order.version, dependencies=_dependencies(order))

    def map(
        self, resource: ExportedOrder, message: Message, context: MapContext
    ) -> Iterable[Change]:
        """Return the order to create. Raise Skip if it must not be, or nothing in it ships."""
        order, settings = resource, context.settings
        reason = kept_back(order, message.kind, settings)
        if reason:
            raise Skip(reason, for_good=is_left_out(message.kind, settings))
        shipping = plan(order, settings)
        costs = settle(order, shipping, settings)
        ref = order_ref(order, settings)
        return [
            Upsert(
                entity="order",
                ref=ref,
                create=_input(order, ref, shipping, costs, message=message, context=context),
                candidates=candidates(order, ref),
                identity=("commercetoolsOrderId", order.id),
                parents=(
                    *product_parents(shipping, costs),
                    *location_parents(shipping.destinations),
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
        return 0.0
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
        else msgspec.structs.replace(
            link, obj=await context.commercetools.get(Reference("payment", link.id), Payment)
        )
        for link in info.payments
    ]
    read = msgspec.structs.replace(info, payments=links)
    full = msgspec.structs.replace(order, payment_info=read)
    payments(full)
    return full


def _input(
    order: ExportedOrder,
    ref: str,
    shipping: Plan,
    costs: Costs,
    *,
    message: Message,
    context: MapContext,
) -> dict[str, object]:
    settings = context.settings
    made = choices(order, shipping, costs, settings)
    single = len(made) == 1
    refs = {} if single else {each.key: choice_ref(order, each) for each in shipping.destinations}
    found = {
        "ref": ref,
        "type": _type(shipping, message, settings),
        "retailer": {"id": context.retailer},
        "customer": {"id": buyer(order, context)},
        **_totals(costs, settings),
        "billingAddress": postal(order.billing_address) if order.billing_address else None,
        "fulfilmentChoice": made[0] if single else None,
        "fulfilmentChoices": None if single else made,
        "items": items(shipping, costs, settings, refs),
        "financialTransactions": transactions(payments(order), settings),
        "attributes": attributes(_told(order, costs)),
    }
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def _type(shipping: Plan, message: Message, settings: Settings) -> str:
    if not is_history(message.kind, settings):
        return order_type(shipping, settings)
    if not settings.inert_order_types:
        raise UnprocessableError("import-orders: history needs a type in inert-order-types")
    return settings.inert_order_types[0]


def _totals(costs: Costs, settings: Settings) -> dict[str, object]:
    gross = costs.total.tax if settings.item_prices.startswith("gross") else 0
    return {
        "totalPrice": money.number(costs.total.net + gross, costs.digits),
        "totalTaxPrice": money.number(costs.total.tax, costs.digits),
    }


def _told(order: ExportedOrder, costs: Costs) -> Mapping[str, object]:
    """Return what else Fluent keeps of the order, as attributes."""
    discount = order.discount_on_total_price
    amount = discount.discounted_amount if discount else None
    off = money.units(amount, costs.digits) if amount else 0
    return {
        "commercetoolsId": order.id,
        "commercetoolsOrderId": order.id,
        "commercetoolsVersion": order.version,
        "orderNumber": order.order_number,
        "commercetoolsCustomerId": order.customer_id,
        "purchaseOrderNumber": order.purchase_order_number,
        "discountOnTotalPrice": money.text(off, costs.digits) if off else None,
        "customLines": [
            {
                "id": line.id,
                "slug": line.slug,
                "quantity": line.quantity,
                "net": money.text(share.net, costs.digits),
                "tax": money.text(share.tax, costs.digits),
            }
            for line, share in costs.noted
        ],
        "store": order.store.key if order.store else None,
        "locale": order.locale,
        "origin": order.origin,
    }
