"""Which orders go to Fluent, and what they are called there."""

from collections.abc import Mapping

import msgspec

from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.gate import closed
from fluent_connect.mapping.text import clean, whole
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message

_REF = 255
_SENT = frozenset({"Shipped", "Delivered"})
_FIELDS = {field.encode_name: field.name for field in msgspec.structs.fields(Order)}


class ExportedOrder(Order, frozen=True, kw_only=True):
    """An order, and the customer whose order it is. None: a guest, or erased meanwhile.

    buyer_known_as: the username that Fluent knows them by already, where the rule cannot tell.
    """

    buyer: Customer | None = msgspec.field(default=None, name="~buyer")
    buyer_known_as: str | None = msgspec.field(default=None, name="~buyerKnownAs")


def kept_back(
    order: Order, kind: str, settings: Settings, as_type: str | None = None
) -> str | None:
    """Return why the order, as it was read, must not be created in Fluent; None: it may.

    `as_type`: it is loaded as history, of this type; that is for orders that are over.
    """
    if as_type is not None:
        return _not_history(order)
    if is_left_out(kind, settings):
        return "imported orders are not carried (import-orders: off)"
    if is_history(kind, settings):
        return _cancelled(order)
    shut = closed(lambda field: _read(order, field), settings.export_when)
    return f"not exportable ({shut})" if shut else None


def _cancelled(order: Order) -> str | None:
    return "not exportable (orderState=Cancelled)" if order.order_state == "Cancelled" else None


def _not_history(order: Order) -> str | None:
    over = order.order_state == "Complete" or order.shipment_state in _SENT
    return _cancelled(order) or (None if over else "not over: not for a load of history")


def as_type(message: Message, settings: Settings) -> str | None:
    """Return the inert type as which a load of history wants the order; None: it is no such load.

    Raise UnprocessableError for a type that may start fulfilment.
    """
    wanted = message.attributes.get("as-type")
    if wanted is None:
        return None
    if wanted not in settings.inert_order_types:
        raise UnprocessableError(f"as-type {wanted}: not among inert-order-types")
    return str(wanted)


def is_left_out(kind: str, settings: Settings) -> bool:
    """Say whether the order came by import, and such orders are not carried, now or later."""
    return kind == "OrderImported" and settings.import_orders == "off"


def is_history(kind: str, settings: Settings) -> bool:
    """Say whether the order is loaded without starting fulfilment."""
    return kind == "OrderImported" and settings.import_orders == "history"


def _read(order: Order, field: str) -> str:
    """Return a field of the order by its commercetools name; `custom.<name>` for a custom one."""
    first, _, rest = field.partition(".")
    value = (
        _custom(order).get(rest)
        if first == "custom"
        else getattr(order, _FIELDS.get(field, ""), None)
    )
    return value if isinstance(value, str) else "" if value is None else str(value)


def _custom(order: Order) -> Mapping[str, object]:
    return order.custom.fields if order.custom else {}


def order_ref(order: Order, settings: Settings) -> str:
    """Return what the order is called in Fluent, by the one rule of the account."""
    if settings.order_ref == "id":
        return whole(order.id, _REF, "the order's id")
    number = clean(order.order_number)
    if number is None:
        raise UnprocessableError(f"order {order.id} has no order number to be called by")
    return whole(number, _REF, "the order number")


def candidates(order: Order, ref: str) -> tuple[str, ...]:
    """Return all refs under which the order may stand in Fluent already, its own first."""
    number = clean(order.order_number)
    return tuple(dict.fromkeys(name for name in (ref, number, order.id) if name))
