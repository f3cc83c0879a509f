"""Where each piece of an order goes: to an address, or to a pickup location."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from fluent_connect.clients.commercetools.line import CustomLineItem, LineItem
from fluent_connect.clients.commercetools.model import Address, CustomFields
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.commercetools.shipping import ShippingInfo
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.text import clean
from fluent_connect.model.errors import Skip, UnprocessableError

_SHIP = "ship"


class Shipment(msgspec.Struct, frozen=True):
    """A way in which the order ships, as commercetools has it. `cost`: it is charged here."""

    key: str
    address: Address | None
    info: ShippingInfo | None
    custom: CustomFields | None
    cost: bool = True


class Destination(msgspec.Struct, frozen=True):
    """A fulfilment choice in the making: a shipment, and where it ends.

    `charges` are the shipping costs that it bears: its own, and those of shipments that nothing
    goes with.
    """

    key: str
    shipment: Shipment
    pickup: str | None
    charges: Sequence[ShippingInfo] = ()

    @property
    def kind(self) -> Literal["HD", "CC"]:
        """Say whether it is delivered home or collected."""
        return "HD" if self.pickup is None else "CC"


class Portion(msgspec.Struct, frozen=True):
    """So many pieces of a line that go to one destination, with one shipment."""

    line: LineItem
    ref: str
    quantity: int
    shipping_key: str
    to: str


class Plan(msgspec.Struct, frozen=True):
    """All destinations of an order, and what goes where.

    `several`: there are several, or the order ships so (Multiple), be it to one in the end.
    `homes`: of custom lines, by their id.
    """

    destinations: Sequence[Destination]
    portions: Sequence[Portion]
    several: bool
    homes: Mapping[str, str] = {}

    def home(self, line: CustomLineItem) -> str:
        """Return the key of the destination that a custom line belongs to: else the first."""
        return self.homes.get(line.id, self.destinations[0].key)


def plan(order: Order, settings: Settings) -> Plan:
    """Return where everything goes. Raise Skip if there is nothing that could ship."""
    lines = [line for line in order.line_items if line.quantity > 0]
    if not lines:
        raise Skip("no shippable line")
    shipments = _shipments(order)
    found: dict[tuple[str, str | None], list[Portion]] = {}
    for line in lines:
        targets = _targets(line, order, shipments)
        for key, quantity in targets.items():
            pickup = _pickup(line, shipments[key], order, settings)
            ref = line.id if len(targets) == 1 else f"{line.id}:{key}"
            portion = Portion(line, ref, quantity, key, "")
            found.setdefault((key, pickup), []).append(portion)
    destinations = _charged(_named(shipments, list(found)), shipments)
    portions = [
        msgspec.structs.replace(portion, to=destination.key)
        for destination in destinations
        for portion in found[destination.shipment.key, destination.pickup]
    ]
    several = len(destinations) > 1 or order.shipping_mode == "Multiple"
    return Plan(destinations, portions, several, dict(_homes(order, shipments, destinations)))


def _homes(
    order: Order, shipments: Mapping[str, Shipment], destinations: Sequence[Destination]
) -> Iterator[tuple[str, str]]:
    """Yield where each custom line belongs that says with which shipment it goes."""
    for line in order.custom_line_items:
        targets = line.shipping_details.targets if line.shipping_details else ()
        wanted = [(each.shipping_method_key, each.address_key) for each in targets]
        keys = [_shipment_key(each, order, shipments) for each in wanted]
        for each in destinations:
            if each.shipment.key in keys:
                yield line.id, each.key
                break


def _shipments(order: Order) -> dict[str, Shipment]:
    if order.shipping_mode == "Multiple":
        return {
            each.shipping_key: Shipment(
                each.shipping_key,
                each.shipping_address,
                each.shipping_info,
                each.shipping_custom_fields,
            )
            for each in order.shipping
        }
    info, custom = order.shipping_info, order.shipping_custom_fields
    found = {_SHIP: Shipment(_SHIP, order.shipping_address, info, custom)}
    for address in order.item_shipping_addresses:
        if address.key:
            found[address.key] = Shipment(address.key, address, info, custom, cost=False)
    return found


def _targets(line: LineItem, order: Order, shipments: Mapping[str, Shipment]) -> dict[str, int]:
    """Return how many pieces of the line go with which shipment."""
    targets = line.shipping_details.targets if line.shipping_details else ()
    found: dict[str, int] = {}
    for target in targets:
        if target.quantity > 0:
            wanted = (target.shipping_method_key, target.address_key)
            key = _shipment_key(wanted, order, shipments)
            if key is None:
                raise UnprocessableError(
                    f"line {line.id} ships to {wanted[0] or wanted[1]}, which the order has not"
                    if any(wanted)
                    else f"line {line.id} does not say with which shipment it goes"
                )
            found[key] = found.get(key, 0) + target.quantity
    if not found:
        return {_only(line, order, shipments): line.quantity}
    if sum(found.values()) != line.quantity:
        raise UnprocessableError(
            f"line {line.id}: shipping targets add up to {sum(found.values())} of {line.quantity}"
        )
    return found


def _shipment_key(
    wanted: tuple[str | None, str | None], order: Order, shipments: Mapping[str, Shipment]
) -> str | None:
    shipping_key, address_key = wanted
    if order.shipping_mode == "Multiple" and shipping_key in shipments:
        return shipping_key
    if order.shipping_mode != "Multiple" and address_key in shipments:
        return address_key
    if address_key is None:
        return None if order.shipping_mode == "Multiple" else _SHIP
    keys = [
        each.key for each in shipments.values() if each.address and each.address.key == address_key
    ]
    return keys[0] if len(keys) == 1 else None


def _only(line: LineItem, order: Order, shipments: Mapping[str, Shipment]) -> str:
    if order.shipping_mode != "Multiple":
        return _SHIP
    if len(shipments) == 1:
        return next(iter(shipments))
    raise UnprocessableError(f"line {line.id} does not say with which shipment it goes")


def _pickup(line: LineItem, shipment: Shipment, order: Order, settings: Settings) -> str | None:
    """Return the pickup location's ref from the first source that names one."""
    field = settings.pickup_field
    for source in settings.pickup_from:
        match source:
            case "line":
                found = _field(line.custom, field)
            case "shipping":
                found = _field(shipment.custom, field)
            case "order":
                found = _field(order.custom, field)
            case "channel":
                found = _channel(line)
        if found:
            return found
    return None


