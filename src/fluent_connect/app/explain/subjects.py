"""What somebody means who asks about an order, a customer, a SKU, or just about `1234`. Pure."""

import uuid
from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.journal.subjects import Subject


class Kind(msgspec.Struct, frozen=True):
    """A word that a question may begin with.

    types: of the resources that it is about; none: any. hows: the ways that lead to them; none:
    any. query: how commercetools is asked, as a predicate over `:text`; by id in any case.
    """

    types: Sequence[str] = ()
    hows: Sequence[str] = ()
    query: str = ""


_NAMED = ("resource", "key", "fluent")
KINDS: Mapping[str, Kind] = {
    "order": Kind(("order",), ("order-number", *_NAMED), "orderNumber = :text"),
    "customer": Kind(("customer",), ("customer-number", *_NAMED), "customerNumber = :text"),
    "product": Kind(("product",), ("sku", *_NAMED), "key = :text"),
    "sku": Kind(
        ("product",),
        ("sku", "fluent"),
        "masterData(current(masterVariant(sku = :text) or variants(sku = :text)))",
    ),
    "category": Kind(("category",), _NAMED, "key = :text"),
    "message": Kind(hows=("message", "notification")),
    "notification": Kind(hows=("notification",)),
    "ref": Kind(hows=("fluent",)),
}
"""What `explain` knows, by the word that names it."""
_ORDER = (
    "message",
    "notification",
    "resource",
    "order-number",
    "customer-number",
    "sku",
    "key",
    "fluent",
    "customer",
)
"""Which way counts first where nothing says what is meant."""


def meant(found: Sequence[Subject], kind: str | None) -> list[Subject]:
    """Return the resources that are meant, the best first; each once."""
    wanted = KINDS[kind] if kind else Kind()
    fitting = [
        each
        for each in found
        if (not wanted.types or each.type_id in wanted.types)
        and (not wanted.hows or each.how in wanted.hows)
    ]
    ranked = sorted(fitting, key=lambda each: (_rank(each.how), -each.at))
    if kind is None and ranked:
        ranked = [each for each in ranked if each.how == ranked[0].how]
    return list({(each.type_id, each.resource): each for each in reversed(ranked)}.values())[::-1]


def is_id(text: str) -> bool:
    """Say whether a text may be the id of a resource: commercetools refuses to look for others."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _rank(how: str) -> int:
    return _ORDER.index(how) if how in _ORDER else len(_ORDER)
