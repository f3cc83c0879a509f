"""Whether an update would change anything: what it would set against what Fluent holds. Pure."""

from collections.abc import Mapping, Sequence
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
    if isinstance(wanted, Mapping):
        held = _read(held)
        return isinstance(held, Mapping) and _same_members(wanted, held)
    if isinstance(wanted, list | tuple):
        held = _read(held)
        return (
            isinstance(held, list)
            and len(held) == len(wanted)
            and all(same(one, other) for one, other in zip(wanted, held, strict=True))
        )
    if isinstance(held, Mapping | list):
        return same(_read(wanted), held) if isinstance(wanted, str) else False
    return bool(wanted == held)


def _field_differs(name: str, value: Any, found: Mapping[str, Any]) -> bool:
    match name:
        case "attributes":
            return any(_attribute_differs(each, found) for each in value or ())
        case "prices":
            return any(_price_differs(each, found) for each in value or ())
        case "categories":
            held = set(category_refs(found))
            return any(each["ref"] not in held for each in value or ())
        case "parentCategory" | "product":
            wanted = (value or {}).get("ref")
            return not same(wanted, (found.get(name) or {}).get("ref"))
        case "taxType":
            return _part_differs(value, found.get("tax"))
        case "billingAddress":
            return _part_differs(value, found.get(name))
    return name not in found or not same(value, found[name])


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


def _part_differs(wanted: Mapping[str, Any] | None, held: Mapping[str, Any] | None) -> bool:
    held = held or {}
    return any(not same(value, held.get(name)) for name, value in (wanted or {}).items())


def _same_members(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    names = {*wanted, *held}
    return all(same(wanted.get(name), held.get(name)) for name in names)


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
