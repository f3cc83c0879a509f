"""The fields that Fluent's standard and variant products have in common."""

from collections.abc import Iterable, Mapping

from fluent_connect.clients.commercetools.product import Attribute, ProductData, Variant
from fluent_connect.handlers.product.catalogued import CataloguedProduct, link_key
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.text import cut

_GTIN = 20


def common(
    ref: str, product: CataloguedProduct, data: ProductData, settings: Settings
) -> dict[str, object]:
    """Return ref, catalogue, name, summary and tax."""
    locales = settings.locales
    texts = (localized(data.name, locales), product.key, localized(data.slug, locales))
    found = {
        "ref": ref,
        "catalogue": {"ref": settings.catalogue},
        "name": next((text for text in (cut(each, 255) for each in texts) if text), ref),
        "summary": cut(localized(data.description, locales), 255),
        "taxType": _tax(product, settings),
    }
    return {name: value for name, value in found.items() if value is not None}


def _tax(product: CataloguedProduct, settings: Settings) -> dict[str, object] | None:
    """Return the tax type, if it is known of which country."""
    link = product.tax_category
    countries = (
        {rate.country for rate in link.obj.rates if rate.country} if link and link.obj else set()
    )
    country = settings.tax_country or (countries.pop() if len(countries) == 1 else None)
    if not link or not country:
        return None
    return {
        "country": cut(country, 100),
        "group": cut(settings.tax_group, 100),
        "tariff": cut(settings.tax_tariff, 100),
    }


def gtin(ref: str, variant: Variant | None, data: ProductData, settings: Settings) -> str:
    """Return the barcode if an attribute holds one, else the ref, in at most 20 characters."""
    wanted = settings.gtin_attribute
    sources = (*(variant.attributes if variant else ()), *data.attributes)
    for each in sources if wanted else ():
        if each.name == wanted and isinstance(each.value, str | int):
            found = cut(str(each.value), _GTIN)
            if found is not None:
                return found
    return cut(ref, _GTIN) or ref[:_GTIN]


def described(
    product: CataloguedProduct,
    own: Iterable[Attribute],
    data: ProductData,
    settings: Settings,
    extra: Mapping[str, object],
) -> list[Mapping[str, object]]:
    """Return the attributes of a product: its own by their names, and those by which we know it."""
    values: dict[str, object] = {each.name: each.value for each in own if each.name}
    values |= {
        "commercetoolsId": product.id,
        "commercetoolsVersion": product.version,
        "productKey": product.key,
        "productType": link_key(product.product_type),
        "slug": localized(data.slug, settings.locales),
        **extra,
    }
    return attributes(values)
