"""Mutations of the catalogue: categories, standard and variant products."""

from collections.abc import Mapping, Sequence
from typing import Any

from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import NotImplementedHereError, missing
from fluent_connect.sandbox.fluent.session import Session, attributes, prices, taken

Input = Mapping[str, Any]
_TEXTS = ("type", "name", "summary", "gtin", "status")


def create_category(session: Session, given: Input) -> Json:
    """Make a category; its catalogue and its parent exist."""
    scope = _scope(session, given)
    fields, settles = session.orchestrated("CATEGORY", given["type"])
    parent = _parent(session, given.get("parentCategory"))
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
    parent = _parent(session, given.get("parentCategory"))
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
        "categories": _categories(session, given.get("categories")),
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
    added = _categories(session, given.get("categories"))
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
    gone = _categories(session, categories)
    held["categories"] = [id_ for id_ in held["categories"] if id_ not in gone]
    return {**session.entities.save(held), "status": "SUCCESS"}


def _scope(session: Session, given: Input) -> str:
    ref: str = given["catalogue"]["ref"]
    if session.entities.find("productCatalogue", ref) is None:
        raise missing("productCatalogue", ref)
    return ref


def _parent(session: Session, key: Input | None) -> Json | None:
    return session.parent("category", key["ref"], _scope(session, key)) if key else None


def _standard(session: Session, given: Input) -> Json | None:
    key = given.get("product")
    return session.parent("standardProduct", key["ref"], _scope(session, key)) if key else None


def _categories(session: Session, keys: Sequence[Input] | None) -> list[str]:
    """Return the ids of categories. Raise C0120E for the first that is not there."""
    return [
        session.parent("category", key["ref"], _scope(session, key))["id"] for key in keys or ()
    ]


def _no_children(given: Input) -> None:
    if given.get("childCategories"):
        raise NotImplementedHereError("childCategories in a category's input")
