"""Whether an update would change anything: what it would set against what Fluent holds. Pure."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

_ADDRESS = frozenset({"id", "ref", "username", "catalogue", "retailer"})
"""Fields of an input that say which entity is meant."""
_json = msgspec.json.Decoder()


def differs(update: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Say whether `update` would change `found`. What was not looked up counts as different."""
    return any(
        _field_differs(name, value, found) for name, value in update.items() if name not in _ADDRESS
    )


def surplus(wanted: Sequence[str] | None, found: Mapping[str, Any]) -> list[str]:
    """Return the categories that a product is in and shall not be in."""
    if wanted is None:
        return []
    keep = set(wanted)
    return [ref for ref in category_refs(found) if ref not in keep]


def category_refs(found: Mapping[str, Any]) -> list[str]:
    """Return the refs of the categories that a product was found in."""
    edges = (found.get("categories") or {}).get("edges") or ()
    return [edge["node"]["ref"] for edge in edges if edge and edge.get("node")]


def attribute(found: Mapping[str, Any], name: str) -> Any:
    """Return the value of an attribute; None if there is none."""
    for each in found.get("attributes") or ():
        if each and each.get("name") == name:
            return each.get("value")
    return None


def same(wanted: Any, held: Any) -> bool:
    """Say whether two values are one: numbers by value, nothing and "" alike, text by JSON."""
    if wanted in (None, "") and held in (None, ""):
        return True
    if isinstance(wanted, bool) or isinstance(held, bool):
        return wanted is held
    if isinstance(wanted, int | float | Decimal):
        return _number(wanted) == _number(held)
    if isinstance(wanted, Mapping | list | tuple):
        return _same_structure(wanted, _read(held))
    if isinstance(held, Mapping | list):
        return isinstance(wanted, str) and _same_structure(_read(wanted), held)
    return bool(wanted == held)


def _same_structure(wanted: Any, held: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(held, Mapping):
        return all(same(wanted.get(name), held.get(name)) for name in {*wanted, *held})
    if isinstance(wanted, list | tuple) and isinstance(held, list):
        return len(held) == len(wanted) and all(map(same, wanted, held))
    return False


def _field_differs(name: str, value: Any, found: Mapping[str, Any]) -> bool:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(value, found)
    return name not in found or not same(value, found[name])


def _attributes_differ(wanted: Any, found: Mapping[str, Any]) -> bool:
    return any(_attribute_differs(each, found) for each in wanted or ())


def _prices_differ(wanted: Any, found: Mapping[str, Any]) -> bool:
    return any(_price_differs(each, found) for each in wanted or ())


def _categories_differ(wanted: Any, found: Mapping[str, Any]) -> bool:
    held = set(category_refs(found))
    return any(each["ref"] not in held for each in wanted or ())


def _attribute_differs(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    for held in found.get("attributes") or ():
        if held["name"] == wanted["name"]:
            alike = held.get("type") == wanted.get("type")
            return not (alike and same(wanted["value"], held.get("value")))
    return True


def _price_differs(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    for held in found.get("prices") or ():
        if held["type"] == wanted["type"] and held["currency"] == wanted["currency"]:
            return not same(wanted["value"], held.get("value"))
    return True


def _ref_differs(wanted: Mapping[str, Any] | None, held: Mapping[str, Any] | None) -> bool:
    return not same((wanted or {}).get("ref"), (held or {}).get("ref"))


def _part_differs(wanted: Mapping[str, Any] | None, held: Mapping[str, Any] | None) -> bool:
    held = held or {}
    return any(not same(value, held.get(name)) for name, value in (wanted or {}).items())


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _read(value: Any) -> Any:
    """Return what a text says as JSON: Fluent may hand a JSON value back as text."""
    if not isinstance(value, str):
        return value
    try:
        return _json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


_SPECIAL: Mapping[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "attributes": _attributes_differ,
    "prices": _prices_differ,
    "categories": _categories_differ,
    "parentCategory": lambda value, found: _ref_differs(value, found.get("parentCategory")),
    "product": lambda value, found: _ref_differs(value, found.get("product")),
    "taxType": lambda value, found: _part_differs(value, found.get("tax")),
    "billingAddress": lambda value, found: _part_differs(value, found.get("billingAddress")),
}
"""Fields that an input writes in another way than an answer does, or that are sets by a key."""
