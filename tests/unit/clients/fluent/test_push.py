from typing import Any

import pytest
from msgspec.structs import replace

from fluent_connect.clients.fluent.errors import UnknownCodeError
from fluent_connect.clients.fluent.model import Parent, Pushed, Upsert
from fluent_connect.clients.http import Answer
from fluent_connect.model.errors import (
    MissingParentError,
    RefusedError,
    RetryableError,
    UnreachableError,
)
from fluent_connect.model.notification import Reference
from unit.clients.fluent.pushes import CATALOGUE, push, sent
from unit.clients.wire import Reply, Wire, found, json, made, refusal

MINE = ("commercetoolsOrderId", "o-1")


ORDER = Upsert(
    entity="order",
    ref="1234",
    candidates=("o-1",),
    create={"ref": "1234", "type": "HD", "totalPrice": 10.5, "customer": {"id": "7"}},
    identity=MINE,
)


CATEGORY = Upsert(
    entity="category",
    ref="shoes",
    create={"ref": "shoes", "catalogue": CATALOGUE, "type": "STANDARD", "name": "Shoes"},
    update={"ref": "shoes", "catalogue": CATALOGUE, "name": "Shoes"},
    parents=(
        Parent("category", "root", Reference("category", "c-0")),
        Parent("catalogue", "DEFAULT:1"),
    ),
)


PRODUCT = Upsert(
    entity="standardProduct",
    ref="P_1",
    create={"ref": "P_1", "catalogue": CATALOGUE, "name": "One", "gtin": "1"},
    update={"ref": "P_1", "catalogue": CATALOGUE, "name": "One", "status": "ACTIVE"},
    categories=("a", "b"),
    identity=("commercetoolsId", "p-1"),
)


HELD_PRODUCT: dict[str, Any] = {
    "id": "5",
    "ref": "P_1",
    "name": "One",
    "status": "ACTIVE",
    "attributes": [{"name": "commercetoolsId", "type": "STRING", "value": "p-1"}],
    "categories": {"edges": [{"node": {"ref": "a"}}, {"node": {"ref": "b"}}]},
}


HELD_ORDER = {
    "id": "77",
    "ref": "1234",
    "totalPrice": 10.5,
    "attributes": [{"name": MINE[0], "type": "STRING", "value": MINE[1]}],
}


LIES: list[Reply] = [
    Answer(500),
    json({"data": {"found": {"edges": []}}, "errors": [{"message": "shard down"}]}),
    json({"data": {"found": None}}),
    json({"data": None}),
    json({}),
    Answer(200, b'{"data":{"found":{"edges":['),
    Answer(200, b"<html>busy</html>", {"content-type": "text/html"}),
    Answer(200, b""),
    Answer(429),
    UnreachableError("reset"),
]


async def test_what_is_absent_is_created_after_one_look() -> None:
    wire = Wire(found(), made("createOrder", id="77", ref="1234", status="CREATED"))

    assert await push(wire, ORDER) == Pushed("order", "1234", "77", "created")
    assert sent(wire) == ["findOrder", "createOrder"]
    assert wire.bodies()[0]["variables"] == {"refs": ["1234", "o-1"], "retailers": [1]}
    assert wire.bodies()[1]["variables"]["input"] == ORDER.create


async def test_what_is_there_already_and_alike_costs_one_look() -> None:
    wire = Wire(found(HELD_ORDER))

    assert (await push(wire, ORDER)).how == "unchanged"
    assert sent(wire) == ["findOrder"]


async def test_a_ref_that_only_matches_a_wildcard_is_not_the_entity() -> None:
    wire = Wire(found({**HELD_ORDER, "ref": "12345"}), made("createOrder", id="1", ref="1234"))

    assert (await push(wire, ORDER)).how == "created"


async def test_too_many_wildcard_matches_are_told() -> None:
    with pytest.raises(RefusedError, match="too many"):
        await push(Wire(found({**HELD_ORDER, "ref": "12345"}, more=True)), ORDER)


