"""What pushing a change would come to, told without pushing it."""

from typing import Any

import pytest

from fluent_connect.clients.fluent.comparison import absent, compared
from fluent_connect.clients.fluent.model import Upsert


def attributes(**values: object) -> list[dict[str, object]]:
    return [{"name": name, "type": "STRING", "value": value} for name, value in values.items()]


def product(**more: Any) -> Upsert:
    wanted = {"name": "Shirt", "attributes": attributes(commercetoolsVersion="3")}
    return Upsert(entity="standardProduct", ref="P_1", create=wanted, update=wanted, **more)


def held(name: str = "Shirt", version: str = "3", **more: object) -> dict[str, object]:
    told = attributes(commercetoolsVersion=version, **more)
    return {"id": 7, "status": "ACTIVE", "name": name, "attributes": told}


@pytest.mark.parametrize(
    ("found", "how", "fields"),
    [
        (held(), "same", []),
        (held(version="2"), "same", []),
        (held(name="Skirt"), "different", ["name"]),
        (held(name="Skirt", version="2"), "stale", ["name"]),
    ],
)
def test_a_difference_is_stale_if_fluent_names_an_older_version(
    found: dict[str, object], how: str, fields: list[str]
) -> None:
    came = compared(product(), found, "P_1")
    assert (came.how, [each.field for each in came.differences]) == (how, fields)
    assert (came.id, came.status, came.mendable) == ("7", "ACTIVE", True)


def test_a_category_that_it_shall_not_be_in_is_a_difference() -> None:
    found = {**held(), "categories": {"edges": [{"node": {"ref": "old"}}]}}
    came = compared(product(categories=["new"]), found, "P_1")
    assert [(each.field, each.wanted, each.held) for each in came.differences] == [
        ("categories[old]", None, "old")
    ]


def test_what_carries_another_identity_is_foreign_and_not_mendable() -> None:
    change = product(identity=("commercetoolsId", "p-1"))
    came = compared(change, held(commercetoolsId="p-2"), "P_1")
    assert (came.how, came.mendable) == ("foreign", False)
    assert came.differences[0].held == "p-2"
    off = Upsert(entity="standardProduct", ref="P_1", update={}, identity=change.identity)
    assert compared(off, held(commercetoolsId="p-2"), "P_1").how == "unneeded"


def test_an_order_is_held_against_what_only_its_creation_sets() -> None:
    create = {"ref": "1", "type": "HD", "totalPrice": 10, "totalTaxPrice": 2, "customer": {"id": 1}}
    change = Upsert(entity="order", ref="1", create=create)
    there = {"id": 1, "status": "BOOKED", "type": "HD", "totalPrice": 10.0, "totalTaxPrice": 2}
    assert compared(change, there, "1").how == "same"
    came = compared(change, {**there, "totalPrice": 9}, "1")
    assert (came.how, came.mendable) == ("different", False)


def test_nothing_is_missing_only_if_something_was_to_be_made() -> None:
    assert absent(product()).how == "missing"
    assert absent(Upsert(entity="customer", ref="c", update={})).how == "unneeded"
