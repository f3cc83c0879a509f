"""The field-level diff: what is paired with what, and what counts as a difference."""

from decimal import Decimal
from typing import Any

import pytest

from fluent_connect.app.shadow.differences import NOTHING, Difference, differences, summary
from fluent_connect.app.shadow.fields import Output, leaves, output
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.fluent.model import Event, Mutation, Ref, Upsert
from fluent_connect.handlers.message_handler import Refresh
from fluent_connect.model.notification import Reference


def made(ref: str = "c-1", /, **fields: Any) -> Output:
    return output(Upsert(entity="category", ref=ref, create=fields))


def told(found: list[Difference]) -> list[tuple[str, str, Any, Any]]:
    return [(one.path, one.how, one.old, one.new) for one in found]


def between(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    return told(differences([made(**old)], [made(**new)]))


def test_what_is_alike_differs_in_nothing() -> None:
    fields = {"name": "A", "catalogue": {"ref": "D:1"}, "weight": Decimal("1.50")}
    assert between(fields, {**fields, "weight": 1.5}) == []
    assert between({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ({"name": "A"}, {"name": "B"}, ("name", "changed", "A", "B")),
        ({}, {"name": "B"}, ("name", "added", NOTHING, "B")),
        ({"name": "A"}, {}, ("name", "removed", "A", NOTHING)),
        ({"name": "1"}, {"name": 1}, ("name", "changed", "1", 1)),
        ({"on": True}, {"on": 1}, ("on", "changed", True, 1)),
        ({"name": None}, {"name": "B"}, ("name", "changed", None, "B")),
        ({"c": {"ref": "D"}}, {"c": {"ref": "E"}}, ("c.ref", "changed", "D", "E")),
        ({"urls": ["a", "b"]}, {"urls": ["a"]}, ("urls[1]", "removed", "b", NOTHING)),
        ({"urls": ["a", "b"]}, {"urls": ["b", "a"]}, ("urls[0]", "changed", "a", "b")),
    ],
)
def test_a_field_is_changed_added_or_removed(
    old: dict[str, Any], new: dict[str, Any], difference: tuple[str, str, Any, Any]
) -> None:
    assert between(old, new)[0] == difference


def test_elements_are_compared_by_what_names_them() -> None:
    old = [{"name": "a", "value": 1}, {"name": "b", "value": 2}]
    new = [{"name": "0", "value": 0}, {"name": "a", "value": 1}, {"name": "b", "value": 3}]
    assert between({"attributes": old}, {"attributes": new}) == [
        ("attributes[0].name", "added", NOTHING, "0"),
        ("attributes[0].value", "added", NOTHING, 0),
        ("attributes[b].value", "changed", 2, 3),
    ]
    prices = [{"type": "DEFAULT", "currency": each, "value": 1} for each in ("EUR", "USD")]
    assert between({"prices": prices}, {"prices": prices[:1]})[0][0] == "prices[DEFAULT/USD].type"


def test_elements_that_share_a_name_are_compared_by_their_place() -> None:
    twice = [{"ref": "a", "n": 1}, {"ref": "a", "n": 2}]
    assert between({"items": twice}, {"items": [twice[0], {"ref": "a", "n": 3}]}) == [
        ("items[1].n", "changed", 2, 3)
    ]


def test_another_order_is_told_once() -> None:
    items = [{"ref": "a"}, {"ref": "b"}]
    assert between({"items": items}, {"items": items[::-1]}) == [("items", "moved", "a, b", "b, a")]


def test_what_is_alike_in_create_and_update_is_told_once() -> None:
    def both(name: str, kind: str) -> Output:
        fields = {"name": name}
        return output(
            Upsert(entity="category", ref="c", create={**fields, "type": kind}, update=fields)
        )

    found = differences([both("A", "X")], [both("B", "Y")])
    assert [(one.path, one.on) for one in found] == [
        ("name", ("create", "update")),
        ("type", ("create",)),
    ]
    assert found[0].new_at == (0, "create", "name")


def test_changes_are_paired_by_what_they_are_about() -> None:
    found = differences(
        [made("a", name="1"), made("b", name="2")], [made("b", name="2"), made("a", name="3")]
    )
    assert [(one.change, one.path, one.old, one.new) for one in found] == [
        ("category a", "name", "1", "3")
    ]


def test_another_ref_is_one_field_that_differs() -> None:
    found = differences([made("a", ref="a", name="1")], [made("b", ref="b", name="1")])
    assert [(one.change, one.path) for one in found] == [("category b", "ref")]


def test_a_change_that_only_one_has_is_one_difference() -> None:
    event = output(Event(name="E", entity_type="ORDER", entity_ref="1"))
    assert [(d.change, d.how) for d in differences([], [made("a"), event])] == [
        ("category a", "added"),
        ("event E of ORDER 1", "added"),
    ]
    assert [d.how for d in differences([event], [])] == ["removed"]


def test_personal_data_differs_and_is_not_shown() -> None:
    old = {"primaryEmail": "ann@example.com", "attributes": [{"name": "phone", "value": "1"}]}
    new = {"primaryEmail": "bob@example.com", "attributes": [{"name": "phone", "value": "2"}]}
    assert between(old, new) == [
        ("primaryEmail", "changed", "***", "***"),
        ("attributes[phone].value", "changed", "***", "***"),
    ]
    plain = differences([made(**old)], [made(**new)], unmasked=True)
    assert (plain[0].old, plain[0].new) == ("ann@example.com", "bob@example.com")


def test_an_id_that_is_looked_up_reads_as_that() -> None:
    ref = Ref("customer", "guest-1", create={"username": "guest-1"})
    shown = output(Upsert(entity="order", ref="1", create={"customer": {"id": ref}}))
    assert [(leaf.path, leaf.value) for leaf in leaves(shown.parts["create"])] == [
        ("customer.id.idOf", "customer guest-1"),
        ("customer.id.orCreate.username", "guest-1"),
    ]


def test_every_kind_of_change_is_told() -> None:
    about = Reference("order", "o-1")
    labels = [
        output(change).label
        for change in (
            Mutation("createOrder", {"ref": "1"}),
            Update(about, [{"action": "setCustomField"}], 3),
            Refresh(about),
        )
    ]
    assert labels == ["createOrder 1", "commercetools order/o-1", "refresh order/o-1"]


def test_the_summary_counts_fields_whatever_the_resource() -> None:
    one = differences([made("a", name="1")], [made("a", name="2")])
    other = differences([made("b", name="1")], [made("b", name="3")])
    assert summary([*one, *other]) == {"category: name": 2}
