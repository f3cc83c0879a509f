"""The simulated commercetools: reading, paging, versions, update actions, what is refused."""

from typing import Any

import pytest

from unit.sandbox.caller import Caller


async def _order(caller: Caller, number: int = 0) -> dict[str, Any]:
    status, body = await caller.ct("GET", f"orders/{caller.sandbox.shop.id('order', number)}")
    assert status == 200
    found: dict[str, Any] = body
    return found


async def test_a_call_without_a_valid_token_is_refused(caller: Caller) -> None:
    """commercetools.md 3.1 and 3.2: 401 invalid_token."""
    caller.sandbox.commercetools.expire_tokens()
    status, body = await caller.ct("GET", "orders")
    assert (status, body["errors"][0]["code"], body["error"]) == (
        401,
        "invalid_token",
        "invalid_token",
    )


async def test_wrong_client_credentials_get_no_token(caller: Caller) -> None:
    url = f"{caller.sandbox.commercetools_url}/oauth/token"
    form = {"grant_type": "client_credentials"}
    async with caller.session.post(url, data=form) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"] == "invalid_client"


async def test_resources_are_found_by_id_key_and_number(caller: Caller) -> None:
    order = await _order(caller)
    for path in (f"orders/order-number={order['orderNumber']}", "customers/key=customer-1"):
        assert (await caller.ct("GET", path))[0] == 200
    status, body = await caller.ct("GET", "customers/key=nobody")
    assert (status, body["errors"][0]["code"]) == (404, "ResourceNotFound")


async def test_all_are_read_by_paging_on_id(caller: Caller) -> None:
    """commercetools.md 3.3."""
    seen: list[str] = []
    where: dict[str, str] = {}
    while True:
        _, page = await caller.ct(
            "GET", "orders", sort="id asc", limit=5, withTotal="false", **where
        )
        assert "total" not in page
        seen += [one["id"] for one in page["results"]]
        if page["count"] < 5:
            break
        where = {"where": f'id > "{seen[-1]}"'}
    assert seen == sorted(seen)
    assert len(set(seen)) == 12


