"""What the sandbox refuses as Fluent would: each fact with its source (fluent-api.md 13)."""

import asyncio
from typing import Any

import pytest

from unit.sandbox.caller import CATALOGUE, Caller, category, code, customer, order, product
from unit.sandbox.shop import _shop

OTHER = {"ref": "OTHER:1"}


async def _other(caller: Caller, *retailers: str) -> None:
    given = {"ref": OTHER["ref"], "type": "DEFAULT", "name": "Other"}
    await caller.made("createProductCatalogue", {**given, "retailerRefs": list(retailers)})


async def test_a_ref_is_unique_within_its_catalogue(caller: Caller) -> None:
    """S1, fluent-api.md 2, Update semantics and 7: they go by ref + catalogue."""
    await _other(caller, "1")
    for catalogue in (CATALOGUE, OTHER):
        await caller.made("createCategory", category("same", catalogue=catalogue))
        await caller.made("createStandardProduct", product("same", catalogue=catalogue))
        again = product("same", catalogue=catalogue)
        assert code(await caller.mutate("createStandardProduct", again)) == "C0123E"


async def test_what_an_input_names_stands_in_the_same_catalogue(caller: Caller) -> None:
    """S1, fluent-api.md 2, Update semantics: parents of the same catalogue."""
    await _other(caller, "1")
    await caller.made("createCategory", category("c"))
    await caller.made("createStandardProduct", product("P"))
    key = {"ref": "c", "catalogue": CATALOGUE}
    elsewhere = {"catalogue": OTHER}
    for name, given in (
        ("createCategory", category("d", parentCategory=key, **elsewhere)),
        ("createStandardProduct", product("Q", categories=[key], **elsewhere)),
        ("createVariantProduct", product("V", product={**key, "ref": "P"}, **elsewhere)),
    ):
        assert code(await caller.mutate(name, given)) == "C0120E", name


async def test_a_catalogue_of_another_retailer_is_not_ours(caller: Caller) -> None:
    """S6, fluent-api.md 1, Users: product permissions go by the catalogue's retailerRefs."""
    await _other(caller, "2")
    body = await caller.mutate("createStandardProduct", product(catalogue=OTHER))
    assert code(body) == "C0020E"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("updateStandardProduct", product("none")),
        ("updateVariantProduct", product("none")),
        ("updateCustomer", {"username": "none"}),
        ("updateOrder", {"id": "4711"}),
        (
            "removeCategoriesFromStandardProduct",
            {"standardProduct": {"ref": "none", "catalogue": CATALOGUE}, "categories": []},
        ),
        ("createStandardProduct", product(catalogue={"ref": "none"})),
    ],
)
async def test_an_update_of_what_is_not_there_is_refused(
    caller: Caller, name: str, given: dict[str, Any]
) -> None:
    """S7, fluent-api.md 2, Errors: C0120E, referenced or updated entity not found."""
    shown = "status" if name.startswith("remove") else "id"
    assert code(await caller.mutate(name, given, shown)) == "C0120E"


async def test_all_that_an_order_names_exists(caller: Caller) -> None:
    """S1 S7, fluent-api.md 2: C0120E for product, location, retailer."""
    id_ = await _shop(caller)
    item = {"ref": "l", "productRef": "none", "quantity": 1}
    choice = {"deliveryType": "STANDARD", "pickupLocationRef": "none"}
    for more in ({"items": [item]}, {"fulfilmentChoice": choice}, {"retailer": {"id": "9"}}):
        assert code(await caller.mutate("createOrder", order(id_, **more))) == "C0120E", more
    body = await caller.graphql('{ orders(ref: "O1") { edges { node { id } } } }')
    assert body["data"]["orders"]["edges"] == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("createStandardProduct", product(summary="x" * 256)),
        ("createStandardProduct", product("x" * 101)),
        ("createVariantProduct", product(type="x" * 51)),
        (
            "createVariantProduct",
            product(prices=[{"type": "x" * 256, "currency": "E", "value": 1}]),
        ),
        ("createCustomer", customer("x" * 251)),
        ("createCustomer", customer("u", primaryPhone="0" * 21)),
        ("createCategory", category(attributes=[{"name": "x" * 256, "type": "T", "value": 1}])),
    ],
)
async def test_lengths_hold_at_every_depth(caller: Caller, name: str, given: Any) -> None:
    """S1 S6, fluent-api.md 2, Limits, and 2.1: stated limits, else 255; C0141E (S3)."""
    assert code(await caller.mutate(name, given)) == "C0141E"


async def test_money_of_an_order_has_limits_too(caller: Caller) -> None:
    """S1 S3, fluent-api.md 2 and 2.1: C0141E for a currency, C0122E for less than zero."""
    id_ = await _shop(caller)
    money = {"ref": "f", "type": "PAYMENT", "amount": 1.0, "paymentMethod": "CASH"}
    for more, wanted in (({"currency": "EURO"}, "C0141E"), ({"amount": -1.0}, "C0122E")):
        given = order(id_, financialTransactions=[{"currency": "EUR", **money, **more}])
        assert code(await caller.mutate("createOrder", given)) == wanted


