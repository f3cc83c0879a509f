from typing import Any

import msgspec
import pytest
from graphql import parse, validate

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.category.in_fluent import _CHILDREN
from fluent_connect.handlers.message_handler import Refresh
from fluent_connect.handlers.product.catalogued import CataloguedProduct
from fluent_connect.handlers.product.in_fluent import IN_FLUENT
from fluent_connect.handlers.product.upsert import ProductUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import UnprocessableError
from fluent_schema import faults, schema
from unit.handlers.made_up_orders import money
from unit.handlers.stage import (
    FakeCommercetools,
    FakeFluent,
    context,
    corpus,
    map_context,
    message,
    needs_corpus,
    outcome_of,
)

HANDLER = ProductUpsertHandler()


def price(cents: int, id_: str = "p1", **more: Any) -> dict[str, Any]:
    return {"id": id_, "value": money(cents), **more}


def variant(id_: int, sku: str | None, **more: Any) -> dict[str, Any]:
    return {"id": id_, "sku": sku, "prices": [price(1000 * id_)], **more}


def product(*variants: dict[str, Any], published: bool = True, **more: Any) -> dict[str, Any]:
    master, *others = variants or (variant(1, "SKU-1"), variant(2, "SKU-2"))
    return {
        "id": "p-1",
        "version": 5,
        "key": "shirt",
        "masterData": {
            "published": published,
            "current": {
                "name": {"en": "Shirt"},
                "slug": {"en": "shirt"},
                "categories": [{"typeId": "category", "id": "cat-1"}],
                "masterVariant": master,
                "variants": others,
            },
        },
        "taxCategory": {
            "typeId": "tax-category",
            "id": "t",
            "obj": {"id": "t", "version": 1, "rates": [{"amount": 0.19, "country": "DE"}]},
        },
        **more,
    }


def mapped(raw: dict[str, Any], settings: Settings | None = None) -> list[Upsert]:
    resource = msgspec.convert(raw, CataloguedProduct)
    found = list(HANDLER.map(resource, message("product", "p-1"), map_context(settings)))
    changes = [each for each in found if isinstance(each, Upsert)]
    assert all(isinstance(each, Upsert | Refresh) for each in found)
    assert [fault for each in changes for fault in faults(each)] == []
    return changes


def created(change: Upsert) -> dict[str, Any]:
    assert change.create is not None
    return dict(change.create)


def updated(change: Upsert) -> dict[str, Any]:
    assert change.update is not None
    return dict(change.update)


def test_a_product_is_a_standard_product_and_its_variants() -> None:
    standard, first, second = mapped(product())
    assert (standard.entity, standard.ref) == ("standardProduct", "P_shirt")
    assert [first.ref, second.ref] == ["SKU-1", "SKU-2"]
    assert created(first)["product"]["ref"] == "P_shirt"
    assert created(first)["prices"] == [{"type": "DEFAULT", "currency": "EUR", "value": 10.0}]
    assert created(standard)["taxType"] == {
        "country": "DE",
        "group": "STANDARD",
        "tariff": "STANDARD",
    }
    assert standard.categories == ["cat-1"]
    assert created(standard)["categories"] == [{"ref": "cat-1", "catalogue": {"ref": "DEFAULT:1"}}]


@pytest.mark.parametrize("country", ["", " ", "\x00"])
def test_a_rate_of_no_country_says_nothing_of_tax(country: str) -> None:
    rates = [{"amount": 0.19, "country": country}]
    tax = {"typeId": "tax-category", "id": "t", "obj": {"id": "t", "version": 1, "rates": rates}}
    assert "taxType" not in created(mapped(product(taxCategory=tax))[0])


def test_parents_are_named_with_what_would_bring_them_about() -> None:
    _, first, _ = mapped(product())
    sources = {(each.entity, each.ref): each.source for each in first.parents}
    assert str(sources["standardProduct", "P_shirt"]) == "product/p-1"
    assert str(sources["category", "cat-1"]) == "category/cat-1"
    assert sources["catalogue", "DEFAULT:1"] is None


def test_a_product_in_no_category_is_taken_out_of_all() -> None:
    raw = product()
    raw["masterData"]["current"]["categories"] = []
    standard = mapped(raw)[0]
    assert standard.categories == []
    assert "categories" not in created(standard)


def test_an_unpublished_product_goes_inactive_and_is_not_created() -> None:
    changes = mapped(product(published=False))
    assert [each.ref for each in changes] == ["SKU-1", "SKU-2", "P_shirt"]
    for each in changes:
        assert each.create is None
        assert updated(each)["status"] == "INACTIVE"
        assert each.identity == ("commercetoolsId", "p-1")