async def test_an_order_of_another_is_a_conflict_that_names_both() -> None:
    foreign = {**HELD_ORDER, "attributes": [{"name": MINE[0], "value": "o-2"}]}

    with pytest.raises(RefusedError, match=r"conflict.* 1234 .*id 77.* o-2, not o-1"):
        await push(Wire(found(foreign)), ORDER)


async def test_an_unmarked_order_with_another_total_is_a_conflict() -> None:
    unmarked = {**HELD_ORDER, "attributes": None, "totalPrice": 11}

    with pytest.raises(RefusedError, match="carries no commercetoolsOrderId"):
        await push(Wire(found(unmarked)), ORDER)


async def test_of_several_orders_the_marked_one_is_ours() -> None:
    other = {"id": "1", "ref": "o-1", "attributes": []}

    assert (await push(Wire(found(other, HELD_ORDER)), ORDER)).id == "77"


async def test_several_that_cannot_be_told_apart_are_refused() -> None:
    twins = [{"id": n, "ref": "shoes", "name": "Shoes"} for n in ("1", "2")]

    with pytest.raises(RefusedError, match="several category shoes: ids 1, 2"):
        await push(Wire(found(*twins)), CATEGORY)


@pytest.mark.parametrize("lie", LIES)
async def test_a_look_up_that_lies_never_leads_to_a_create(lie: Reply) -> None:
    wire = Wire(lie)

    with pytest.raises(RetryableError):
        await push(wire, ORDER)

    assert sent(wire) == ["findOrder"]


UNCLEAR: list[Reply] = [
    UnreachableError("reset"),
    Answer(500),
    Answer(502, b"<html>"),
    Answer(200, b'{"data":{"createOr'),
    Answer(200, b"<html>"),
    json({"data": {"createOrder": None}}),
    refusal("S0002E"),
]


@pytest.mark.parametrize("unclear", UNCLEAR)
async def test_an_unclear_create_is_looked_up_before_anything_else(unclear: Reply) -> None:
    wire = Wire(found(), unclear, found(HELD_ORDER))

    assert await push(wire, ORDER) == Pushed("order", "1234", "77", "created")
    assert sent(wire) == ["findOrder", "createOrder", "findOrder"]


@pytest.mark.parametrize("lie", [*LIES, found()])
async def test_an_unclear_create_whose_look_up_lies_is_left_to_a_retry(lie: Reply) -> None:
    wire = Wire(found(), UnreachableError("reset"), lie)

    with pytest.raises(RetryableError):
        await push(wire, ORDER)

    assert sent(wire) == ["findOrder", "createOrder", "findOrder"]


async def test_a_create_that_never_left_is_not_looked_up() -> None:
    wire = Wire(found(), UnreachableError("no connection", sent=False))

    with pytest.raises(UnreachableError):
        await push(wire, ORDER)

    assert sent(wire) == ["findOrder", "createOrder"]


@pytest.mark.parametrize("code", ["C0121E", "C0123E"])
async def test_what_exists_after_all_is_compared_and_updated(code: str) -> None:
    held = {"id": "3", "ref": "shoes", "name": "Old"}
    wire = Wire(found(), refusal(code), found(held), made("updateCategory", id="3", ref="shoes"))

    assert (await push(wire, CATEGORY)).how == "updated"
    assert sent(wire)[2:] == ["findCategory", "updateCategory"]


async def test_what_exists_but_is_never_found_gets_few_tries() -> None:
    with pytest.raises(UnknownCodeError) as caught:
        await push(Wire(found(), refusal("C0121E"), found()), ORDER)

    assert caught.value.few_tries


def parents(**refs: list[str]) -> Answer:
    held = {n: {"edges": [{"node": {"ref": r}} for r in rs]} for n, rs in refs.items()}
    return json({"data": held})


