"""The recorded payloads, each as the resource that commercetools would hold after such a create."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from fluent_connect.handlers.category.upsert import CategoryState, CategoryUpsertHandler
from fluent_connect.handlers.customer import CustomerCreateHandler, CustomerState
from fluent_connect.handlers.message_handler import AnyHandler
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.product.catalogued import CataloguedProduct
from fluent_connect.handlers.product.upsert import ProductUpsertHandler
from unit.handlers.made_up_orders import order
from unit.handlers.stage import corpus

Json = dict[str, Any]

_EMBEDDED = {
    "CategoryCreated": ("category", "category"),
    "CustomerCreated": ("customer", "customer"),
    "OrderCreated": ("order", "order"),
    "PaymentCreated": ("payment", "payment"),
    "ProductPublished": ("product", "productProjection"),
}
"""Messages that carry a whole resource: of which kind, in which field."""


_READ = "2026-01-05T09:00:00.000Z"


class Kind(msgspec.Struct, frozen=True):
    """One kind of resource: who maps it, from which shape, and how a payload becomes one."""

    name: str
    folder: str
    handler: AnyHandler
    shape: type[Any]
    stands: Callable[[Json], Json]


class Recorded(msgspec.Struct, frozen=True):
    """One payload of the corpus; `at` is its file, with its place where there are several."""

    kind: Kind
    at: str
    resource: Json


def recorded(kind: Kind) -> Iterator[Recorded]:
    """Yield each payload of a kind, those inside messages too."""
    held = [*corpus(kind.folder), *_in_messages(kind.name)]
    files = [file for file, _ in held]
    for number, (file, raw) in enumerate(held):
        at = file if files.count(file) == 1 else f"{file}#{number - files.index(file)}"
        yield Recorded(kind, at, kind.stands(raw))


def _in_messages(kind: str) -> Iterator[tuple[str, Json]]:
    for file, message in corpus("messages"):
        found, field = _EMBEDDED.get(message.get("type", ""), ("", ""))
        if found == kind:
            yield file, {"id": "made-up", "version": 1, **message[field]}


def _as_it_is(raw: Json) -> Json:
    return raw


def _published(raw: Json) -> Json:
    """Return a product that is published: of a draft or projection, with what stands in it."""
    master: Mapping[str, Any] = raw.get("masterData") or {}
    current = master.get("current") or master.get("staged") or raw
    standing = {**raw, "masterData": {**master, "published": True, "current": current}}
    return {**standing, "~at": _READ}


def _placed(raw: Json) -> Json:
    """Return an order that was just placed: of a cart or draft, with what the platform adds."""
    lines = [
        {**line, "id": line.get("id") or f"line-{number}"}
        for number, line in enumerate(raw.get("lineItems", ()))
    ]
    payments = [
        {"obj": {"id": link["id"], "version": 1}, **link}
        for link in raw.get("paymentInfo", {}).get("payments", ())
    ]
    placed = {**raw, "orderState": raw.get("orderState", "Open"), "lineItems": lines}
    return {**placed, "paymentInfo": {"payments": payments}}


def _paying(raw: Json) -> Json:
    """Return an order that the payment belongs to."""
    link = {"typeId": "payment", "id": raw["id"], "obj": raw}
    return order(paymentInfo={"payments": [link]})


KINDS = (
    Kind("category", "categories", CategoryUpsertHandler(), CategoryState, _as_it_is),
    Kind("customer", "customers", CustomerCreateHandler(), CustomerState, _as_it_is),
    Kind("product", "products", ProductUpsertHandler(), CataloguedProduct, _published),
    Kind("order", "orders", OrderCreateHandler(), ExportedOrder, _placed),
    Kind("payment", "payments", OrderCreateHandler(), ExportedOrder, _paying),
)
