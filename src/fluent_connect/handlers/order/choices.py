"""The fulfilment choices of Fluent's createOrder."""

from collections.abc import Iterator, Sequence

from fluent_connect.clients.commercetools.model import Address
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.commercetools.shipping import ShippingInfo
from fluent_connect.clients.fluent.model import Parent
from fluent_connect.handlers.order.amounts import Costs
from fluent_connect.handlers.order.destinations import Destination, Plan
from fluent_connect.handlers.order.shares import Share
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.address import phone, postal
from fluent_connect.mapping.text import cut, fits, whole
from fluent_connect.model.errors import UnprocessableError

_REF = 255
_PHONE = 255
_FULFILMENT = {"HD": "HD_PFS", "CC": "CC_PFS"}


def order_type(plan: Plan, settings: Settings) -> str:
    """Return Fluent's type of the order: never HD or CC for what is both, or several."""
    kinds = [each.kind for each in plan.destinations]
    kind = kinds[0] if len(kinds) == 1 else "MULTI"
    found = settings.order_types.get(kind)
    if not found:
        raise UnprocessableError(f"order-types has no {kind} for an order that goes {kinds}")
    return found


def choice_ref(order: Order, destination: Destination) -> str:
    """Return what a fulfilment choice, and its delivery address, is called."""
    return whole(f"{order.id}-{destination.key}", _REF, "the ref of a fulfilment choice")


def choices(order: Order, plan: Plan, costs: Costs, settings: Settings) -> list[dict[str, object]]:
    """Return one fulfilment choice for each destination."""
    return [
        _choice(order, destination, share, costs, settings)
        for destination, share in zip(plan.destinations, costs.destinations, strict=True)
    ]


def location_parents(destinations: Sequence[Destination]) -> Iterator[Parent]:
    """Yield the pickup locations, which commercetools cannot send."""
    for pickup in dict.fromkeys(each.pickup for each in destinations):
        if pickup is not None:
            yield Parent("location", pickup)


def _choice(
    order: Order, destination: Destination, share: Share, costs: Costs, settings: Settings
) -> dict[str, object]:
    return {
        "ref": choice_ref(order, destination),
        "type": destination.kind,
        "currency": costs.scale.currency,
        "deliveryType": _delivery_type(destination.shipment.info, settings),
        "fulfilmentType": _FULFILMENT[destination.kind],
        "fulfilmentPrice": money.number(share.net, costs.digits),
        "fulfilmentTaxPrice": money.number(share.tax, costs.digits),
        **_recipient(order, destination),
        **_end(order, destination, settings),
    }


def _end(order: Order, destination: Destination, settings: Settings) -> dict[str, object]:
    """Return the pickup location, or the delivery address."""
    if destination.pickup is not None:
        return {"pickupLocationRef": whole(destination.pickup, _REF, "a pickup location")}
    address = destination.shipment.address
    if address is not None:
        return {"deliveryAddress": {"ref": choice_ref(order, destination), **postal(address)}}
    if settings.missing_address == "dead":
        raise UnprocessableError(f"order {order.id} has neither address nor pickup location")
    return {}


def _recipient(order: Order, destination: Destination) -> dict[str, object]:
    address = destination.shipment.address or order.billing_address or Address()
    found = {
        "deliveryFirstName": cut(address.first_name, 255),
        "deliveryLastName": cut(address.last_name, 255),
        "deliveryContact": phone(address, _PHONE),
        "deliveryEmail": fits(address.email, 255) or fits(order.customer_email, 255),
        "deliveryInstruction": cut(address.additional_address_info, 255),
    }
    return {name: value for name, value in found.items() if value is not None}


def _delivery_type(info: ShippingInfo | None, settings: Settings) -> str:
    """Return Fluent's word for the shipping method, by its key, else by its name."""
    method = info.shipping_method if info else None
    names = (
        method.obj.key if method and method.obj else None,
        method.key if method else None,
        info.shipping_method_name if info else None,
        "*",
    )
    table = settings.delivery_types
    return next((table[name] for name in names if name and name in table), "STANDARD")
