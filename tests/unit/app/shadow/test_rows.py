"""Fields of an output with the rules that made them."""

from collections.abc import Sequence
from typing import Any

from fluent_connect.app.shadow.differences import Place
from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.fields import output
from fluent_connect.app.shadow.rows import Row, rows
from fluent_connect.app.shadow.trails import Trail, trails
from fluent_connect.clients.fluent.model import Mutation, Ref, Upsert
from fluent_connect.mapping.rules.tracing import Origin

ITEM = {"ref": "l-1", "price": 2, "note": "n"}
CUSTOMER = {"username": "u"}
SHARED = {"name": "N", "attributes": [{"name": "season", "type": "STRING", "value": "W"}]}
CREATE: dict[str, Any] = {
    **SHARED,
    "type": "T",
    "items": [ITEM],
    "customer": {"id": Ref("customer", "u", CUSTOMER)},
}
UPSERT = Upsert(entity="order", ref="1", create=CREATE, update=SHARED)


def origins(made: object) -> Sequence[Origin]:
    """Tell of the objects above what a mapper would."""
    known: list[tuple[object, Sequence[Origin]]] = [
        (CREATE, [Origin("name", "a.yml:1:1", ("x.name",)), Origin("items", "a.yml:2:1")]),
        (SHARED, [Origin("name", "a.yml:1:1", ("x.name",)), Origin("attributes[0]", "a.yml:9:1")]),
        (ITEM, [Origin("price", "b.yml:1:1", ("line.price",), "cut from 3 to 2")]),
        (CUSTOMER, [Origin("username", "c.yml:1:1")]),
    ]
    return next((told for each, told in known if each is made), ())


def drawn(**problems: str) -> Drawn:
    found = {Place(0, part, path): each for (part, path), each in trails(UPSERT, origins).items()}
    wrong = {Place(0, "create", path.replace("__", ".")): told for path, told in problems.items()}
    made = (output(UPSERT),)
    return Drawn(outcome="mapped", changes=(UPSERT,), outputs=made, trails=found, problems=wrong)


def told(**problems: str) -> dict[str, Row]:
    return {row.field: row for row in rows(drawn(**problems), 0)}


def test_an_inner_object_is_told_by_its_own_rules() -> None:
    found = trails(UPSERT, origins)
    assert found["create", "items[0].price"] == Trail(
        "b.yml:1:1", ("line.price",), "cut from 3 to 2"
    )
    assert found["create", "customer.id.orCreate.username"].at == "c.yml:1:1"
    assert found["update", "name"].reads == ("x.name",)
    assert trails(Mutation("createOrder", ITEM), origins)["input", "price"].at == "b.yml:1:1"


def test_a_field_without_a_rule_is_told_by_that_of_what_it_is_a_part_of() -> None:
    found = told()
    assert found["items[0].price"].rule == "b.yml:1:1"
    assert found["items[0].note"].rule == "a.yml:2:1"
    assert found["attributes[0].value"].rule == "a.yml:9:1"
    assert found["type"].rule == ""


def test_what_create_and_update_hold_alike_is_one_row() -> None:
    found = told()
    assert found["name"].on == ("create", "update")
    assert found["type"].on == ("create",)


def test_an_attribute_can_be_one_row() -> None:
    found = {row.field: row for row in rows(drawn(), 0, whole=True)}
    assert found["attributes[season]"].value == "W"
    assert not any(field.startswith("attributes[0]") for field in found)


def test_a_problem_stands_with_its_field_or_at_the_end() -> None:
    found = told(name="too long", items="too many", customer__retailer="is missing")
    assert found["name"].problem == "too long"
    assert found["items[0].ref"].problem == "too many"
    assert found["items[0].price"].problem == ""
    last = list(found.values())[-1]
    assert (last.field, last.value, last.problem) == ("customer.retailer", None, "is missing")
