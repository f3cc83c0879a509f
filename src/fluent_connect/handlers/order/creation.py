"""The whole input of Fluent's createOrder, put together of its parts."""

from collections.abc import Iterable, Sequence

import msgspec

from fluent_connect.clients.commercetools.line import CustomLineItem
from fluent_connect.clients.commercetools.order import DiscountCodeInfo
from fluent_connect.clients.fluent.model import Parent
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order.amounts import Costs, settle
from fluent_connect.handlers.order.buyer import buyer
from fluent_connect.handlers.order.choices import choices, location_parents, order_type
from fluent_connect.handlers.order.destinations import Plan, plan
from fluent_connect.handlers.order.export import ExportedOrder, as_type, is_history
from fluent_connect.handlers.order.items import items, product_parents
from fluent_connect.handlers.order.shares import Share
from fluent_connect.handlers.order.sources import AddressSource, Json, Made, OrderSource
from fluent_connect.handlers.order.transactions import (
    open_payments,
    payments,
    sorted_out,
    transactions,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message

Filled = dict[str, object]
IDENTITY = "commercetoolsOrderId"
"""The attribute by which Fluent's order is known as ours; no mapping file can take it away."""


class Creation(msgspec.Struct, frozen=True):
    """The input of createOrder, and what must be in Fluent before it."""

    input: Filled
    parents: Sequence[Parent]


def creation(order: ExportedOrder, ref: str, message: Message, context: MapContext) -> Creation:
    """Return what creates the order. Raise Skip if nothing in it ships.

    Raise UnprocessableError if it cannot be told to Fluent, with the order and the reason.
    """
    try:
        return _creation(order, ref, message, context)
    except UnprocessableError as error:
        if order.id not in str(error):
            error.args = (f"order {order.id}: {error}", *error.args[1:])
        raise


def _creation(order: ExportedOrder, ref: str, message: Message, context: MapContext) -> Creation:
    settings, fill = context.settings, context.mapping.fill
    shipping = plan(order, settings)
    costs = settle(order, shipping, settings)
    held, empty = sorted_out(payments(order))
    ways = choices(order, shipping, costs, context)
    refs = {
        each.key: str(way["ref"]) if shipping.several else None
        for each, way in zip(shipping.destinations, ways, strict=True)
    }
    sold = items(order, shipping, costs, context, refs)
    kind = _type(shipping, message, settings)
    made = _made(order, ref, kind, costs, settings)
    if empty:
        made = msgspec.structs.replace(made, open_payments=open_payments(empty))
    found = fill("order", OrderSource(order, made))
    found["ref"] = ref
    if is_history(message.kind, settings) or as_type(message, settings):
        found["type"] = kind
    found["retailer"] = {"id": context.retailer}
    found["customer"] = {"id": buyer(order, context)}
    if order.billing_address is not None:
        billing = AddressSource(order, order.billing_address, "")
        found["billingAddress"] = fill("billing-address", billing)
    if shipping.several:
        found["fulfilmentChoices"] = ways
    else:
        (found["fulfilmentChoice"],) = ways
    found["items"] = sold
    if held:
        found["financialTransactions"] = transactions(order, held, context)
    _identified(found, order)
    parents = (*product_parents(shipping, costs, sold), *location_parents(ways))
    return Creation(found, parents)


def _identified(found: Filled, order: ExportedOrder) -> None:
    """Have the order carry whose it is, whatever a mapping file says."""
    attributes = found.setdefault("attributes", [])
    if not isinstance(attributes, list):
        raise UnprocessableError(f"order {order.id}: its attributes are no list")
    ours = {"name": IDENTITY, "type": "STRING", "value": order.id}
    if ours not in attributes:
        attributes[:] = [each for each in attributes if each.get("name") != IDENTITY]
        attributes.append(ours)


def _type(shipping: Plan, message: Message, settings: Settings) -> str:
    wanted = as_type(message, settings)
    if wanted is not None:
        return wanted
    if not is_history(message.kind, settings):
        return order_type(shipping, settings)
    if not settings.inert_order_types:
        raise UnprocessableError("import-orders: history needs a type in inert-order-types")
    return settings.inert_order_types[0]


def _made(order: ExportedOrder, ref: str, kind: str, costs: Costs, settings: Settings) -> Made:
    total, digits, unit = costs.total, costs.digits, costs.scale
    gross = settings.item_prices.startswith("gross")
    discount = order.discount_on_total_price
    off = discount.discounted_amount if discount else None
    portions = order.taxed_price.tax_portions if order.taxed_price else ()
    return Made(
        ref=ref,
        type=kind,
        currency=unit.currency,
        net=money.number(total.net, digits),
        tax=money.number(total.tax, digits),
        gross=money.number(total.gross, digits),
        price=money.number(total.gross if gross else total.net, digits),
        discount=money.written(off) if off and off.cent_amount else None,
        custom_lines=_noted(costs.noted, digits),
        tax_portions=[
            {
                "rate": str(each.rate),
                "tax": money.written(each.amount),
                **({"label": each.name} if each.name else {}),
            }
            for each in portions
        ],
        discount_codes=[_code(each) for each in order.discount_codes],
    )


def _noted(noted: Iterable[tuple[CustomLineItem, Share]], digits: int) -> list[Json]:
    return [
        {
            "id": line.id,
            "slug": line.slug,
            "quantity": line.quantity,
            "net": money.text(share.net, digits),
            "tax": money.text(share.tax, digits),
            **({"custom": line.custom.fields} if line.custom and line.custom.fields else {}),
        }
        for line, share in noted
    ]


def _code(info: DiscountCodeInfo) -> Json:
    """Return a discount code: what was typed in, if it was expanded, else its id."""
    link = info.discount_code
    target = link.obj if link and isinstance(link.obj, dict) else {}
    return {"code": target.get("code") or (link.id if link else ""), "state": info.state or ""}