def _field(custom: CustomFields | None, name: str) -> str | None:
    """Return what a custom field says: a text, or the key of what it refers to."""
    value = custom.fields.get(name) if custom else None
    if isinstance(value, Mapping):
        target: Mapping[str, Any] = value.get("obj") or {}
        key = target.get("key") or value.get("key")
        if key is None:
            raise UnprocessableError(
                f"custom field {name} refers to {value.get('typeId')}/{value.get('id')}, whose key"
                " was not read: add its path to expand-order"
            )
        value = key
    return clean(value) if isinstance(value, str) else None


def _channel(line: LineItem) -> str | None:
    link = line.supply_channel
    return None if link is None else clean(link.obj.key if link.obj else link.key)


def _named(
    shipments: Mapping[str, Shipment], wanted: Sequence[tuple[str, str | None]]
) -> list[Destination]:
    """Return the destinations, home ones first, each with a key of its own."""
    keys = [key for key, _ in wanted]
    ordered = sorted(wanted, key=lambda each: (each[1] is not None, keys.index(each[0])))
    return [
        Destination(
            key if keys.count(key) == 1 or pickup is None else f"{key}-{pickup}",
            shipments[key],
            pickup,
        )
        for key, pickup in ordered
    ]


def _charged(
    destinations: Sequence[Destination], shipments: Mapping[str, Shipment]
) -> list[Destination]:
    """Return the destinations with every shipping cost charged once."""
    charges: dict[str, list[ShippingInfo]] = {each.key: [] for each in destinations}
    for shipment in shipments.values():
        if shipment.info is not None and shipment.cost:
            to = next((each for each in destinations if each.shipment is shipment), destinations[0])
            charges[to.key].append(shipment.info)
    return [msgspec.structs.replace(each, charges=charges[each.key]) for each in destinations]
