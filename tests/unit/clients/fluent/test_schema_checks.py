"""Checks of inputs: what is let through, what is found, and how it is said."""

import copy
import datetime as dt
import math
import timeit
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLInputObjectType
from graphql.utilities import validate_input_value
from hypothesis import assume, given
from hypothesis import strategies as st

from fluent_connect.clients.fluent.model import Event, Mutation, Ref, Upsert
from fluent_connect.clients.fluent.schema.changes import FaultyInputError, Inspector, place
from fluent_connect.clients.fluent.schema.check import Checker, written
from fluent_connect.clients.fluent.schema.table import Field, Table, shipped
from fluent_schema import schema
from unit.clients.fluent.inputs import CATALOGUE, category, customer, order

CHECKER = Checker(shipped())
INSPECTOR = Inspector(shipped())
Steps = tuple[str | int, ...]


def wrong(type_: str, value: object) -> list[str]:
    return [f"{written(each.path)} {each.problem}" for each in CHECKER.input(type_, value)]


def steps(path: str) -> Steps:
    return tuple(int(each) if each.isdecimal() else each for each in path.split("."))


def changed(body: dict[str, Any], path: Steps, value: object) -> dict[str, Any]:
    body = copy.deepcopy(body)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


def test_an_order_with_all_that_we_send_passes() -> None:
    assert wrong("CreateOrderInput", order()) == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("ref", 7, "is a number (int), and must be a text"),
        ("ref", "", "is empty, and is required"),
        ("ref", None, "is null, and is required"),
        ("ref", "x" * 256, "is too long: 256 characters, at most 255"),
        ("nonsense", 1, "is no field of CreateOrderInput"),
        ("items", [], "is an empty list, and is required"),
        ("items", [None], "is null, and must be an object (CreateOrderItemWithOrderInput)"),
        ("items.1.quantity", 1.5, "is a fraction, and must be a whole number"),
        ("items.1.quantity", "2", "is a text of 1 characters, and must be a whole number"),
        ("items.1.quantity", True, "is true, and must be a whole number"),
        ("items.1.quantity", 2**31, "does not fit into 32 bits"),
        ("items.0.price", -0.01, "is negative, which Fluent refuses (C0122E)"),
        ("items.0.price", math.nan, "is not a finite number"),
        ("items.0.price", math.inf, "is not a finite number"),
        ("items.0.price", Decimal("Infinity"), "is not a finite number"),
        ("items.0.price", "9.99", "is a text of 4 characters, and must be a number"),
        ("items.0.attributes.1.value", None, "is null, and is required"),
        ("items.0.attributes.1.name", None, "is null, and is required"),
        ("attributes.0.value", {"a": [math.nan]}, "holds a number that is not finite"),
        ("attributes.0.value", {1, 2}, "is a set, which JSON cannot hold"),
        ("attributes.0.value", {1: "a"}, "has a key that is no text"),
        ("fulfilmentChoice.deliverAfter", "2026-11-25", "is a date without a time"),
        (
            "fulfilmentChoice.deliverAfter",
            "soon",
            "is a text of 4 characters, and must be a date and time in ISO 8601",
        ),
        (
            "fulfilmentChoice.deliverAfter",
            5,
            "is a number (int), and must be the text of a date and time",
        ),
        (
            "fulfilmentChoice.deliveryAddress.state",
            "x" * 201,
            "is too long: 201 characters, at most 200",
        ),
        ("financialTransactions.0.currency", "EURO", "is too long: 4 characters, at most 3"),
        ("retailer", "1", "is a text of 1 characters, and must be an object (RetailerId)"),
        ("retailer.id", "", "is empty, and must be an id"),
        ("retailer.id", 1.0, "is a number (float), and must be an id"),
        (
            "customer.id",
            Ref("customer", "c-1", {**customer(), "primaryEmail": 1}),
            "is a number (int), and must be a text",
        ),
    ],
)
def test_what_fluent_would_refuse_is_found(path: str, value: object, problem: str) -> None:
    (found,) = CHECKER.input("CreateOrderInput", changed(order(), steps(path), value))
    assert found.path[: len(steps(path))] == steps(path)
    assert found.problem == problem


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("totalPrice", Decimal("120.50")),
        ("totalPrice", 120),
        ("items.0.quantity", Decimal(2)),
        ("items.0.quantity", 2.0),
        ("billingAddress", None),
        ("billingAddress.latitude", -33.9),
        ("customer.id", Ref("customer", "c-1")),
        ("customer.id", 12),
        ("attributes.0.value", {"a": [1, None, True, "x", Decimal("1.5")]}),
        ("attributes.0.value", ""),
        ("attributes.0.value", 2**40),
        ("fulfilmentChoice.deliverAfter", dt.datetime(2026, 11, 25, tzinfo=dt.UTC)),
        ("items", tuple(order()["items"])),
        ("ref", "ü" * 255),
    ],
)
def test_what_fluent_takes_passes(path: str, value: object) -> None:
    assert wrong("CreateOrderInput", changed(order(), steps(path), value)) == []


def test_lengths_are_counted_in_utf_16_units() -> None:
    assert wrong("CreateCategoryInput", {**category(), "ref": "\N{GRINNING FACE}" * 50}) == []
    told = wrong("CreateCategoryInput", {**category(), "ref": "\N{GRINNING FACE}" * 51})
    assert told == ["ref is too long: 102 characters, at most 100"]


def test_the_ref_of_a_parent_category_is_shorter_than_a_ref() -> None:
    parent = {"ref": "x" * 37, "catalogue": CATALOGUE}
    told = wrong("CreateCategoryInput", {**category(), "parentCategory": parent})
    assert told == ["parentCategory.ref is too long: 37 characters, at most 36"]