def test_a_sku_that_fluent_can_never_have_taken_is_not_deactivated() -> None:
    changes = mapped(product(variant(1, "S" * 101), published=False))
    assert [each.ref for each in changes] == ["P_shirt"]


def test_what_stands_inactive_is_made_active_again_and_nothing_else() -> None:
    raw = product() | {"~inFluent": {"variants": ["SKU-1"], "inactive": ["SKU-1"]}}
    standard, first, second = mapped(raw)
    assert updated(first)["status"] == "ACTIVE"
    assert "status" not in updated(standard)
    assert "status" not in updated(second)


def test_a_variant_that_the_product_has_no_more_goes_inactive() -> None:
    raw = product() | {"~inFluent": {"variants": ["SKU-1", "SKU-9"]}}
    last = mapped(raw)[-1]
    assert (last.ref, last.create, updated(last)["status"]) == ("SKU-9", None, "INACTIVE")


def test_a_variant_without_sku_is_left_out_and_told() -> None:
    standard, *variants = mapped(product(variant(1, None), variant(2, "SKU-2")))
    assert [each.ref for each in variants] == ["SKU-2"]
    told = {each["name"]: each["value"] for each in created(standard)["attributes"]}
    assert told["variantsWithoutSku"] == [1]


@pytest.mark.parametrize(
    ("variants", "reason"),
    [
        ((variant(1, None),), "no variant has a SKU"),
        ((variant(1, "A"), variant(2, "A")), "variants 1 and 2 have one SKU, A"),
        ((variant(1, "P_shirt"),), "both the standard product and a SKU"),
        ((variant(1, "S" * 101),), "over 100 characters"),
    ],
)
def test_skus_that_cannot_be_told_apart_are_refused(
    variants: tuple[dict[str, Any], ...], reason: str
) -> None:
    with pytest.raises(UnprocessableError, match=reason):
        mapped(product(*variants))


def test_the_barcode_comes_from_its_attribute_else_from_the_ref_cut() -> None:
    coded = variant(1, "S" * 30, attributes=[{"name": "ean", "value": 4006381333931}])
    settings = Settings(gtin_attribute="ean")
    assert created(mapped(product(coded), settings)[1])["gtin"] == "4006381333931"
    assert created(mapped(product(coded))[1])["gtin"] == "S" * 20


def test_a_price_table_tells_prices_of_one_currency_apart() -> None:
    prices = [
        price(1000, "all"),
        price(900, "de", country="DE"),
        price(1, "b2b", channel={"id": "c"}),
    ]
    _, only = mapped(product(variant(1, "A", prices=prices)))
    assert [(each["type"], each["value"]) for each in created(only)["prices"]] == [
        ("DEFAULT", 10.0),
        ("DEFAULT_DE", 9.0),
    ]


def test_two_prices_that_would_be_one_are_both_named() -> None:
    prices = [price(1000, "all"), price(900, "de", country="DE")]
    with pytest.raises(UnprocessableError, match="prices all and de are both type DEFAULT in EUR"):
        mapped(product(variant(1, "A", prices=prices)), Settings(price_types={"*": "DEFAULT"}))


def test_a_price_holds_only_within_its_time() -> None:
    prices = [
        price(900, "past", validUntil="2026-01-01T00:00:00.000Z"),
        price(800, "now", validFrom="2026-01-01T00:00:00Z"),
        price(700, "later", validFrom="2027-01-01T00:00:00.000Z"),
    ]
    raw = product(variant(1, "A", prices=prices)) | {"~at": "2026-01-01T00:00:00.000000Z"}
    assert created(mapped(raw)[1])["prices"] == [
        {"type": "DEFAULT", "currency": "EUR", "value": 8.0}
    ]


def test_a_price_that_is_not_kept_asks_for_no_look() -> None:
    soon = "2026-06-01T00:00:00.000Z"
    group = {"typeId": "customer-group", "id": "g"}
    for more, looks in (({}, 1), ({"customerGroup": group}, 0), ({"active": False}, 0)):
        prices = [price(900, "soon", validFrom=soon, **more)]
        raw = product(variant(1, "A", prices=prices)) | {"~at": "2026-01-01T00:00:00.000000Z"}
        resource = msgspec.convert(raw, CataloguedProduct)
        found = HANDLER.map(resource, message("product", "p-1"), map_context())
        assert sum(isinstance(each, Refresh) for each in found) == looks


def test_standalone_prices_replace_the_embedded_ones() -> None:
    raw = product(variant(1, "A"), priceMode="Standalone")
    raw["~standalone"] = [
        price(700, "s", sku="A"),
        price(600, "other", sku="B"),
        price(500, "off", sku="A", active=False, country="DE"),
    ]
    assert [each["value"] for each in created(mapped(raw | {"~at": "2026"})[1])["prices"]] == [7.0]


