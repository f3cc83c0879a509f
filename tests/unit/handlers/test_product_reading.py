"""What is read with a product: of commercetools as much as settings ask for, of Fluent what is."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.product.catalogued import CataloguedProduct, expansions
from fluent_connect.handlers.product.described import OURS
from fluent_connect.handlers.product.upsert import ProductUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from unit.handlers.stage import FakeCommercetools, FakeFluent, context, map_context, message

HANDLER = ProductUpsertHandler()
SHIRT = {
    "id": "p-1",
    "version": 5,
    "key": "shirt",
    "masterData": {"published": True, "current": {"masterVariant": {"id": 1, "sku": "SKU-1"}}},
}


def node(ref: str, source: str = "p-1", **more: Any) -> dict[str, Any]:
    known = [{"name": "commercetoolsId", "value": source}]
    return {"ref": ref, "status": "ACTIVE", "attributes": known, **more}


def edges(*nodes: Mapping[str, Any]) -> dict[str, Any]:
    return {"edges": [{"cursor": each["ref"], "node": each} for each in nodes]}


def kept(value: object) -> list[dict[str, object]]:
    return [
        {"name": "commercetoolsId", "value": "p-1"},
        {"name": "commercetoolsPrices", "value": value},
    ]


async def read(*answers: dict[str, Any], told: Message | None = None, **more: Any) -> Any:
    held = {} if told else {"product/p-1": SHIRT}
    fluent = FakeFluent(answers)
    where = context(FakeCommercetools(held), fluent, **more)
    fetched = await HANDLER.fetch(told or message("product", "p-1"), where)
    assert fetched.resource is not None
    return fetched.resource, fluent.asked


@pytest.mark.parametrize("value", [{"A/EUR": "sent"}, '{"A/EUR": "sent"}'])
async def test_price_rows_that_are_ours_are_known_by_an_attribute(value: object) -> None:
    sold = node("SKU-1") | {"attributes": kept(value)}
    product, _ = await read({"found": None, "sold": edges(sold)})
    assert product.in_fluent.prices == {"SKU-1": {"A/EUR": "sent"}}


@pytest.mark.parametrize("value", ["no JSON", "[1]", 5, None])
async def test_an_attribute_that_says_nothing_of_prices_is_no_failure(value: object) -> None:
    product, _ = await read(
        {"found": None, "sold": edges(node("SKU-1") | {"attributes": kept(value)})}
    )
    assert product.in_fluent.prices == {}


async def test_prices_of_a_sku_that_came_from_another_product_are_not_ours() -> None:
    sold = node("SKU-1", "p-0")
    sold["attributes"].append({"name": "commercetoolsPrices", "value": {"A/EUR": "sent"}})
    product, _ = await read({"found": None, "sold": edges(sold)})
    assert (product.in_fluent.prices, product.in_fluent.variants) == ({}, [])


async def test_the_standard_product_of_a_former_key_is_found_by_its_variants() -> None:
    first = {"found": None, "sold": edges(node("SKU-1", product=node("P_old")))}
    second = {"found": node("P_old", variants=edges(node("SKU-1"), node("SKU-2")))}
    product, asked = await read(first, second)
    assert [each["ref"] for each in asked] == ["P_shirt", "P_old"]
    assert product.in_fluent.standards == ["P_old"]
    assert product.in_fluent.variants == ["SKU-1", "SKU-2"]
    changes = [
        each
        for each in HANDLER.map(product, message("product", "p-1"), map_context())
        if isinstance(each, Upsert)
    ]
    assert [each.ref for each in changes] == ["P_shirt", "SKU-1", "SKU-2", "P_old"]
    assert [each.create is None for each in changes] == [False, False, True, True]


@pytest.mark.parametrize(
    ("project", "status", "foreign"),
    [
        ("other", "ACTIVE", {"SKU-1": "other/p-0"}),
        ("other", "INACTIVE", {}),
        ("shop", "ACTIVE", {}),
    ],
)
async def test_what_another_project_holds_is_known(
    project: str, status: str, foreign: dict[str, str]
) -> None:
    sold = node("SKU-1", "p-0") | {"status": status}
    sold["attributes"].append({"name": "commercetoolsProject", "value": project})
    product, _ = await read({"found": None, "sold": edges(sold)})
    assert product.in_fluent.foreign == foreign
    mapped = partial(HANDLER.map, product, message("product", "p-1"), map_context())
    if foreign:
        with pytest.raises(UnprocessableError, match="SKU-1 is that of product other/p-0, not of"):
            mapped()
    else:
        assert mapped()


async def test_a_standard_product_of_another_source_is_left_alone() -> None:
    sold = edges(node("SKU-1", product=node("P_other", "p-0")))
    product, asked = await read({"found": None, "sold": sold})
    assert len(asked) == 1
    assert product.in_fluent.standards == []


@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_deleted_product_is_found_by_what_its_notification_shows(wrapped: bool) -> None:
    last = {"key": "shirt", "masterVariant": {"sku": "SKU-1"}, "variants": [{"sku": "SKU-2"}, {}]}
    payload = {"type": "ProductDeleted", "currentProjection": last}
    told = message("product", "p-1", "ProductDeleted", version=9)
    product, asked = await read(
        {"found": None, "sold": edges(node("SKU-1", product=node("P_shirt")))},
        told=told,
        payload={"data": payload} if wrapped else payload,
    )
    assert (asked[0]["ref"], asked[0]["skus"]) == ("P_shirt", ["SKU-1", "SKU-2"])
    changes = list(HANDLER.map(product, told, map_context()))
    assert [each.ref for each in changes if isinstance(each, Upsert)] == [
        "SKU-1",
        "SKU-2",
        "P_shirt",
    ]


async def test_a_deleted_product_of_which_nothing_is_told_is_looked_for_by_its_id() -> None:
    told = message("product", "p-1", "ResourceDeleted", version=9)
    product, asked = await read({"found": None}, told=told)
    assert asked[0]["ref"] == "P_p-1"
    assert product.gone


def test_no_more_is_read_than_the_settings_ask_for() -> None:
    assert expansions(Settings()) == ("productType", "taxCategory")
    assert expansions(Settings(category_ref="key"))[2:] == ("masterData.current.categories[*]",)
    assert expansions(Settings(price_types={"*/*/outlet": "T"}))[2:] == (
        "masterData.current.masterVariant.prices[*].channel",
        "masterData.current.variants[*].prices[*].channel",
    )
    assert "masterData.current.variants[*].prices[*].customerGroup" in expansions(
        Settings(discounted_types={"*": "SALE_{group}"})
    )
    assert "masterData.current.variants[*].attributes[*].value" in expansions(
        Settings(reference_attributes="key")
    )


async def test_keys_of_standalone_prices_are_read_where_the_table_needs_them() -> None:
    held = {"product/p-1": SHIRT | {"priceMode": "Standalone"}}
    shop = FakeCommercetools(held)
    chosen = Settings(price_types={"*/*/outlet": "T"})
    await HANDLER.fetch(message("product", "p-1"), context(shop, settings=chosen))
    assert "'expand': ['channel']" in str(shop.asked)


def test_names_of_ours_are_not_taken_by_attributes_of_the_shop() -> None:
    several = [{"name": name, "value": "theirs"} for name in sorted(OURS)]
    current = {
        "masterVariant": {"id": 1, "sku": "SKU-1", "key": "k", "attributes": several},
        "variants": [{"id": 2}],
    }
    raw = SHIRT | {"masterData": {"published": True, "current": current | {"attributes": several}}}
    resource = msgspec.convert(raw, CataloguedProduct)
    for each in HANDLER.map(resource, message("product", "p-1"), map_context()):
        assert isinstance(each, Upsert)
        attributes: Any = (each.create or {})["attributes"]
        names = [one["name"] for one in attributes]
        assert len(names) == len(set(names))
        assert {f"attribute_{name}" for name in OURS} <= set(names)