def test_all_that_is_wrong_is_collected() -> None:
    body = order()
    del body["type"], body["items"][1]["productRef"]
    body["items"][0]["price"] = -1
    assert wrong("CreateOrderInput", body) == [
        "items[0].price is negative, which Fluent refuses (C0122E)",
        "items[1].productRef is missing: CreateOrderItemWithOrderInput requires it (String!)",
        "type is missing: CreateOrderInput requires it (String!)",
    ]


def test_an_enum_takes_its_values_alone() -> None:
    paint = {"colour": Field(type="Colour", required=True), "inner": Field(type="Paint")}
    colours = {"Colour": frozenset({"RED", "BLUE"})}
    table = Table(mutations={}, inputs={"Paint": paint}, enums=colours)
    checker = Checker(table)
    assert not checker.input("Paint", {"colour": "RED", "inner": {"colour": "BLUE"}})
    (found,) = checker.input("Paint", {"colour": "RED", "inner": {"colour": "GREEN"}})
    assert (found.path, found.problem) == (("inner", "colour"), "is none of BLUE, RED")


def paths(value: Any, at: Steps = ()) -> list[Steps]:
    items: Any = ()
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
    return [p for key, each in items for p in ((*at, key), *paths(each, (*at, key)))]


ODD = st.one_of(
    st.text(min_size=1, max_size=3),
    st.integers(min_value=0, max_value=2**33),
    st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(st.integers(0, 3), min_size=1, max_size=2),
    st.dictionaries(st.just("id"), st.just("1"), min_size=1),
)


@given(st.sampled_from([each for each in paths(order()) if "deliverAfter" not in each]), ODD)
def test_types_are_judged_as_graphql_judges_them(path: Steps, value: object) -> None:
    # Of a whole number with a point graphql-core makes an id; nobody has one.
    assume(path[-1] != "id" or not isinstance(value, float))
    body = changed(order(), path, value)
    plain = {**body, "customer": {"id": "1"}} if body["customer"] == order()["customer"] else body
    judged: list[str] = []
    kind = schema().type_map["CreateOrderInput"]
    assert isinstance(kind, GraphQLInputObjectType)
    validate_input_value(plain, kind, lambda error, at: judged.append(f"{at}: {error}"))
    found = wrong("CreateOrderInput", body)
    assert bool(found) == bool(judged), (found, judged)


def test_an_upsert_is_checked_as_its_create_and_as_its_update() -> None:
    body = category()
    bad = {**body, "name": 1}
    found = INSPECTOR.faults(
        [Upsert(entity="category", ref="shoes", create=bad, update={"summary": 5})]
    )
    assert [str(each) for each in found] == [
        "createCategory.name is a number (int), and must be a text",
        "updateCategory.summary is a number (int), and must be a text",
    ]


def test_an_update_need_not_say_what_the_client_adds() -> None:
    create = category()
    for change in (
        Upsert(entity="order", ref="o", update={"status": "BOOKED"}),
        Upsert(entity="customer", ref="c", update={"country": "DE"}),
        Upsert(entity="category", ref="shoes", create=create, update={"name": "Boots"}),
    ):
        assert INSPECTOR.faults([change]) == []
    (found,) = INSPECTOR.faults([Upsert(entity="category", ref="x", update={"name": "Boots"})])
    assert found.path == ("catalogue",)


def test_a_partners_mutation_is_checked_the_same() -> None:
    found = INSPECTOR.faults(
        [
            Mutation("createLocation", {"ref": "here"}),
            Mutation("createLoction", {}),
            Event(name="Ping", entity_type="ORDER"),
        ]
    )
    told = [str(each) for each in found]
    assert (
        "createLocation.retailer is missing: CreateLocationInput requires it (RetailerId!)" in told
    )
    assert told[-1] == "createLoction is no mutation of Fluent's schema"


def test_a_fault_is_found_again_in_the_input_that_it_is_about() -> None:
    create = customer() | {"primaryEmail": 1}
    body = {**order(), "customer": {"id": Ref("customer", "c-1", create)}}
    change = Upsert(entity="order", ref="order-1", create=body)
    (fault,) = INSPECTOR.faults([change])
    found = place(change, fault)
    assert found is not None
    assert found[0] is create
    assert found[1] == ("primaryEmail",)


def test_a_message_names_both_sides_and_tells_no_value() -> None:
    bad = customer() | {"primaryEmail": "jane.doe@example.com" * 16, "firstName": 4711}
    faults = INSPECTOR.faults([Upsert(entity="customer", ref="c-1", create=bad)])
    error = FaultyInputError(faults, lambda fault: f"from customer.{fault.path[0]}")
    assert str(error) == (
        "not sent, Fluent would refuse it: createCustomer.firstName is a number (int), and must "
        "be a text (from customer.firstName); createCustomer.primaryEmail is too long: "
        "320 characters, at most 250 (from customer.primaryEmail)"
    )
    assert "jane" not in str(error)
    assert "4711" not in str(error)


def test_a_message_of_many_faults_stays_readable() -> None:
    body = {**order(30)}
    for line in body["items"]:
        del line["productRef"]
    error = FaultyInputError(INSPECTOR.faults([Upsert(entity="order", ref="o", create=body)]))
    assert str(error).endswith("; and 18 more")


def test_an_order_of_ten_lines_is_checked_in_a_blink() -> None:
    body = order(10)
    times = timeit.repeat(lambda: CHECKER.input("CreateOrderInput", body), number=50, repeat=5)
    # 40 microseconds on a quiet machine; the bound only catches a change of kind.
    assert min(times) / 50 < 0.001