def test_a_discounted_price_may_have_a_row_of_its_own() -> None:
    reduced = price(1000, discounted={"value": money(750)})
    raw = product(variant(1, "A", prices=[reduced]))
    rows = created(mapped(raw, Settings(discounted_type="SPECIAL"))[1])["prices"]
    assert [(each["type"], each["value"]) for each in rows] == [("DEFAULT", 10.0), ("SPECIAL", 7.5)]


def test_a_discounted_price_is_no_second_row_of_one_type() -> None:
    raw = product(variant(1, "A", prices=[price(1000, discounted={"value": money(750)})]))
    with pytest.raises(UnprocessableError, match="both type DEFAULT in EUR"):
        mapped(raw, Settings(discounted_type="DEFAULT"))


def test_a_product_without_a_key_is_called_by_its_id() -> None:
    assert mapped(product(key=None))[0].ref == "P_p-1"
    assert mapped(product(), Settings(product_key="id"))[0].ref == "P_p-1"
    with pytest.raises(UnprocessableError, match="ref of product"):
        mapped(product(key="k" * 120))


async def test_standalone_prices_and_fluents_variants_are_gathered() -> None:
    shop = FakeCommercetools(
        {"product/p-1": product(priceMode="Standalone")},
        {"standalone-price": [price(700, "s", sku="SKU-1", version=1)]},
    )

    def node(ref: str, source: str, status: str = "ACTIVE") -> dict[str, Any]:
        known = [{"name": "commercetoolsId", "value": source}]
        return {"cursor": ref, "node": {"ref": ref, "status": status, "attributes": known}}

    more = {"hasNextPage": True}
    pages: list[dict[str, Any]] = [
        {
            "found": {
                "ref": "P_shirt",
                "status": "INACTIVE",
                "variants": {"edges": [node("SKU-1", "p-1")], "pageInfo": more},
            },
            "sold": {"edges": [node("SKU-2", "p-0", "INACTIVE")]},
        },
        {
            "found": {
                "ref": "P_shirt",
                "variants": {"edges": [node("SKU-8", "p-1"), node("SKU-9", "p-0")]},
            }
        },
    ]
    fluent = FakeFluent(pages)
    fetched = await HANDLER.fetch(message("product", "p-1"), context(shop, fluent))
    assert fetched.resource is not None
    assert fetched.resource.in_fluent.variants == ["SKU-1", "SKU-8"]
    assert fetched.resource.in_fluent.inactive == {"P_shirt", "SKU-2"}
    assert len(fetched.resource.standalone) == 1
    assert fetched.resource.at.startswith("2023-11-14T22:13:20")
    assert fluent.asked[1]["after"] == "SKU-1"
    assert fetched.dependencies == {"standalone-price/s": 1, "tax-category/t": 1}


async def test_a_deleted_product_goes_inactive_by_what_fluent_has_of_it() -> None:
    known = [{"name": "commercetoolsId", "value": "p-1"}]
    edges = [{"cursor": "1", "node": {"ref": "SKU-1", "attributes": known}}]
    fluent = FakeFluent([{"found": {"ref": "P_shirt", "variants": {"edges": edges}}}])
    told = message("product", "p-1", "ProductDeleted", version=9, attributes={"key": "shirt"})
    fetched = await HANDLER.fetch(told, context(fluent=fluent))
    assert fetched.deleted
    assert fetched.version == 9
    assert fetched.resource is not None
    changes = list(HANDLER.map(fetched.resource, told, map_context()))
    assert [each.ref for each in changes if isinstance(each, Upsert)] == ["SKU-1", "P_shirt"]


async def test_a_product_that_is_merely_not_there_is_left_alone() -> None:
    fetched = await HANDLER.fetch(message("product", "p-1"), context())
    assert fetched.resource is None


@pytest.mark.parametrize("document", [IN_FLUENT, _CHILDREN])
def test_what_is_asked_of_fluent_is_in_its_schema(document: str) -> None:
    assert validate(schema(), parse(document)) == []


@needs_corpus
def test_every_recorded_product_maps_or_says_why_not() -> None:
    done = 0
    for name, raw in corpus("products"):
        resource = msgspec.convert(raw, CataloguedProduct)
        changes = outcome_of(HANDLER, resource, message("product"))
        done += len(changes)
        assert all(isinstance(each, Upsert) and faults(each) == [] for each in changes), name
    assert done > 20


def test_a_blank_sku_is_none() -> None:
    standard, *variants = mapped(product(variant(1, " \x07"), variant(2, "SKU-2")))
    assert [each.ref for each in variants] == ["SKU-2"]
    told = {each["name"]: each["value"] for each in created(standard)["attributes"]}
    assert told["variantsWithoutSku"] == [1]
