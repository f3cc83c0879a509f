"""What the sandbox says as Fluent would: each fact with its source (fluent-api.md 13)."""

import io
from typing import Any

import pytest

from unit.sandbox.caller import CATALOGUE, Caller, category, code, customer, order, product
from unit.sandbox.shop import _shop


async def test_a_password_grant_answers_the_documented_fields(caller: Caller) -> None:
    """S4, fluent-api.md 1, Token answer."""
    status, body = await caller.fluent_token()
    assert status == 200
    named = {"access_token", "token_type", "expires_in", "refresh_token", "scope", "Retailer_id"}
    assert named | {"FirstName", "LastName", "Roles"} == set(body)
    assert body["token_type"] == "bearer"


async def test_a_refresh_token_works_once(caller: Caller) -> None:
    """S4, fluent-api.md 1, Token answer: single use."""
    _, body = await caller.fluent_token()
    again = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert (await caller.fluent_token(**again))[0] == 200
    assert (await caller.fluent_token(**again))[0] == 400


async def test_bad_credentials_answer_400_and_not_401(caller: Caller) -> None:
    """S7, fluent-api.md 1: HTTP 400 invalid_grant."""
    answer = await caller.fluent_token(password="wrong")
    assert answer == (400, {"error": "invalid_grant", "error_description": "Bad credentials"})


async def test_parameters_in_the_query_string_sign_in_too(caller: Caller) -> None:
    """S4, fluent-api.md 1, Token request."""
    query = "grant_type=password&username=sandbox&password=sandbox&scope=api"
    query += "&client_id=SANDBOX&client_secret=sandbox"
    url = f"{caller.sandbox.fluent_url}/oauth/token?{query}"
    async with caller.session.post(url, headers={"fluent.account": "SANDBOX"}) as answer:
        assert answer.status == 200


async def test_an_unknown_token_answers_401_with_its_body(caller: Caller) -> None:
    """S7, fluent-api.md 2, Errors: HTTP 401 on GraphQL."""
    caller.sandbox.fluent.expire_tokens()
    status, body = await caller.graphql_status("{ me { id } }")
    assert status == 401
    assert body["errors"][0]["code"] == "401"
    assert body["errors"][0]["message"].startswith("Invalid user, Authorization header value")


async def test_me_tells_who_is_signed_in(caller: Caller) -> None:
    """S1, fluent-api.md 1: the start-up probe."""
    body = await caller.graphql("query { me { id username ref } }")
    assert body["data"]["me"]["username"] == "sandbox"


async def test_a_request_above_2_mb_answers_413(caller: Caller) -> None:
    """S6, fluent-api.md 2, Limits."""
    body = io.BytesIO(b'{"query": "' + b" " * 2_100_000 + b'{ me { id } }"}')
    async with caller.session.post(f"{caller.sandbox.fluent_url}/graphql", data=body) as answer:
        assert answer.status == 413


async def test_a_query_above_11111_is_too_complex(caller: Caller) -> None:
    """S6 S7, fluent-api.md 2, Limits: C0001E; nested connections multiply."""
    inner = "variants(first: 500) { edges { node { id } } }"
    nested = "{ standardProducts(first: %d) { edges { node { " + inner + " } } } }"
    assert "errors" not in await caller.graphql(nested % 20)
    assert code(await caller.graphql(nested % 40)) == "C0001E"


async def test_pages_hold_10_by_default_and_5000_at_most(caller: Caller) -> None:
    """S6, fluent-api.md 2, Limits: absent means 10, above 5 000 is cut silently."""
    for number in range(12):
        await caller.made("createCustomer", customer(f"u{number}"))
    text = "query($n: Int) { customers(first: $n) { edges { node { ref } } } }"
    body = await caller.graphql(text)
    assert len(body["data"]["customers"]["edges"]) == 10
    body = await caller.graphql(text, n=9000)
    assert len(body["data"]["customers"]["edges"]) == 12


async def test_pages_follow_the_last_edges_cursor(caller: Caller) -> None:
    """S1, fluent-api.md 2, Pagination: PageInfo has two fields, no endCursor."""
    for number in range(5):
        await caller.made("createCustomer", customer(f"u{number}"))
    text = (
        "query($a: String) { customers(first: 2, after: $a) {"
        " edges { cursor node { ref } } pageInfo { hasNextPage hasPreviousPage } } }"
    )
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await caller.graphql(text, a=cursor))["data"]["customers"]
        seen += [edge["node"]["ref"] for edge in page["edges"]]
        cursor = page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [f"u{number}" for number in range(5)]
    wrong = await caller.graphql("{ customers { pageInfo { endCursor } } }")
    assert "endCursor" in wrong["errors"][0]["message"]


