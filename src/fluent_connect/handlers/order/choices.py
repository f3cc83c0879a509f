"""The fulfilment choices of Fluent's createOrder."""

from collections.abc import Iterable, Iterator, Sequence

from fluent_connect.clients.commercetools.model import Address
from fluent_connect.clients.commercetools.shipping import ShippingInfo
from fluent_connect.clients.fluent.model import Parent
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order.amounts import Costs
from fluent_connect.handlers.order.destinations import Destination, Plan
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.order.shares import Share
from fluent_connect.handlers.order.sources import AddressSource, Choice, ChoiceSource, Shipment
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.text import whole
from fluent_connect.model.errors import UnprocessableError

Filled = dict[str, object]
_REF = 255
_FULFILMENT = {"HD": "HD_PFS", "CC": "CC_PFS"}
_NOBODY = Address()


def order_type(plan: Plan, settings: Settings) -> str:
    """Return Fluent's type of the order: never HD or CC for what is both, or several."""
    kinds = [each.kind for each in plan.destinations]
    kind = "MULTI" if plan.several else kinds[0]
    found = settings.order_types.get(kind)
    if not found:
        ways = " and ".join(dict.fromkeys(kinds))
        raise UnprocessableError(f"it goes {ways}, and order-types has no type for {kind}: add one")
    return found


def choices(order: ExportedOrder, plan: Plan, costs: Costs, context: MapContext) -> list[Filled]:
    """Return one fulfilment choice for each destination."""
    made = [
        _choice(order, destination, share, costs, context)
        for destination, share in zip(plan.destinations, costs.destinations, strict=True)
    ]
    refs = [each["ref"] for each in made]
    if len(set(refs)) < len(refs):
        raise UnprocessableError(
            f"order {order.id}: two of its fulfilment choices have one ref:"
            f" {', '.join(map(str, refs))}"
        )
    return made


def location_parents(made: Iterable[Filled]) -> Iterator[Parent]:
    """Yield the pickup locations, which commercetools cannot send."""
    refs: Sequence[object] = [each.get("pickupLocationRef") for each in made]
    for ref in dict.fromkeys(refs):
        if ref is not None:
            yield Parent("location", str(ref))


def _choice(
    order: ExportedOrder,
    destination: Destination,
    share: Share,
    costs: Costs,
    context: MapContext,
) -> Filled:
    shipment, digits = destination.shipment, costs.digits
    ref = whole(f"{order.id}-{destination.key}", _REF, "the ref of a fulfilment choice")
    choice = Choice(
        ref=ref,
        type=destination.kind,
        fulfilment_type=_FULFILMENT[destination.kind],
        delivery_type=_delivery_type(shipment.info, context.settings),
        currency=costs.scale.currency,
        price=money.number(share.net, digits),
        tax=money.number(share.tax, digits),
        pickup=destination.pickup,
    )
    ways = Shipment(
        key=shipment.key, info=shipment.info, address=shipment.address, custom=shipment.custom
    )
    recipient = shipment.address or order.billing_address or _NOBODY
    fill = context.mapping.fill
    made = fill("fulfilment-choice", ChoiceSource(order, ways, recipient, choice))
    made.setdefault("ref", ref)
    if destination.pickup is None and shipment.address is not None:
        made["deliveryAddress"] = fill(
            "delivery-address", AddressSource(order, shipment.address, ref)
        )
    elif destination.pickup is None and context.settings.missing_address == "dead":
        raise UnprocessableError(f"order {order.id} has neither address nor pickup location")
    return made


def _delivery_type(info: ShippingInfo | None, settings: Settings) -> str | None:
    """Return Fluent's word for the shipping method, by its key, else by its name."""
    method = info.shipping_method if info else None
    names = (
        method.obj.key if method and method.obj else None,
        method.key if method else None,
        info.shipping_method_name if info else None,
        "*",
    )
    table = settings.delivery_types
    return next((table[name] for name in names if name and name in table), None)
