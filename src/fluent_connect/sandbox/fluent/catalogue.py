"""Mutations of the catalogue: categories, standard and variant products."""

from collections.abc import Mapping, Sequence
from typing import Any

from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import (
    NotImplementedHereError,
    RefusedMutationError,
    missing,
)
from fluent_connect.sandbox.fluent.session import Session, attributes, prices, taken

Input = Mapping[str, Any]
_TEXTS = ("type", "name", "summary", "gtin", "status")


def create_category(session: Session, given: Input) -> Json:
    """Make a category; its catalogue and its parent exist."""
    scope = _scope(session, given)
    fields, settles = session.orchestrated("CATEGORY", given["type"])
    parent = _parent(session, given.get("parentCategory"), scope)
    _no_children(given)
    data = {
        **fields,
        "__typename": "Category",
        "ref": given["ref"],
        **taken(given, "type", "name", "summary"),
        "catalogue": {"ref": scope},
        "attributes": attributes((), given.get("attributes")),
    }
    owner = parent["id"] if parent else None
    if parent:
        data["parent"] = parent["id"]
    return session.create("category", data, scope=scope, owner=owner, settles=settles)


def update_category(session: Session, given: Input) -> Json:
    """Change what is given of a category."""
    scope = _scope(session, given)
    held = session.parent("category", given["ref"], scope)
    parent = _parent(session, given.get("parentCategory"), scope)
    _no_children(given)
    held |= taken(given, "type", "name", "summary", "status")
    held["attributes"] = attributes(held["attributes"], given.get("attributes"))
    if parent:
        held["parent"] = parent["id"]
    return session.entities.save(held, parent["id"] if parent else None)


def create_standard(session: Session, given: Input) -> Json:
    """Make a standard product."""
    return _create(session, given, "standardProduct", None)


def update_standard(session: Session, given: Input) -> Json:
    """Change what is given of a standard product; categories are added only."""
    return _update(session, given, "standardProduct", None)


def create_variant(session: Session, given: Input) -> Json:
    """Make a variant; its standard product exists."""
    return _create(session, given, "variantProduct", _standard(session, given))


def update_variant(session: Session, given: Input) -> Json:
    """Change what is given of a variant; categories are added only."""
    return _update(session, given, "variantProduct", _standard(session, given))


def remove_from_standard(session: Session, given: Input) -> Json:
    """Take a standard product out of categories."""
    return _remove(session, given["standardProduct"], given["categories"], "standardProduct")


def remove_from_variant(session: Session, given: Input) -> Json:
    """Take a variant out of categories."""
    return _remove(session, given["variantProduct"], given["categories"], "variantProduct")


def _create(session: Session, given: Input, kind: str, standard: Json | None) -> Json:
    scope = _scope(session, given)
    catalogue = session.parent("productCatalogue", scope)
    fields, settles = session.orchestrated("PRODUCT_CATALOGUE", catalogue["type"])
    if given.get("variants"):
        raise NotImplementedHereError("variants in a standard product's input")
    data = {
        **fields,
        "__typename": kind[0].upper() + kind[1:],
        "ref": given["ref"],
        **taken(given, *_TEXTS),
        "catalogue": {"ref": scope},
        "attributes": attributes((), given.get("attributes")),
        "prices": prices((), given.get("prices")),
        "tax": given.get("taxType"),
        "categories": _categories(session, given.get("categories"), scope),
    }
    owner = standard["id"] if standard else None
    if standard:
        data["standard"] = standard["id"]
    return session.create(kind, data, scope=scope, owner=owner, settles=settles)


def _update(session: Session, given: Input, kind: str, standard: Json | None) -> Json:
    scope = _scope(session, given)
    held = session.parent(kind, given["ref"], scope)
    if given.get("variants"):
        raise NotImplementedHereError("variants in a standard product's input")
    added = _categories(session, given.get("categories"), scope)
    held |= taken(given, *_TEXTS)
    held["attributes"] = attributes(held["attributes"], given.get("attributes"))
    held["prices"] = prices(held["prices"], given.get("prices"))
    held["tax"] = given.get("taxType") or held["tax"]
    held["categories"] += [id_ for id_ in added if id_ not in held["categories"]]
    if standard:
        held["standard"] = standard["id"]
    return session.entities.save(held, standard["id"] if standard else None)


def _remove(session: Session, key: Input, categories: Sequence[Input], kind: str) -> Json:
    scope = _scope(session, key)
    held = session.parent(kind, key["ref"], scope)
    gone = _categories(session, categories, scope)
    held["categories"] = [id_ for id_ in held["categories"] if id_ not in gone]
    return {**session.entities.save(held), "status": "SUCCESS"}


def _scope(session: Session, given: Input) -> str:
    """Return the catalogue's ref. Raise C0120E if there is none, C0020E if it is not the user's."""
    ref: str = given["catalogue"]["ref"]
    catalogue = session.parent("productCatalogue", ref)
    retailers = catalogue.get("retailerRefs")
    if retailers and set(retailers).isdisjoint(session.access.retailers):
        text = f"Permissions missing: catalogue '{ref}' is not of the user's retailer"
        raise RefusedMutationError("C0020E", text)
    return ref


def _inside(session: Session, kind: str, key: Input, scope: str) -> Json:
    """Return what a key names. Raise C0120E if it is not there, or in another catalogue."""
    found = session.parent(kind, key["ref"], _scope(session, key))
    if key["catalogue"]["ref"] != scope:
        raise missing(kind, key["ref"], scope)
    return found


def _parent(session: Session, key: Input | None, scope: str) -> Json | None:
    return _inside(session, "category", key, scope) if key else None


def _standard(session: Session, given: Input) -> Json | None:
    key = given.get("product")
    return _inside(session, "standardProduct", key, _scope(session, given)) if key else None


def _categories(session: Session, keys: Sequence[Input] | None, scope: str) -> list[str]:
    """Return the ids of categories. Raise C0120E for the first that is not there."""
    return [_inside(session, "category", key, scope)["id"] for key in keys or ()]


def _no_children(given: Input) -> None:
    if given.get("childCategories"):
        raise NotImplementedHereError("childCategories in a category's input")