async def test_percent_is_a_wildcard_in_filters(caller: Caller) -> None:
    """S6, fluent-api.md 2, Filters."""
    for name in ("ab1", "ab2", "x"):
        await caller.made("createCustomer", customer(name))
    body = await caller.graphql('{ customers(ref: "ab%") { edges { node { ref } } } }')
    assert [edge["node"]["ref"] for edge in body["data"]["customers"]["edges"]] == ["ab1", "ab2"]


async def test_date_ranges_need_an_end_and_a_date(caller: Caller) -> None:
    """S7, fluent-api.md 2, Filters: C0100E, C0101E."""
    await caller.made("createCustomer", customer())
    text = '{ customers(createdOn: {from: "%s"}) { edges { node { id } } } }'
    assert code(await caller.graphql(text % "yesterday")) == "C0100E"
    assert code(await caller.graphql("{ customers(createdOn: {}) { edges { node { id } } } }")) == (
        "C0101E"
    )
    body = await caller.graphql(text % "2020-01-01T00:00:00.000Z")
    assert len(body["data"]["customers"]["edges"]) == 1


async def test_a_customers_ref_is_the_username(caller: Caller) -> None:
    """S1, fluent-api.md 2, Filters."""
    await caller.made("createCustomer", customer("me@example.com"))
    body = await caller.graphql('{ customer(ref: "me@example.com") { username ref status } }')
    assert body["data"]["customer"]["username"] == "me@example.com"


async def test_a_second_order_of_one_ref_is_refused(caller: Caller) -> None:
    """S3 (table of codes), fluent-api.md 2, Errors: C0121E for orders."""
    id_ = await _shop(caller)
    await caller.made("createOrder", order(id_))
    assert code(await caller.mutate("createOrder", order(id_))) == "C0121E"
    assert caller.sandbox.fluent.entities.creations("order") == [
        {"kind": "order", "ref": "O1", "created": 1, "refused": 1}
    ]


async def test_a_second_entity_of_one_ref_is_refused(caller: Caller) -> None:
    """S3 (table of codes), fluent-api.md 2, Errors: C0123E for others."""
    await caller.made("createCategory", category())
    assert code(await caller.mutate("createCategory", category())) == "C0123E"


async def test_a_missing_parent_is_refused_by_name(caller: Caller) -> None:
    """S1 S7, fluent-api.md 2: C0120E; categories, products and parents must exist."""
    key = {"ref": "nowhere", "catalogue": CATALOGUE}
    for name, given in (
        ("createCategory", category(parentCategory=key)),
        ("createStandardProduct", product(categories=[key])),
        ("createVariantProduct", product(product=key)),
        ("updateCategory", category("nowhere")),
        ("createOrder", order("4711", ref="nowhere")),
    ):
        body = await caller.mutate(name, given)
        assert code(body) == "C0120E", name
        assert body["data"][name] is None
    body = await caller.mutate("createCategory", category(catalogue={"ref": "nowhere"}))
    assert "nowhere" in body["errors"][0]["message"]


async def test_negative_amounts_are_refused(caller: Caller) -> None:
    """S3 (table of codes), fluent-api.md 2, Errors: C0122E."""
    id_ = await _shop(caller)
    assert code(await caller.mutate("createOrder", order(id_, totalPrice=-1.0))) == "C0122E"


async def test_two_products_of_one_ref_cannot_be_told_apart(caller: Caller) -> None:
    """S3 (table of codes), fluent-api.md 2, Errors: C0128E."""
    await caller.made("createStandardProduct", product("same"))
    await caller.made("createVariantProduct", product("same"))
    text = "query($c: ProductCatalogueKey!) { product(ref: %s, catalogue: $c) { ref __typename } }"
    assert code(await caller.graphql(text % '"same"', c=CATALOGUE)) == "C0128E"


async def test_missing_variables_are_named(caller: Caller) -> None:
    """S3 S1, fluent-api.md 2, Errors and 2.1: C0140E; required fields are required."""
    body = await caller.mutate("createCustomer", {"username": "u"})
    assert code(body) == "C0140E"
    assert "primaryEmail" in str(body["errors"])
    text = "mutation($input: CreateCustomerInput) { createCustomer(input: $input) { id } }"
    assert code(await caller.graphql(text)) == "C0140E"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("createCustomer", customer("u", firstName="x" * 51)),
        ("createStandardProduct", product(gtin="x" * 21)),
        ("createStandardProduct", product(name="x" * 256)),
        ("createCategory", category("x" * 101)),
        ("createCategory", category(parentCategory={"ref": "x" * 37, "catalogue": CATALOGUE})),
    ],
)
async def test_texts_have_the_stated_lengths(
    caller: Caller, name: str, given: dict[str, Any]
) -> None:
    """S1 S6, fluent-api.md 2.1: stated limits, 255 where nothing is stated; C0141E (S3)."""
    assert code(await caller.mutate(name, given)) == "C0141E"


