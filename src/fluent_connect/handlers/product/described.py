"""The attributes that a shop gives its products and variants, as Fluent takes them."""

from collections.abc import Iterable, Mapping
from typing import Any

from fluent_connect.clients.commercetools.product import Attribute, Product
from fluent_connect.handlers.product.in_fluent import PRICES
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.values import Typed, typed
from fluent_connect.model.errors import UnprocessableError

OURS = frozenset(
    {
        "assets",
        "commercetoolsId",
        "commercetoolsProject",
        PRICES,
        "commercetoolsVariantId",
        "commercetoolsVersion",
        "description",
        "imageUrls",
        "metaDescription",
        "metaKeywords",
        "metaTitle",
        "productKey",
        "productType",
        "slug",
        "taxCategory",
        "variantKey",
        "variantsWithoutSku",
    }
)
"""Names under which we say what a product is; a shop's attribute of such a name gets another."""

Kinds = Mapping[str, Mapping[str, Any]]


def kinds(product: Product) -> Kinds:
    """Return what the product type says of each attribute, as far as it was read."""
    found = product.product_type.obj if product.product_type else None
    return {each.name: each.type for each in found.attributes} if found else {}


def plain(own: Iterable[Attribute]) -> dict[str, Any]:
    """Return attributes by name, as commercetools writes them."""
    return {each.name: each.value for each in own if each.name}


def described(values: Mapping[str, Any], known: Kinds, settings: Settings) -> dict[str, Typed]:
    """Return attributes by the name that they get in Fluent, converted; empty ones are left out.

    An attribute that is called like one of ours ("slug") becomes "attribute_slug".
    """
    found: dict[str, Typed] = {}
    for name, value in values.items():
        try:
            made = typed(value, settings, known.get(name))
        except UnprocessableError as error:
            raise UnprocessableError(f"attribute {name}: {error}") from error
        if made is not None:
            found[_free(name, values) if name in OURS else name] = made
    return found


def _free(name: str, taken: Mapping[str, Any]) -> str:
    other = f"attribute_{name}"
    while other in taken:
        other = f"{other}_"
    return other
