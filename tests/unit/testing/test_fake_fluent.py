from typing import Any

import pytest

from fluent_connect.clients.fluent.model import Event, Mutation, Parent, Ref, Upsert
from fluent_connect.model.errors import MissingParentError, RefusedError
from fluent_connect.model.notification import Reference
from fluent_connect.testing.fake_fluent import FakeFluent

LOCATION = Parent("location", "L1")
PRODUCT = Parent("standardProduct", "p1", Reference("product", "p1"))


def customer(name: str = "Ada", **fields: Any) -> Upsert:
    told = {"ref": "c1", "firstName": name}
    return Upsert(**{"entity": "customer", "ref": "c1", "create": told, "update": told, **fields})


async def test_what_is_new_is_created_then_compared_then_updated() -> None:
    fluent = FakeFluent()
    pushes = [customer(), customer(), customer("Bea")]
    hows = [(await fluent.push(each)).how for each in pushes]
    assert hows == ["created", "unchanged", "updated"]
    assert fluent.held["customer", "c1"]["firstName"] == "Bea"


async def test_what_exists_is_left_alone_without_an_update() -> None:
    fluent = FakeFluent({("customer", "c1"): {"firstName": "Ada"}})
    assert (await fluent.push(customer("Bea", update=None))).how == "unchanged"


async def test_what_does_not_exist_is_absent_without_a_create() -> None:
    assert (await FakeFluent().push(customer(create=None))).how == "absent"


async def test_another_candidate_is_found() -> None:
    fluent = FakeFluent({("customer", "old"): {}})
    assert (await fluent.push(customer(candidates=["old"]))).ref == "old"


@pytest.mark.parametrize(
    ("parent", "error"), [(LOCATION, RefusedError), (PRODUCT, MissingParentError)]
)
async def test_a_missing_parent_is_refused(parent: Parent, error: type[Exception]) -> None:
    fluent = FakeFluent(missing={"location L1", "standardProduct p1"})
    with pytest.raises(error):
        await fluent.push(customer(parents=[parent]))


async def test_a_parent_is_missing_until_it_is_created() -> None:
    fluent = FakeFluent(missing={"standardProduct p1"})
    await fluent.push(Upsert(entity="standardProduct", ref="p1", create={}))
    assert (await fluent.push(customer(parents=[PRODUCT]))).how == "created"


@pytest.mark.parametrize(
    ("change", "how"),
    [(customer(identity=("id", "mine")), "unchanged"), (customer(identity=None), "unchanged")],
)
async def test_ones_own_identity_is_no_conflict(change: Upsert, how: str) -> None:
    held = {"ref": "c1", "firstName": "Ada", "attributes": [{"name": "id", "value": "mine"}]}
    assert (await FakeFluent({("customer", "c1"): held}).push(change)).how == how


async def test_another_identity_is_a_conflict_or_for_a_deactivation_nothing_to_do() -> None:
    fluent = FakeFluent({("customer", "c1"): {"attributes": [{"name": "id", "value": "theirs"}]}})
    assert (await fluent.push(customer(identity=("id", "mine"), create=None))).how == "absent"
    with pytest.raises(RefusedError, match="belongs to another"):
        await fluent.push(customer(identity=("id", "mine")))


async def test_a_ref_is_looked_up_or_created_wherever_it_stands() -> None:
    fluent = FakeFluent({("customer", "known"): {}})
    new = Ref("customer", "new", {"ref": "new"})
    create = {"customer": {"id": Ref("customer", "known")}, "others": [new, 1]}
    await fluent.push(Upsert(entity="order", ref="o1", create=create))
    held = fluent.held["order", "o1"]
    assert held["customer"]["id"] == fluent.held["customer", "known"]["id"]
    assert held["others"] == [fluent.held["customer", "new"]["id"], 1]


async def test_a_ref_to_nowhere_is_refused() -> None:
    with pytest.raises(RefusedError, match="C0120E"):
        await FakeFluent().push(customer(create={"x": Ref("category", "none")}))


async def test_events_and_mutations_are_sent() -> None:
    fluent = FakeFluent()
    event = Event(name="Paid", entity_type="ORDER", entity_ref="o1")
    mutation = Mutation("createOrder", {"ref": "o1"})
    sent = [await fluent.push(mutation), await fluent.send(event)]
    assert [(each.entity, each.ref, each.how) for each in sent] == [
        ("createOrder", "o1", "sent"),
        ("ORDER", "o1", "sent"),
    ]
    assert fluent.pushed == [mutation, event]


async def test_queries_are_answered_as_prepared_and_never_guessed() -> None:
    fluent = FakeFluent(answers={"me": {"id": 1}})
    assert await fluent.query("me", {}) == {"id": 1}
    assert (await fluent.me())["username"] == "test"
    with pytest.raises(NotImplementedError, match="no answer for"):
        await fluent.ask("{ orders }", {})