async def test_attributes_are_upserted_by_name(caller: Caller) -> None:
    """S1 S6, fluent-api.md 2, Update semantics."""

    def attribute(name: str, value: object) -> dict[str, object]:
        return {"name": name, "type": "STRING", "value": value}

    both = [attribute("a", "1"), attribute("b", "1")]
    await caller.made("createCategory", category(attributes=both))
    shown = "attributes { name value }"
    given = category(attributes=[attribute("b", "2")])
    made = await caller.made("updateCategory", given, shown)
    assert made["attributes"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    null = category("n", attributes=[attribute("a", None)])
    assert "errors" in await caller.mutate("createCategory", null)


async def test_prices_are_upserted_by_type_and_currency(caller: Caller) -> None:
    """S1 S6, fluent-api.md 2, Update semantics."""
    first = [{"type": "D", "currency": name, "value": 1.0} for name in ("EUR", "USD")]
    await caller.made("createStandardProduct", product(prices=first))
    second = product(prices=[{"type": "D", "currency": "EUR", "value": 2.0}])
    made = await caller.made("updateStandardProduct", second, "prices { currency value }")
    assert made["prices"] == [
        {"currency": "EUR", "value": 2.0},
        {"currency": "USD", "value": 1.0},
    ]


async def test_categories_are_added_and_removed_by_their_own_mutation(caller: Caller) -> None:
    """S1, fluent-api.md 2, Update semantics: removeCategoriesFrom...Product."""
    keys = [{"ref": ref, "catalogue": CATALOGUE} for ref in ("c1", "c2")]
    for key in keys:
        await caller.made("createCategory", category(str(key["ref"])))
    await caller.made("createStandardProduct", product(categories=keys[:1]))
    shown = "categories(first: 9) { edges { node { ref } } }"
    made = await caller.made("updateStandardProduct", product(categories=keys[1:]), shown)
    assert len(made["categories"]["edges"]) == 2
    given = {"standardProduct": {"ref": "P1", "catalogue": CATALOGUE}, "categories": keys[:1]}
    await caller.made("removeCategoriesFromStandardProduct", given, "status")
    made = await caller.made("updateStandardProduct", product(), shown)
    assert [edge["node"]["ref"] for edge in made["categories"]["edges"]] == ["c2"]


async def test_a_failed_alias_leaves_the_others_alone(caller: Caller) -> None:
    """S3 S8, fluent-api.md 2, Errors: path[0] is the alias."""
    text = (
        "mutation($a: CreateCategoryInput, $b: CreateCategoryInput) {"
        " one: createCategory(input: $a) { ref } two: createCategory(input: $b) { ref } }"
    )
    bad = category("c2", parentCategory={"ref": "nowhere", "catalogue": CATALOGUE})
    body = await caller.graphql(text, a=bad, b=category("c3"))
    assert body["data"] == {"one": None, "two": {"ref": "c3"}}
    assert body["errors"][0]["path"] == ["one"]


async def test_the_place_of_a_code_can_be_turned(caller: Caller) -> None:
    """S3 S8, fluent-api.md 2, Errors: two shapes were seen, some messages begin with the code."""
    knobs = caller.sandbox.fluent.knobs
    knobs.code_place, knobs.code_in_message = "errors", True
    await caller.made("createCategory", category())
    error = (await caller.mutate("createCategory", category()))["errors"][0]
    assert error["code"] == "C0123E"
    assert error["message"].startswith("C0123E")
    assert "code" not in error.get("extensions", {})


async def test_missing_permissions_are_all_named(caller: Caller) -> None:
    """S7 S6, fluent-api.md 1 and 2: C0020E; the view permission of the answer is needed too."""
    caller.sandbox.fluent.knobs.denied = ("CATEGORY_CREATE", "CATEGORY_VIEW")
    body = await caller.mutate("createCategory", category())
    assert code(body) == "C0020E"
    assert "CATEGORY_CREATE, CATEGORY_VIEW" in body["errors"][0]["message"]
