"""A "not found" of Fluent (C0120E): which of all that an input names is missing."""

import pytest

from fluent_connect.clients.fluent.errors import MissingError
from fluent_connect.clients.fluent.model import Mutation, Parent, Upsert
from fluent_connect.clients.fluent.schema.named import catalogue_of, named
from fluent_connect.clients.http import Answer
from fluent_connect.model.errors import MissingParentError, RefusedError, RetryableError
from fluent_connect.model.notification import Reference
from unit.clients.fluent.inputs import category, order
from unit.clients.fluent.pushes import CATALOGUE, push, sent
from unit.clients.wire import Wire, found, json, refusal

CHOICE = {"order": {"id": "1"}, "deliveryType": "STANDARD", "pickupLocationRef": "BERLIN"}
PICKUP = Mutation("createFulfilmentChoice", CHOICE)


def there(**refs: list[str]) -> Answer:
    """Answer a look-up of parents: of these kinds, these are there."""
    held = {n: {"edges": [{"node": {"ref": r}} for r in rs]} for n, rs in refs.items()}
    return json({"data": held})


async def test_what_a_partners_mutation_names_is_looked_for_and_told() -> None:
    wire = Wire(refusal("C0120E"), there(location=[]))
    with pytest.raises(RefusedError) as raised:
        await push(wire, PICKUP)
    assert str(raised.value) == (
        "Fluent has no location BERLIN, which createFulfilmentChoice names"
    )
    assert raised.value.codes == ("C0120E",)
    assert sent(wire) == ["createFulfilmentChoice", "findParents"]


async def test_what_no_look_up_can_tell_keeps_fluents_words() -> None:
    wire = Wire(refusal("C0120E", "order 1 was not found"), there(location=["BERLIN"]))
    with pytest.raises(MissingError, match="order 1 was not found"):
        await push(wire, PICKUP)


async def test_what_came_meanwhile_is_tried_again() -> None:
    wire = Wire(refusal("C0120E", "location BERLIN was not found"), there(location=["BERLIN"]))
    with pytest.raises(RetryableError, match="exists by now"):
        await push(wire, PICKUP)


async def test_a_parent_that_a_handler_forgot_to_tell_of_is_named() -> None:
    forgetful = Upsert(entity="category", ref="shoes", create=category())
    present = there(category=[], productCatalogue=["DEFAULT:1"])
    with pytest.raises(RefusedError, match="no category all, which createCategory names"):
        await push(Wire(found(), refusal("C0120E"), present), forgetful)


async def test_a_parent_that_can_be_brought_about_goes_before_what_is_only_named() -> None:
    given = {**order(), "customer": {"id": "1"}}
    parent = Parent("variantProduct", "SKU-1", Reference("product", "p-1"))
    change = Upsert(entity="order", ref="order-1", create=given, parents=(parent,))
    present = there(
        standardProduct=[], variantProduct=[], groupProduct=[], productCatalogue=["DEFAULT:1"]
    )
    wire = Wire(found(), refusal("C0120E"), present)
    with pytest.raises(MissingParentError) as raised:
        await push(wire, change)
    assert raised.value.source == Reference("product", "p-1")


async def test_the_products_of_an_order_are_looked_for_in_their_catalogue() -> None:
    given = {**order(), "customer": {"id": "1"}}
    change = Upsert(entity="order", ref="order-1", create=given)
    present = there(
        standardProduct=[], variantProduct=[], groupProduct=[], productCatalogue=["DEFAULT:1"]
    )
    wire = Wire(found(), refusal("C0120E"), present)
    with pytest.raises(RefusedError, match="no product SKU-0, product SKU-1, which createOrder"):
        await push(wire, change)
    asked = wire.bodies()[-1]["variables"]
    assert asked["catalogue"] == CATALOGUE


def test_what_an_input_names_is_found_once_and_not_if_it_is_known() -> None:
    product = {
        "ref": "P",
        "catalogue": CATALOGUE,
        "categories": [{"ref": ref, "catalogue": CATALOGUE} for ref in ("a", "b", "a")],
        "variants": [{"ref": "SKU", "catalogue": CATALOGUE}],
    }
    known = [Parent("category", "a"), Parent("standardProduct", "SKU")]
    told = [(each.entity, each.ref) for each in named("createStandardProduct", product, known)]
    assert told == [("catalogue", "DEFAULT:1"), ("category", "b")]
    assert named("explode", product, ()) == []


def test_the_catalogue_of_an_input_is_its_own_or_that_of_its_items() -> None:
    assert catalogue_of(category()) == CATALOGUE
    assert catalogue_of(order()) == CATALOGUE
    assert catalogue_of({"items": [{"ref": "1"}, None]}) is None
    assert catalogue_of({"status": "BOOKED"}) is None
    assert catalogue_of(None) is None
