"""An order moved on in Fluent OMS: its states in commercetools follow, and never go back."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_ENTITY = "ORDER"
_ORDER_ID = "commercetoolsOrderId"
_DOCUMENTS = {
    "order": "order-status-mapping",
    "payment": "payment-status-mapping",
    "shipment": "shipment-status-mapping",
}
"""The props that name a setting of Fluent's in place of a table of ours (the vendor's)."""
_ACTIONS = {
    "order": ("changeOrderState", "orderState"),
    "payment": ("changePaymentState", "paymentState"),
    "shipment": ("changeShipmentState", "shipmentState"),
}
_RANKS: Mapping[str, Mapping[str, int]] = {
    "order": {"Open": 0, "Confirmed": 1, "Complete": 2, "Cancelled": 2},
    "payment": {"Pending": 0, "BalanceDue": 1, "Failed": 1, "Paid": 2, "CreditOwed": 3},
    "shipment": {
        "Pending": 0,
        "Backorder": 0,
        "Delayed": 0,
        "Canceled": 4,
        "Ready": 1,
        "Partial": 2,
        "Shipped": 3,
        "Delivered": 4,
    },
}
"""How far on a state is. A state of the highest rank is never left for another of that rank."""
_QUERY = """\
query orderStatus($id: ID!, $names: [String], $withNames: Boolean!) {
  found: orderById(id: $id) { id ref status retailer { id } attributes { name value } }
  settings(name: $names, first: 50) @include(if: $withNames) {
    edges { node { name lobValue value context } }
  }
}
"""
_json = msgspec.json.Decoder()


class OrderInFluent(msgspec.Struct, frozen=True, kw_only=True):
    """An order as Fluent has it now, the commercetools order it came from, and the tables."""

    ref: str
    status: str
    order: Order
    tables: Mapping[str, Mapping[str, str]] = {}


class OrderStatusUpdatedHandler(MessageHandler[OrderInFluent]):
    """Bring the states of the commercetools order to what Fluent's status means.

    The webhook is a hint: the order is read again in Fluent, so that a repeated, late or
    out-of-order one does no harm. A status that no table names, a state that is there already, and
    one that would lead back change nothing.
    """

    name: ClassVar[str] = "OrderStatusUpdatedHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[OrderInFluent]:
        """Read the order in Fluent, then the one in commercetools that it came from."""
        about = message.resource
        if about is None or about.type_id.upper() != _ENTITY:
            raise UnprocessableError(f"the message is about {about or 'nothing'}, not an {_ENTITY}")
        names = {kind: context.props[prop] for kind, prop in _DOCUMENTS.items()
                 if context.props.get(prop)}  # fmt: skip
        asked = {"id": about.id, "names": sorted(names.values()), "withNames": bool(names)}
        answer = await context.fluent.ask(_QUERY, asked)
        found = answer.get("found")
        if found is None:
            return Fetched(None, None)
        source = _attribute(found, _ORDER_ID)
        if source is None:
            raise Skip(f"order {found.get('ref')} did not come from commercetools", for_good=True)
        order = await context.commercetools.get(Reference("order", source), Order)
        if order is None:
            raise Skip(f"commercetools has no order {source} any more")
        tables = _tables(answer, names)
        whole = OrderInFluent(
            ref=str(found.get("ref")), status=str(found["status"]), order=order, tables=tables
        )
        return Fetched(whole, None)

    def map(
        self,
        resource: OrderInFluent,
        message: Message,  # noqa: ARG002
        context: MapContext,
    ) -> Iterable[Change]:
        """Return one update with the states that move on. Raise Skip if none does."""
        settings, order = context.settings, resource.order
        tables = {
            "order": settings.order_states,
            "payment": settings.payment_states,
            "shipment": settings.shipment_states,
            **resource.tables,
        }
        wanted = {
            kind: state
            for kind, table in tables.items()
            if (state := table.get(resource.status) or table.get("*"))
        }
        if not wanted:
            raise Skip(f"status {resource.status} is in no table")
        held = {
            "order": order.order_state,
            "payment": order.payment_state,
            "shipment": order.shipment_state,
        }
        actions = [
            {"action": _ACTIONS[kind][0], _ACTIONS[kind][1]: state}
            for kind, state in wanted.items()
            if _goes_on(kind, held[kind], state)
        ]
        if not actions:
            raise Skip(f"status {resource.status} changes nothing")
        return [Update(Reference("order", order.id), actions, order.version)]


def _goes_on(kind: str, held: str | None, wanted: str) -> bool:
    """Say whether a state may take the place of the one that is held."""
    if held == wanted:
        return False
    ranks = _RANKS[kind]
    now, then = ranks.get(held or "", -1), ranks.get(wanted, max(ranks.values()))
    return then >= now and not (now == then == max(ranks.values()))


def _attribute(found: Mapping[str, Any], name: str) -> str | None:
    for each in found.get("attributes") or ():
        if each and each.get("name") == name and each.get("value"):
            return str(each["value"])
    return None


def _tables(answer: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Return the tables that Fluent's settings hold; a retailer's goes before the account's.

    Raise UnprocessableError for a setting that is not there, or that is no table.
    """
    edges = (answer.get("settings") or {}).get("edges") or ()
    nodes = [edge["node"] for edge in edges if edge and edge.get("node")]
    documents: dict[str, object] = {}
    for node in sorted(nodes, key=lambda each: each.get("context") == "RETAILER"):
        documents[node["name"]] = node.get("lobValue") or node.get("value")
    return {kind: _table(name, documents.get(name)) for kind, name in names.items()}


def _table(name: str, document: object) -> Mapping[str, str]:
    if isinstance(document, str):
        try:
            document = _json.decode(document)
        except msgspec.DecodeError as error:
            raise UnprocessableError(f"Fluent's setting {name} is no JSON: {error}") from error
    table = document.get("fluent") if isinstance(document, Mapping) else None
    if not isinstance(table, Mapping) or not all(isinstance(v, str) for v in table.values()):
        raise UnprocessableError(
            f'Fluent has no setting {name} of the form {{"fluent": {{"<status>": "<state>"}}}}'
        )
    return {str(status): state for status, state in table.items()}
