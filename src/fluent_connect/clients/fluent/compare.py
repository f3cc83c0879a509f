"""What an update would change: what it would set against what Fluent holds. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

_ADDRESS = frozenset({"id", "ref", "username", "catalogue", "retailer"})
"""Fields of an input that say which entity is meant."""
_json = msgspec.json.Decoder()


class Difference(msgspec.Struct, frozen=True):
    """One field that an update would change: what we would send, and what Fluent holds.

    `field` is a path; attributes and prices go by their keys ("attributes[season]",
    "prices[DEFAULT/EUR]"), and so do categories, of which None stands for "is not in it".
    """

    field: str
    wanted: Any
    held: Any


def differs(update: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Say whether `update` would change `found`. What was not looked up counts as different."""
    return next(differences(update, found), None) is not None


def differences(update: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield each field of `found` that `update` would change, in the order of the update."""
    for name, value in update.items():
        if name in _ADDRESS:
            continue
        special = _SPECIAL.get(name)
        if special is not None:
            yield from special(value, found)
        elif name not in found or not same(value, found[name]):
            yield Difference(name, value, found.get(name))


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


def _attributes(wanted: Any, found: Mapping[str, Any]) -> Iterator[Difference]:
    for each in wanted or ():
        name, value = each["name"], each["value"]
        held = _named(name, found)
        alike = held is not None and held.get("type") == each.get("type")
        if held is None or not (alike and same(value, held.get("value"))):
            yield Difference(f"attributes[{name}]", value, held and held.get("value"))


def _named(name: str, found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for held in found.get("attributes") or ():
        if held["name"] == name:
            return dict(held)
    return None


def _prices(wanted: Any, found: Mapping[str, Any]) -> Iterator[Difference]:
    held = {
        (each["type"], each["currency"]): each.get("value") for each in found.get("prices") or ()
    }
    for each in wanted or ():
        key = (each["type"], each["currency"])
        if key not in held or not same(each["value"], held[key]):
            yield Difference(f"prices[{'/'.join(key)}]", each["value"], held.get(key))


def _categories(wanted: Any, found: Mapping[str, Any]) -> Iterator[Difference]:
    held = set(category_refs(found))
    for each in wanted or ():
        if each["ref"] not in held:
            yield Difference(f"categories[{each['ref']}]", each["ref"], None)


def _ref(name: str) -> "_Comparer":
    def compare(wanted: Any, found: Mapping[str, Any]) -> Iterator[Difference]:
        ref, held = (wanted or {}).get("ref"), (found.get(name) or {}).get("ref")
        if not same(ref, held):
            yield Difference(name, ref, held)

    return compare


def _parts(name: str, under: str) -> "_Comparer":
    def compare(wanted: Any, found: Mapping[str, Any]) -> Iterator[Difference]:
        held = found.get(under) or {}
        for part, value in (wanted or {}).items():
            if not same(value, held.get(part)):
                yield Difference(f"{name}.{part}", value, held.get(part))

    return compare


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


_Comparer = Callable[[Any, Mapping[str, Any]], Iterator[Difference]]
_SPECIAL: Mapping[str, _Comparer] = {
    "attributes": _attributes,
    "prices": _prices,
    "categories": _categories,
    "parentCategory": _ref("parentCategory"),
    "product": _ref("product"),
    "taxType": _parts("taxType", "tax"),
    "billingAddress": _parts("billingAddress", "billingAddress"),
}
"""Fields that an input writes in another way than an answer does, or that are sets by a key."""
