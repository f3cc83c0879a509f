"""The inputs of products, variants and prices, made of their sources."""

from collections.abc import Mapping

from fluent_connect.clients.commercetools.model import Asset, AssetSource
from fluent_connect.handlers.product.in_fluent import PRICES
from fluent_connect.handlers.product.offers import PriceSource
from fluent_connect.handlers.product.sources import InactiveSource, StandardSource, VariantSource
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.text import cut
from fluent_connect.mapping.values import Typed

_GTIN = 20


def standard(source: StandardSource, settings: Settings) -> dict[str, object]:
    """Return the input of a standard product."""
    extra: Mapping[str, object] = {"variantsWithoutSku": source.without_sku}
    return {
        **_common(source, settings),
        "type": "STANDARD",
        "attributes": attributes({**_known(source, settings), **extra, **source.typed}),
    }


def variant(source: VariantSource, settings: Settings) -> dict[str, object]:
    """Return the input of a variant."""
    held = source.variant
    extra: Mapping[str, object] = {
        "commercetoolsVariantId": held.id,
        "variantKey": held.key,
        "imageUrls": [image.url for image in held.images if image.url],
        "assets": _json([_asset(each, settings) for each in held.assets]),
        PRICES: _json(source.known_prices),
    }
    fields: dict[str, object] = {
        **_common(source, settings),
        "type": "VARIANT",
        "product": {"ref": source.standard, "catalogue": {"ref": settings.catalogue}},
        "prices": list(source.prices),
        "attributes": attributes({**_known(source, settings), **extra, **source.typed}),
    }
    return {name: value for name, value in fields.items() if value}


def _asset(asset: Asset, settings: Settings) -> dict[str, object]:
    found: dict[str, object] = {
        "key": asset.key,
        "name": localized(asset.name, settings.locales),
        "description": localized(asset.description, settings.locales),
        "tags": list(asset.tags),
        "sources": [_rendering(each) for each in asset.sources],
    }
    return {name: value for name, value in found.items() if value}


def _json(value: object) -> Typed | None:
    return Typed("JSON", value) if value else None


def _rendering(source: AssetSource) -> dict[str, object]:
    found = {"uri": source.uri, "contentType": source.content_type}
    return {name: value for name, value in found.items() if value}


def inactive(source: InactiveSource, settings: Settings) -> dict[str, object]:
    """Return the input that takes a product or variant off sale."""
    return {
        "ref": source.ref,
        "catalogue": {"ref": settings.catalogue},
        "status": "INACTIVE",
        "attributes": attributes(
            {"commercetoolsId": source.product.id, "commercetoolsVersion": source.product.version}
        ),
    }


def price(source: PriceSource) -> dict[str, object]:
    """Return a price row."""
    return {
        "type": source.type,
        "currency": source.amount.currency_code,
        "value": money.price(source.amount),
    }


def _common(source: StandardSource | VariantSource, settings: Settings) -> dict[str, object]:
    data = source.data
    texts = (
        localized(data.name, settings.locales),
        source.product.key,
        localized(data.slug, settings.locales),
        source.ref,
    )
    catalogue = {"ref": settings.catalogue}
    tax = {
        "country": cut(source.tax_country, 100),
        "group": cut(settings.tax_group, 100),
        "tariff": cut(settings.tax_tariff, 100),
    }
    found: dict[str, object] = {
        "ref": source.ref,
        "catalogue": catalogue,
        "name": next((t for t in (cut(each, 255) for each in texts) if t), None),
        "summary": cut(localized(data.description, settings.locales), 255),
        "gtin": cut(source.barcode or source.ref, _GTIN) or source.ref[:20],
        "taxType": tax if source.tax_country else None,
        "categories": [{"ref": each, "catalogue": catalogue} for each in source.categories],
    }
    return {name: value for name, value in found.items() if value}


def _known(source: StandardSource | VariantSource, settings: Settings) -> dict[str, object]:
    return {
        "commercetoolsId": source.product.id,
        "commercetoolsVersion": source.product.version,
        "productKey": source.product.key,
        "productType": source.product_type,
        "taxCategory": source.tax_category,
        "slug": localized(source.data.slug, settings.locales),
    }