async def test_a_missing_parent_that_commercetools_can_send_is_named() -> None:
    present = parents(category=[], productCatalogue=["DEFAULT:1"])
    wire = Wire(found(), refusal("C0120E"), present)

    with pytest.raises(MissingParentError) as caught:
        await push(wire, CATEGORY)

    assert (caught.value.entity, caught.value.ref) == ("category", "root")
    assert caught.value.source == Reference("category", "c-0")
    assert sent(wire) == ["findCategory", "createCategory", "findCatalogueParents"]


async def test_a_missing_parent_that_nobody_sends_is_refused_by_name() -> None:
    wire = Wire(found(), refusal("C0120E"), parents(category=[], productCatalogue=[]))

    with pytest.raises(RefusedError, match="no catalogue DEFAULT:1"):
        await push(wire, CATEGORY)


async def test_a_parent_that_came_meanwhile_is_tried_again() -> None:
    present = parents(category=["root"], productCatalogue=["DEFAULT:1"])

    with pytest.raises(RetryableError, match="exists by now") as caught:
        await push(Wire(found(), refusal("C0120E"), present), CATEGORY)

    assert caught.value.counts


async def test_what_is_missing_though_all_that_was_looked_for_is_there_gets_few_tries() -> None:
    present = parents(category=["root"], productCatalogue=["DEFAULT:1"])
    order = replace(CATEGORY, parents=(*CATEGORY.parents, Parent("retailer", "5")))
    with pytest.raises(UnknownCodeError, match="retailer 5") as caught:
        await push(Wire(found(), refusal("C0120E"), present), order)
    assert caught.value.few_tries


async def test_a_look_for_parents_that_lies_names_nobody() -> None:
    with pytest.raises(UnreachableError):
        await push(Wire(found(), refusal("C0120E"), json({"data": {"category": None}})), CATEGORY)


async def test_a_product_leaves_the_categories_that_it_shall_not_be_in() -> None:
    held = {**HELD_PRODUCT, "categories": {"edges": [{"node": {"ref": r}} for r in "axby"]}}
    wire = Wire(found(held), json({"data": {"removeCategoriesFromStandardProduct": {}}}))
    wire.replies[1] = json({"data": {"removeCategoriesFromStandardProduct": {"status": "OK"}}})

    assert (await push(wire, PRODUCT)).how == "updated"
    assert wire.bodies()[1]["variables"]["input"] == {
        "standardProduct": {"ref": "P_1", "catalogue": CATALOGUE},
        "categories": [{"ref": r, "catalogue": CATALOGUE} for r in "xy"],
    }


async def test_an_unchanged_product_is_left_alone() -> None:
    assert (await push(Wire(found(HELD_PRODUCT)), PRODUCT)).how == "unchanged"


DEACTIVATION = Upsert(
    entity="standardProduct",
    ref="P_1",
    update={"ref": "P_1", "catalogue": CATALOGUE, "status": "INACTIVE"},
    identity=("commercetoolsId", "p-1"),
)


@pytest.mark.parametrize(
    "attributes", [None, [{"name": "commercetoolsId", "type": "STRING", "value": "p-2"}]]
)
async def test_a_deactivation_leaves_what_is_another_resources(attributes: object) -> None:
    wire = Wire(found({**HELD_PRODUCT, "attributes": attributes}))

    assert (await push(wire, DEACTIVATION)).how == "unchanged"


async def test_a_deactivation_of_nothing_is_absent() -> None:
    assert (await push(Wire(found()), DEACTIVATION)).how == "absent"


async def test_a_deactivation_of_our_own_is_carried_out() -> None:
    wire = Wire(found(HELD_PRODUCT), made("updateStandardProduct", id="5", ref="P_1"))

    assert (await push(wire, DEACTIVATION)).how == "updated"


async def test_an_order_is_updated_by_its_number() -> None:
    change = Upsert(entity="order", ref="1234", update={"totalPrice": 12})
    wire = Wire(found(HELD_ORDER), made("updateOrder", id="77", ref="1234"))

    assert (await push(wire, change)).how == "updated"
    assert wire.bodies()[1]["variables"]["input"] == {"totalPrice": 12, "id": "77"}