@pytest.mark.parametrize("field", ["price", "paidPrice", "taxPrice", "totalPrice", "quantity"])
async def test_nothing_of_an_item_is_negative(caller: Caller, field: str) -> None:
    """S3 (table of codes), fluent-api.md 2, Errors: C0122E."""
    id_ = await _shop(caller)
    item = {"ref": "l", "productRef": "V1", "quantity": 1, field: -1}
    assert code(await caller.mutate("createOrder", order(id_, items=[item]))) == "C0122E"


async def test_no_price_is_negative(caller: Caller) -> None:
    """S3 (table of codes), fluent-api.md 2, Errors: C0122E."""
    given = product(prices=[{"type": "D", "currency": "EUR", "value": -0.01}])
    assert code(await caller.mutate("createStandardProduct", given)) == "C0122E"


async def test_what_is_required_is_required(caller: Caller) -> None:
    """S1 S3, fluent-api.md 2, trap 1, and Errors: gtin is required; C0140E."""
    given = {name: value for name, value in product().items() if name != "gtin"}
    body = await caller.mutate("createStandardProduct", given)
    assert code(body) == "C0140E"
    assert "gtin" in body["errors"][0]["message"]


async def test_an_unscaled_value_has_32_bits(caller: Caller) -> None:
    """S1, fluent-api.md 2.1: `unscaledValue: Int`, and GraphQL's Int has 32 bits."""
    id_ = await _shop(caller)
    money = {"ref": "f", "type": "PAYMENT", "amount": 1.0, "paymentMethod": "CASH"}
    large = {**money, "currency": "EUR", "unscaledValue": 2**31}
    body = await caller.mutate("createOrder", order(id_, financialTransactions=[large]))
    assert "32-bit" in body["errors"][0]["message"]


async def test_a_product_begins_created_and_its_workflow_sets_the_status(caller: Caller) -> None:
    """S1 S6, fluent-api.md 2, What creating triggers; it comes after a status set too early."""
    caller.sandbox.fluent.knobs.workflow_delay = 0.1
    made = await caller.made("createStandardProduct", product(), "status workflowRef")
    assert made == {"status": "CREATED", "workflowRef": "PRODUCT_CATALOGUE::DEFAULT"}
    made = await caller.made("updateStandardProduct", product(status="INACTIVE"), "status")
    assert made["status"] == "INACTIVE"
    status = "INACTIVE"
    text = "query($c: ProductCatalogueKey!) { standardProduct(ref: %s, catalogue: $c) { status } }"
    while status == "INACTIVE":
        await asyncio.sleep(0.01)
        body = await caller.graphql(text % '"P1"', c=CATALOGUE)
        status = body["data"]["standardProduct"]["status"]
    assert status == "ACTIVE"


async def test_each_alias_weighs_what_it_reads(caller: Caller) -> None:
    """S6, fluent-api.md 2, Limits and Handy queries: an aliased existence check is one unit."""
    one = 'c%d: category(ref: "x", catalogue: $c) { id }'
    text = "query($c: ProductCatalogueKey!) { %s }"
    many = text % " ".join(one % number for number in range(200))
    assert "errors" not in await caller.graphql(many, c=CATALOGUE)
    caller.sandbox.fluent.knobs.complexity = 150
    assert code(await caller.graphql(many, c=CATALOGUE)) == "C0001E"


async def test_a_request_that_is_too_complex_does_nothing(caller: Caller) -> None:
    """S7, fluent-api.md 2, Errors: C0001E; no part of it is carried out."""
    caller.sandbox.fluent.knobs.complexity = 1
    text = (
        "mutation($a: CreateCategoryInput, $b: CreateCategoryInput) {"
        " one: createCategory(input: $a) { ref } two: createCategory(input: $b) { ref } }"
    )
    body = await caller.graphql(text, a=category("c1"), b=category("c2"))
    assert body["data"] is None
    assert code(body) == "C0001E"
    assert caller.sandbox.fluent.entities.counts().get("category", 0) == 0


async def test_aliases_may_be_carried_out_in_any_order(caller: Caller) -> None:
    """fluent-api.md 12: atomicity and order between aliases are not published. A knob turns it."""
    caller.sandbox.fluent.knobs.backwards = True
    text = (
        "mutation($a: CreateCategoryInput, $b: CreateCategoryInput) {"
        " one: createCategory(input: $a) { ref } two: createCategory(input: $b) { ref } }"
    )
    child = category("child", parentCategory={"ref": "root", "catalogue": CATALOGUE})
    body = await caller.graphql(text, a=category("root"), b=child)
    assert body["data"] == {"one": {"ref": "root"}, "two": None}
    assert code(body) == "C0120E"