@pytest.mark.parametrize("query", [{"limit": 501}, {"offset": 10001}, {"where": "id = "}])
async def test_bounds_and_bad_predicates_are_invalid_input(
    caller: Caller, query: dict[str, Any]
) -> None:
    status, body = await caller.ct("GET", "orders", **query)
    assert (status, body["errors"][0]["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("path", "where", "count"),
    [
        ("orders", 'orderNumber = "S1-000003"', 1),
        ("orders", 'orderNumber in ("S1-000003", "S1-000004", "none")', 2),
        ("orders", 'paymentState = "Paid" and not (orderNumber = "S1-000003")', 5),
        ("orders", 'lastModifiedAt >= "2026-01-01T00:00:00.000Z"', 12),
        ("orders", 'lastModifiedAt > "2036-01-01T00:00:00.000Z"', 0),
        ("orders", "customerId is not defined", 2),
        ("product-projections", 'masterVariant(sku="SKU-0001-2") or variants(sku="SKU-0001-2")', 1),
        ("products", 'masterData(current(masterVariant(sku="SKU-0002-1")))', 1),
        ("products", 'key in ("product-1","product-2")', 2),
        ("inventory", 'sku = "SKU-0004-1" and quantityOnStock > 3', 1),
        ("customers", 'email = "ada.andersen.0@example.com"', 1),
    ],
)
async def test_predicates_find_what_they_say(
    caller: Caller, path: str, where: str, count: int
) -> None:
    status, body = await caller.ct("GET", path, where=where, limit=100)
    assert (status, body["count"], body["total"]) == (200, count, count)


async def test_predicate_variables_are_filled_in(caller: Caller) -> None:
    payment = caller.sandbox.shop.id("payment", "payment-3")
    query = {"where": "paymentInfo(payments(id=:p))", "var.p": payment}
    _, body = await caller.ct("GET", "orders", **query)
    assert [one["orderNumber"] for one in body["results"]] == ["S1-000003"]
    type_ = caller.sandbox.shop.id("product-type", "household")
    query = {"where": "productType(id = :t)", "var.t": type_, "limit": "500"}
    assert (await caller.ct("GET", "products", **query))[1]["count"] == 20


async def test_expansion_puts_the_object_beside_the_reference(caller: Caller) -> None:
    id_ = caller.sandbox.shop.id("order", 0)
    url = f"orders/{id_}?expand=paymentInfo.payments[*]&expand=shippingInfo.shippingMethod"
    _, body = await caller.ct("GET", url)
    assert body["paymentInfo"]["payments"][0]["obj"]["interfaceId"] == "psp-0"
    assert body["shippingInfo"]["shippingMethod"]["obj"]["key"] == "parcel"
    _, body = await caller.ct("GET", "categories/key=category-8?expand=ancestors[*]&expand=parent")
    assert body["ancestors"][0]["obj"]["key"] == "category-0"
    assert len(body["ancestors"]) == 2


async def test_an_old_version_is_refused_with_the_current_one(caller: Caller) -> None:
    """commercetools.md 3.1: 409 with currentVersion."""
    order = await _order(caller)
    actions = [{"action": "changeOrderState", "orderState": "Confirmed"}]
    path = f"orders/{order['id']}"
    status, changed = await caller.ct("POST", path, {"version": 1, "actions": actions})
    assert (status, changed["version"], changed["orderState"]) == (200, 2, "Confirmed")
    status, body = await caller.ct("POST", path, {"version": 1, "actions": actions})
    assert (status, body["errors"][0]["currentVersion"]) == (409, 2)
    assert body["errors"][0]["code"] == "ConcurrentModification"
    status, body = await caller.ct("DELETE", path, version=1)
    assert status == 409


async def test_an_update_that_changes_nothing_keeps_the_version(caller: Caller) -> None:
    order = await _order(caller)
    actions = [{"action": "changeOrderState", "orderState": order["orderState"]}]
    _, body = await caller.ct("POST", f"orders/{order['id']}", {"version": 1, "actions": actions})
    assert body["version"] == 1


async def test_what_is_not_there_answers_501_or_404(caller: Caller) -> None:
    order = await _order(caller)
    actions = [{"action": "setShoeSize"}]
    status, body = await caller.ct(
        "POST", f"orders/{order['id']}", {"version": 1, "actions": actions}
    )
    assert status == 501
    assert "setShoeSize" in body["message"]
    assert (await caller.ct("GET", "graphql"))[0] == 501
    assert (await caller.ct("GET", "nothing"))[0] == 404


async def test_an_unpublished_product_has_no_current_projection(caller: Caller) -> None:
    path = "products/key=product-3"
    body = {"version": 1, "actions": [{"action": "unpublish"}]}
    assert (await caller.ct("POST", path, body))[0] == 200
    id_ = caller.sandbox.shop.id("product", "product-3")
    assert (await caller.ct("GET", f"product-projections/{id_}"))[0] == 404
    assert (await caller.ct("GET", f"product-projections/{id_}?staged=true"))[0] == 200


async def test_staged_changes_become_current_by_publication(caller: Caller) -> None:
    path = "products/key=product-3"
    price = {"value": {"currencyCode": "EUR", "centAmount": 1}}
    actions: list[dict[str, Any]] = [
        {"action": "changeName", "name": {"en": "New"}},
        {"action": "setPrices", "variantId": 1, "prices": [price]},
        {"action": "addVariant", "sku": "SKU-NEW"},
    ]
    _, body = await caller.ct("POST", path, {"version": 1, "actions": actions})
    data = body["masterData"]
    assert data["hasStagedChanges"]
    assert data["current"]["name"]["en"] != "New"
    version = body["version"]
    _, body = await caller.ct(
        "POST", path, {"version": version, "actions": [{"action": "publish"}]}
    )
    assert body["masterData"]["current"]["name"]["en"] == "New"
    assert not body["masterData"]["hasStagedChanges"]


async def test_moving_a_category_moves_what_is_below(caller: Caller) -> None:
    parent = {"typeId": "category", "key": "category-2"}
    body = {"version": 1, "actions": [{"action": "changeParent", "parent": parent}]}
    status, _ = await caller.ct("POST", "categories/key=category-1", body)
    assert status == 200
    _, leaf = await caller.ct("GET", "categories/key=category-5?expand=ancestors[*]")
    keys = [one["obj"]["key"] for one in leaf["ancestors"]]
    assert keys == ["category-0", "category-2", "category-1"]


async def test_keys_are_unique_and_references_exist(caller: Caller) -> None:
    draft: dict[str, Any] = {"name": {"en": "x"}, "slug": {"en": "x"}, "key": "category-1"}
    status, body = await caller.ct("POST", "categories", draft)
    assert (status, body["errors"][0]["code"]) == (400, "DuplicateField")
    draft |= {"key": "new", "parent": {"typeId": "category", "key": "nowhere"}}
    status, body = await caller.ct("POST", "categories", draft)
    assert (status, body["errors"][0]["code"]) == (400, "ReferencedResourceNotFound")
    status, body = await caller.ct("POST", "categories", {"key": "n"})
    assert (status, body["errors"][0]["code"]) == (400, "RequiredField")


async def test_a_stale_read_answers_the_version_before(caller: Caller) -> None:
    order = await _order(caller)
    actions = [{"action": "changeOrderState", "orderState": "Confirmed"}]
    await caller.ct("POST", f"orders/{order['id']}", {"version": 1, "actions": actions})
    url = f"{caller.sandbox.commercetools_url}/__sandbox/faults"
    rule = {"kind": "stale", "operation": "GET orders", "times": 1}
    async with caller.session.post(url, json={"faults": [rule]}) as answer:
        assert answer.status == 200
    assert [(await _order(caller))["version"] for _ in range(2)] == [1, 2]


async def test_line_totals_taxes_and_shipping_add_up_to_the_cent(caller: Caller) -> None:
    for number in range(60):
        order = caller.sandbox.shop.order(number)
        parts = [*order["lineItems"], order["shippingInfo"]]
        for name in ("totalNet", "totalGross"):
            total = order["taxedPrice"][name]["centAmount"]
            assert total == sum(part["taxedPrice"][name]["centAmount"] for part in parts)
        assert order["taxedPrice"]["totalGross"] == order["totalPrice"]


async def test_the_shop_is_the_same_for_the_same_seed(caller: Caller) -> None:
    shop = caller.sandbox.shop
    assert shop.order(7) == type(shop)(1).order(7)
    assert shop.order(7)["id"] != type(shop)(2).order(7)["id"]


@pytest.mark.parametrize(
    "where",
    [
        "productType(id = :id)",
        'masterData(published=true) and masterData(current(masterVariant(sku="SKU-0001-1")))',
        'taxCategory(typeId="tax-category" and id = :id)',
        'masterData(current(masterVariant(sku in ("SKU-0001-1")) or variants(sku="x")))',
        'masterData(current(categories(id = "x")))',
        "masterData(staged(masterVariant(prices(channel(id = :id)))))",
    ],
)
async def test_predicates_of_refreshes_are_understood(caller: Caller, where: str) -> None:
    query = {"where": where, "var.id": "x", "sort": "id asc", "withTotal": "false"}
    status, body = await caller.ct("GET", "products", **query)
    assert (status, "results" in body) == (200, True), body
