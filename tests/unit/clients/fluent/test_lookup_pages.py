"""Look-ups read no more than they must, and go on where that was not enough."""

from typing import Any

import pytest
from msgspec.structs import replace

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.model.errors import RefusedError, UnreachableError
from unit.clients.fluent.company import CATALOGUE
from unit.clients.fluent.pushes import push, sent
from unit.clients.wire import Wire, edges, found, json, made

PRODUCT = Upsert(
    entity="standardProduct",
    ref="P_1",
    update={"ref": "P_1", "catalogue": CATALOGUE, "name": "One"},
    categories=("c0",),
)


def held(ref: str, categories: int, *, more: bool = False) -> dict[str, Any]:
    return {"id": "5", "ref": ref, "name": "One", "categories": page(0, categories, more=more)}


def page(start: int, end: int, *, more: bool = False) -> dict[str, Any]:
    found = [{"cursor": f"after c{n}", "node": {"ref": f"c{n}"}} for n in range(start, end)]
    return {"edges": found, "pageInfo": {"hasNextPage": more}}


async def test_one_more_than_there_can_be_is_read() -> None:
    wire = Wire(found(held("P_1", 1)))

    assert (await push(wire, PRODUCT)).how == "unchanged"
    assert wire.bodies()[0]["variables"]["most"] == 2


async def test_a_ref_that_matches_others_is_looked_for_among_more() -> None:
    wire = Wire(
        found(held("PX1", 0), held("PY1", 0), more=True), found(held("PX1", 0), held("P_1", 1))
    )

    assert (await push(wire, PRODUCT)).how == "unchanged"
    assert [body["variables"]["most"] for body in wire.bodies()] == [2, 100]


async def test_a_ref_that_matches_far_too_many_is_told() -> None:
    with pytest.raises(RefusedError, match="too many"):
        await push(Wire(found(held("PX1", 0), more=True)), PRODUCT)


async def test_all_categories_of_a_product_are_read() -> None:
    wire = Wire(
        found(held("P_1", 100, more=True)),
        json({"data": {"found": {"categories": page(100, 600, more=True)}}}),
        json({"data": {"found": {"categories": page(600, 605)}}}),
        made("removeCategoriesFromStandardProduct", status="SUCCESS"),
    )

    assert (await push(wire, PRODUCT)).how == "updated"

    assert sent(wire)[1:3] == ["categoriesOfStandardProduct"] * 2
    bodies = [body["variables"] for body in wire.bodies()]
    assert [body["after"] for body in bodies[1:3]] == ["after c99", "after c599"]
    removed = [each["ref"] for each in bodies[3]["input"]["categories"]]
    assert removed == [f"c{n}" for n in range(1, 605)]


@pytest.mark.parametrize("lie", [None, {"categories": None}])
async def test_further_categories_that_are_not_told_are_not_none(lie: object) -> None:
    wire = Wire(found(held("P_1", 100, more=True)), json({"data": {"found": lie}}))

    with pytest.raises(UnreachableError, match="without the list"):
        await push(wire, PRODUCT)


async def test_categories_of_a_variant_are_read_by_a_query_of_its_own() -> None:
    last = json({"data": {"found": {"categories": page(100, 101)}}})
    wire = Wire(found(held("V", 100, more=True)), last)
    wanted = tuple(f"c{n}" for n in range(101))
    variant = replace(PRODUCT, entity="variantProduct", ref="V", categories=wanted)

    assert (await push(wire, variant)).how == "unchanged"
    assert sent(wire) == ["findVariantProduct", "categoriesOfVariantProduct"]


async def test_orders_are_read_as_before() -> None:
    wire = Wire(json({"data": {"found": edges([])}}), made("createOrder", id="1", ref="1"))

    await push(wire, Upsert(entity="order", ref="1", create={"ref": "1"}))

    assert wire.bodies()[0]["variables"] == {"refs": ["1"], "retailers": [1]}
