"""Mutations of the account itself: catalogues, locations, settings; and what it begins with."""

from collections.abc import Iterable, Mapping
from typing import Any

from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import NotImplementedHereError, RefusedMutationError
from fluent_connect.sandbox.fluent.session import Session, attributes, taken

Input = Mapping[str, Any]


def begin(session: Session, locations: Iterable[str]) -> None:
    """Make the retailers, the catalogue and the locations that an account has before we come."""
    entities = session.entities
    for id_ in session.access.retailers:
        if entities.get("retailer", id_) is None:
            ref = f"RETAILER_{id_}"
            retailer = {"id": id_, "ref": ref, "status": "ACTIVE", "tradingName": ref}
            entities.add("retailer", {**retailer, "__typename": "Retailer"})
    catalogue = session.access.catalogue
    if entities.find("productCatalogue", catalogue) is None:
        given = {"ref": catalogue, "type": "DEFAULT", "name": "Default catalogue"}
        create_catalogue(session, {**given, "retailerRefs": list(session.access.retailers)})
    for ref in locations:
        if entities.find("location", ref) is None:
            create_location(
                session,
                {
                    "ref": ref,
                    "type": "STORE",
                    "name": ref,
                    "retailer": {"id": session.access.retailers[0]},
                    "primaryAddress": {"ref": f"{ref}-address", "latitude": 0, "longitude": 0},
                    "openingSchedule": {"allHours": True},
                },
            )


def create_catalogue(session: Session, given: Input) -> Json:
    """Make a product catalogue."""
    fields, settles = session.orchestrated("PRODUCT_CATALOGUE", given["type"])
    names = ("ref", "type", "name", "description", "retailerRefs")
    data = {**fields, "__typename": "ProductCatalogue", **taken(given, *names)}
    data["attributes"] = attributes((), given.get("attributes"))
    return session.create("productCatalogue", data, settles=settles)


def create_location(session: Session, given: Input) -> Json:
    """Make a location, with its address and opening schedule."""
    if given.get("networks") or given.get("storageAreas"):
        raise NotImplementedHereError("networks and storageAreas in a location's input")
    retailer = session.by_id("retailer", given["retailer"]["id"])
    fields, settles = session.orchestrated("LOCATION", given["type"])
    id_ = session.entities.next_id()
    names = ("ref", "type", "name", "supportPhoneNumber", "defaultCarrier")
    address = {"__typename": "StoreAddress", "id": f"{id_}1", **given["primaryAddress"]}
    data = {
        "id": str(id_),
        **fields,
        "__typename": "Location",
        **taken(given, *names),
        "retailer": {"id": retailer["id"]},
        "primaryAddress": address,
        "openingSchedule": {"id": f"{id_}2", **given["openingSchedule"]},
        "attributes": attributes((), given.get("attributes")),
    }
    return session.create("location", data, settles=settles)


def create_setting(session: Session, given: Input) -> Json:
    """Make a setting; name, context and contextId are unique together."""
    scope = f"{given['context']}:{given['contextId']}"
    if session.entities.find("setting", given["name"], scope) is not None:
        text = f"ConstraintViolationException: setting {given['name']} exists in {scope}"
        raise RefusedMutationError(None, text)
    data = {"__typename": "Setting", "ref": given["name"], **given}
    return session.entities.add("setting", data, scope=scope)


def update_setting(session: Session, given: Input) -> Json:
    """Change a setting by id."""
    held = session.by_id("setting", given["id"])
    if given.get("name", held["name"]) != held["name"]:
        raise NotImplementedHereError("renaming a setting")
    held |= {name: value for name, value in given.items() if name != "id"}
    return session.entities.save(held)
