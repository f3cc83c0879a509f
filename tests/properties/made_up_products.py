"""Products that nobody would make up by hand, as commercetools writes them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from fluent_connect.handlers.product.catalogued import CataloguedProduct
from properties.made_up_catalogue import (
    Json,
    anything,
    ids,
    keys,
    localized,
    moments,
    record,
    reference,
    texts,
)

_SKUS = [f"SKU-{number}" for number in range(5)]
_CURRENCIES = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
_LOCALES = st.sampled_from(["en", "de", "fr-CA"])


@st.composite
def _money(draw: st.DrawFn) -> Json:
    code = draw(st.sampled_from(list(_CURRENCIES)))
    cents = draw(st.integers(0, 10**9))
    made = {"type": "centPrecision", "currencyCode": code, "centAmount": cents}
    made["fractionDigits"] = _CURRENCIES[code]
    if draw(st.integers(0, 4)) == 0:
        finer = {"type": "highPrecision", "fractionDigits": _CURRENCIES[code] + 3}
        made |= finer | {"preciseAmount": draw(st.integers(0, 10**12))}
    return made


_enum = record({"key": keys, "label": texts})
_value: st.SearchStrategy[Any] = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dictionaries(_LOCALES, texts, min_size=1),
    _enum,
    record({"key": keys, "label": localized}),
    _money(),
    reference("product"),
    moments,
)
_nested = st.lists(record({"name": keys, "value": _value}), max_size=3)
_values = st.one_of(_value, st.lists(_value, max_size=3), _nested, st.lists(_nested), anything)
_names = keys | texts | st.sampled_from(["slug", "ean", "colour", "commercetoolsId", "assets"])


@st.composite
def _attributes(draw: st.DrawFn) -> list[Json]:
    held = draw(st.dictionaries(_names, _values, max_size=4))
    return [{"name": name, "value": value} for name, value in held.items()]


_prices = record(
    {"value": _money()},
    id=ids,
    key=keys,
    country=st.sampled_from(["DE", "US", "FR"]),
    channel=reference("channel"),
    customerGroup=reference("customer-group"),
    recurrencePolicy=reference("recurrence-policy"),
    validFrom=moments,
    validUntil=moments,
    discounted=record({"value": _money(), "discount": reference("product-discount")}),
    tiers=st.lists(record({"minimumQuantity": st.integers(2, 99), "value": _money()}), max_size=2),
    custom=record({"type": reference("type"), "fields": st.dictionaries(keys, anything)}),
)
_images = record(
    {"url": texts}, label=texts, dimensions=record({"w": st.integers(0), "h": st.integers(0)})
)
_assets = record(
    {"id": ids, "name": localized, "sources": st.lists(record({"uri": texts}), max_size=2)},
    key=keys,
    description=localized,
    tags=st.lists(texts, max_size=2),
)


def _distinct(price: Json) -> tuple[object, ...]:
    """Return for whom a price is: commercetools holds no two that are the same."""
    money: Any = price["value"]
    links = (price.get("channel"), price.get("customerGroup"), price.get("recurrencePolicy"))
    dated = "validFrom" in price or "validUntil" in price
    return (money["currencyCode"], price.get("country"), str(links), dated)


def _variant(number: int) -> st.SearchStrategy[Json]:
    sku = st.just(_SKUS[number - 1]) if number > 1 else st.sampled_from(["SKU-0", "S" * 100])
    made: st.SearchStrategy[Json] = record(
        {
            "id": st.just(number),
            "sku": sku,
            "prices": st.lists(_prices, max_size=3, unique_by=_distinct),
            "attributes": _attributes(),
        },
        key=keys,
        images=st.lists(_images, max_size=2),
        assets=st.lists(_assets, max_size=2),
    )
    return made


@st.composite
def _views(draw: st.DrawFn) -> Json:
    count = draw(st.integers(1, 4))
    master, *others = (draw(_variant(number)) for number in range(1, count + 1))
    own = record(
        {"name": localized, "slug": localized, "attributes": _attributes()},
        description=localized,
        metaTitle=localized,
        categories=st.lists(reference("category"), max_size=3),
    )
    view: Json = draw(own)
    return view | {"masterVariant": master, "variants": others}


_kinds = st.sampled_from(["text", "ltext", "enum", "lenum", "number", "money", "reference"])
_definitions = record({"name": _names, "type": record({"name": _kinds})})
_types = record(
    {"id": ids, "version": st.integers(1, 9), "attributes": st.lists(_definitions, max_size=3)},
    key=keys,
)
_rates = record({"amount": st.just(0.19)}, country=st.sampled_from(["DE", "FR"]))
_taxes = record({"id": ids, "version": st.integers(1, 9), "rates": st.lists(_rates, max_size=2)})
_rows = st.sampled_from(["DEFAULT/EUR", "DEFAULT_DE/EUR", "OLD/TYPE/JPY"])
_known = record(
    {},
    variants=st.lists(st.sampled_from([*_SKUS, "SKU-8", "SKU-9"]), max_size=3, unique=True),
    inactive=st.lists(st.sampled_from([*_SKUS, "P_id-1"]), max_size=2, unique=True),
    standards=st.lists(st.just("P_former"), max_size=1),
    prices=st.dictionaries(
        st.sampled_from(_SKUS),
        st.dictionaries(_rows, st.sampled_from(["sent", "removed"])),
        max_size=2,
    ),
)
_often = st.sampled_from([True, True, True, False])
_raw = record(
    {
        "id": ids,
        "version": st.integers(1, 2**40),
        "masterData": record({"published": _often, "current": _views()}),
        "~at": st.sampled_from(["2026-01-05T09:00:00.000000Z", "2019-01-01T00:00:00.000000Z"]),
    },
    key=keys.filter(lambda key: len(key) <= 90),
    productType=record({"typeId": st.just("product-type"), "id": ids}, obj=_types),
    taxCategory=record({"typeId": st.just("tax-category"), "id": ids}, obj=_taxes),
    priceMode=st.sampled_from(["Embedded", "Standalone"]),
    **{
        "~standalone": st.lists(
            st.builds(lambda price, sku: {**price, "sku": sku}, _prices, st.sampled_from(_SKUS)),
            max_size=3,
        ),
        "~inFluent": _known,
    },
)
PRODUCTS = _raw.map(lambda raw: msgspec.convert(raw, CataloguedProduct))
