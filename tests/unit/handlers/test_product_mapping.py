"""The product's mapping file: what it may be changed to, and where its output comes from."""

import pathlib
import re
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.product.catalogued import CataloguedProduct
from fluent_connect.handlers.product.described import OURS
from fluent_connect.handlers.product.upsert import ProductUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper, TracedMapper
from fluent_connect.model.errors import UnprocessableError
from unit.handlers.stage import map_context, message

ROOT = pathlib.Path(__file__).parents[3]
HANDLER = ProductUpsertHandler()
SHIRT: dict[str, Any] = {
    "id": "p-1",
    "version": 5,
    "key": "shirt",
    "masterData": {
        "published": True,
        "current": {
            "name": {"en": "Shirt"},
            "masterVariant": {
                "id": 1,
                "sku": "SKU-1",
                "attributes": [
                    {"name": "weight", "value": 350},
                    {"name": "colour", "value": {"key": "red", "label": "Red"}},
                ],
                "images": [
                    {"url": "https://img.example/1.jpg", "dimensions": {"w": 800, "h": 600}}
                ],
                "prices": [
                    {
                        "value": {"currencyCode": "EUR", "centAmount": 2000},
                        "discounted": {"value": {"currencyCode": "EUR", "centAmount": 1500}},
                        "channel": {"typeId": "channel", "id": "c", "key": "outlet"},
                    }
                ],
            },
        },
    },
}


def laid_over(text: str, settings: Settings | None = None) -> MapContext:
    """Return the context of a shop that laid this mapping file over ours."""
    rules = Rules(parsed(text, "product.yml").over(packaged()), HANDLER.targets, settings=Settings)
    mapper = Mapper(rules, map_context(settings).mapping.given)
    return msgspec.structs.replace(map_context(settings), mapping=mapper)


def mapped(context: MapContext, raw: dict[str, Any] | None = None) -> list[Upsert]:
    resource = msgspec.convert(raw or SHIRT, CataloguedProduct)
    found = HANDLER.map(resource, message("product", "p-1"), context)
    return [each for each in found if isinstance(each, Upsert)]


def variant(text: str, settings: Settings | None = None) -> dict[str, Any]:
    return dict(mapped(laid_over(text, settings))[1].create or {})


def attributes(made: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: (each["type"], each["value"]) for each in made["attributes"]}


def test_the_example_of_the_page_does_what_it_says() -> None:
    page = (ROOT / "docs/mapping/product.md").read_text("utf-8")
    (example,) = re.findall(r'```yaml title="mapping/product.yml"\n(.*?)```', page, re.DOTALL)
    made = variant(example, Settings(price_types={"*/*/*": "T"}))
    assert (made["name"], made["gtin"]) == ("Shirt, Red", "SKU-1")
    assert made["prices"] == [{"type": "T", "currency": "EUR", "value": 15.0}]
    assert attributes(made)["weight"] == ("FLOAT", 0.35)
    assert "imageUrls" not in attributes(made)


def test_the_names_that_ours_take_are_those_of_the_file() -> None:
    named = {
        name
        for target in ("standard-product", "variant-product")
        for name in packaged().tables[target].entries["attributes"].entries  # type: ignore[union-attr]
    }
    assert named - {"*"} == OURS


def test_a_shop_may_take_the_barcode_from_elsewhere() -> None:
    made = variant(
        "variant-product:\n  fields: { gtin: { first: [variant.key, attributes.weight], cut: 20 } }"
    )
    assert made["gtin"] == "350"


def test_a_shop_may_convert_an_attribute_and_leave_another_out() -> None:
    made = attributes(
        variant(
            "variant-product:\n"
            "  attributes:\n"
            "    weight: { number: attributes.weight, times: 0.001, digits: 3, type: FLOAT }\n"
            "    colourName: attributes.colour.label\n"
            "    imageUrls: ~\n"
            "    images:\n"
            "      each: variant.images\n"
            "      as: image\n"
            "      fields: { url: image.url, width: image.dimensions.w }\n"
            "      type: JSON\n"
        )
    )
    assert made["weight"] == ("FLOAT", 0.35)
    assert (made["colour"], made["colourName"]) == (("STRING", "red"), ("STRING", "Red"))
    assert made["images"] == ("JSON", [{"url": "https://img.example/1.jpg", "width": 800}])
    assert "imageUrls" not in made


def test_a_shop_may_send_the_discounted_price_in_place_of_the_full_one() -> None:
    text = "price: { fields: { value: { money: { first: [price.discounted.value, amount] } } } }"
    text = text.replace("} } } }", "}, as: number } } }")
    chosen = Settings(price_types={"*/*/outlet": "OUTLET"})
    assert variant(text, chosen)["prices"] == [{"type": "OUTLET", "currency": "EUR", "value": 15.0}]


def test_a_price_type_may_be_told_by_the_mapping() -> None:
    text = 'price: { fields: { type: { text: "{type}-{offer.channel}" } } }'
    chosen = Settings(price_types={"*/*/*": "AT"})
    (row,) = variant(text, chosen)["prices"]
    assert row["type"] == "AT-outlet"


def test_two_rows_that_a_mapping_makes_one_are_refused() -> None:
    text = "price: { fields: { type: { value: ONE } } }"
    chosen = Settings(price_types={"*": "T"}, discounted_types={"*": "S"})
    with pytest.raises(UnprocessableError, match="both type ONE in EUR"):
        variant(text, chosen)


def test_what_is_no_longer_sold_may_have_another_status() -> None:
    context = laid_over("inactive-product: { fields: { status: { value: DISCONTINUED } } }")
    gone = mapped(context, {"id": "p-1", "version": 6, "key": "shirt"})
    assert [dict(each.update or {})["status"] for each in gone] == ["DISCONTINUED"]


def test_both_inputs_know_where_their_fields_come_from() -> None:
    tracing = map_context().mapping.traced()
    context = msgspec.structs.replace(map_context(), mapping=tracing)
    assert isinstance(context.mapping, TracedMapper)
    _, one = mapped(context)
    for made in (one.create, one.update):
        origins = {each.path: each for each in context.mapping.origins(made)}
        assert origins["name"].reads == ("data.name",)
        assert origins["name"].at.startswith("mapping/defaults/product.yml:")
        assert "gtin" in origins
    assert one.create is not None
    assert one.update is not None
    assert one.create["attributes"] is not one.update["attributes"]
