"""Update actions of products: on the staged view, and on the current one unless `staged`."""

# ruff: noqa: ARG001 - all of a table's functions take the same arguments.

import copy
from collections.abc import Callable
from typing import Any

from fluent_connect.sandbox.commercetools.actions import Action, Setter
from fluent_connect.sandbox.commercetools.drafts import price_of, published, variant
from fluent_connect.sandbox.commercetools.errors import invalid
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.project import Project

Edit = Callable[[Json, Json], Json | None]
"""Edits one view; returns the own fields of the Message, None for none."""


def publish(project: Project, product: Json, action: Json) -> list[Json]:
    """Make the staged view the current one."""
    data = product["masterData"]
    data["current"] = copy.deepcopy(data["staged"])
    data |= {"published": True, "hasStagedChanges": False}
    return [published(product)]


def unpublish(project: Project, product: Json, action: Json) -> list[Json]:
    """Hide the current view."""
    product["masterData"]["published"] = False
    return [{"type": "ProductUnpublished"}]


def revert(project: Project, product: Json, action: Json) -> list[Json]:
    """Drop what is staged."""
    data = product["masterData"]
    data["staged"] = copy.deepcopy(data["current"])
    data["hasStagedChanges"] = False
    return [{"type": "ProductRevertedStagedChanges", "removedImageUrls": []}]


def on_views(edit: Edit, message: str = "") -> Action:
    """Make an action of an edit: both views, or the staged one only (the default)."""

    def act(project: Project, product: Json, action: Json) -> list[Json]:
        data = product["masterData"]
        staged = bool(action.get("staged", True))
        own = edit(data["staged"], action)
        if not staged:
            edit(data["current"], action)
        data["hasStagedChanges"] = data["staged"] != data["current"]
        return [{"type": message, **own, "staged": staged}] if message and own is not None else []

    return act


def _setting(field: str) -> Edit:
    def edit(view: Json, action: Json) -> Json | None:
        view[field] = action.get(field)
        return None

    return edit


def _slug(view: Json, action: Json) -> Json:
    before, view["slug"] = view["slug"], action["slug"]
    return {"slug": action["slug"], "oldSlug": before}


def _variants(view: Json) -> list[Json]:
    return [view["masterVariant"], *view["variants"]]


def _variant(view: Json, action: Json) -> Json:
    """Return the variant that an action means, by id or SKU."""
    for one in _variants(view):
        by_id = action.get("variantId", action.get("id"))
        if one["id"] == by_id or (action.get("sku") and one.get("sku") == action["sku"]):
            found: Json = one
            return found
    raise invalid("The product has no such variant.", "InvalidOperation")


def _add_variant(view: Json, action: Json) -> Json:
    names = ("sku", "key", "prices", "attributes", "images")
    draft = {name: action[name] for name in names if name in action}
    made = variant(draft, max(one["id"] for one in _variants(view)) + 1)
    view["variants"].append(made)
    return {"variant": made}


def _remove_variant(view: Json, action: Json) -> Json:
    gone = _variant(view, action)
    if gone["id"] == view["masterVariant"]["id"]:
        raise invalid("The master variant cannot be removed.", "InvalidOperation")
    view["variants"].remove(gone)
    return {"variant": gone, "removedImageUrls": []}


def _set_attribute(view: Json, action: Json) -> None:
    _attribute(_variant(view, action), action)


def _set_attribute_everywhere(view: Json, action: Json) -> None:
    for one in _variants(view):
        _attribute(one, action)


def _attribute(one: Json, action: Json) -> None:
    kept = [held for held in one["attributes"] if held["name"] != action["name"]]
    if action.get("value") is not None:
        kept.append({"name": action["name"], "value": action["value"]})
    one["attributes"] = kept


def _set_sku(view: Json, action: Json) -> None:
    _variant(view, action)["sku"] = action.get("sku")


def _add_price(view: Json, action: Json) -> Json:
    one = _variant(view, action)
    price = action.setdefault("made", price_of(action["price"]))
    one["prices"].append(price)
    return {"variantId": one["id"], "price": price}


def _price(view: Json, id_: Any) -> tuple[Json, Json]:
    for one in _variants(view):
        for price in one["prices"]:
            if price["id"] == id_:
                return one, price
    raise invalid(f"The price '{id_}' does not exist.", "InvalidOperation")


def _change_price(view: Json, action: Json) -> Json:
    one, before = _price(view, action["priceId"])
    after = {**price_of(action["price"]), "id": action["priceId"]}
    one["prices"] = [after if held is before else held for held in one["prices"]]
    return {"variantId": one["id"], "oldPrice": before, "newPrice": after}


def _remove_price(view: Json, action: Json) -> Json:
    one, gone = _price(view, action["priceId"])
    one["prices"].remove(gone)
    return {"variantId": one["id"], "price": gone}


def _set_prices(view: Json, action: Json) -> Json:
    one = _variant(view, action)
    one["prices"] = action.setdefault("made", [price_of(price) for price in action["prices"]])
    return {"variantId": one["id"], "prices": one["prices"]}


def _add_category(view: Json, action: Json) -> Json:
    if action["category"] not in view["categories"]:
        view["categories"].append(action["category"])
    return {"category": action["category"]}


def _remove_category(view: Json, action: Json) -> Json:
    view["categories"] = [one for one in view["categories"] if one != action["category"]]
    return {"category": action["category"]}


PRODUCT: dict[str, Action] = {
    "publish": publish,
    "unpublish": unpublish,
    "revertStagedChanges": revert,
    "changeName": on_views(_setting("name")),
    "setDescription": on_views(_setting("description")),
    "setMetaTitle": on_views(_setting("metaTitle")),
    "changeSlug": on_views(_slug, "ProductSlugChanged"),
    "addVariant": on_views(_add_variant, "ProductVariantAdded"),
    "removeVariant": on_views(_remove_variant, "ProductVariantDeleted"),
    "setAttribute": on_views(_set_attribute),
    "setAttributeInAllVariants": on_views(_set_attribute_everywhere),
    "setSku": on_views(_set_sku),
    "addPrice": on_views(_add_price, "ProductPriceAdded"),
    "changePrice": on_views(_change_price, "ProductPriceChanged"),
    "removePrice": on_views(_remove_price, "ProductPriceRemoved"),
    "setPrices": on_views(_set_prices, "ProductPricesSet"),
    "addToCategory": on_views(_add_category, "ProductAddedToCategory"),
    "removeFromCategory": on_views(_remove_category, "ProductRemovedFromCategory"),
    "setKey": Setter("key"),
    "setTaxCategory": Setter("taxCategory"),
    "setPriceMode": Setter("priceMode", "", "ProductPriceModeSet", "to"),
}
