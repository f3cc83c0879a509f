from decimal import Decimal
from typing import Any

import pytest

from fluent_connect.clients.fluent.compare import differs, same, surplus

HELD: dict[str, Any] = {
    "id": "1",
    "name": "Shoe",
    "summary": None,
    "status": "ACTIVE",
    "attributes": [
        {"name": "size", "type": "INTEGER", "value": 42},
        {"name": "tags", "type": "JSON", "value": '{"a":[1,2]}'},
    ],
    "prices": [{"type": "DEFAULT", "currency": "EUR", "value": 10.1}],
    "categories": {"edges": [{"node": {"ref": "a"}}, {"node": {"ref": "b"}}]},
    "tax": {"country": "DE", "group": "G", "tariff": None},
    "parentCategory": None,
    "product": {"ref": "P_1"},
    "promotionOptIn": False,
}


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"ref": "other", "id": "9", "catalogue": {"ref": "X"}, "username": "u"},
        {"name": "Shoe", "summary": ""},
        {"attributes": [{"name": "size", "type": "INTEGER", "value": Decimal("42.0")}]},
        {"attributes": [{"name": "tags", "type": "JSON", "value": {"a": [1, 2]}}]},
        {"prices": [{"type": "DEFAULT", "currency": "EUR", "value": Decimal("10.10")}]},
        {"categories": [{"ref": "b"}]},
        {"taxType": {"country": "DE", "group": "G"}},
        {"parentCategory": None},
        {"product": {"ref": "P_1", "catalogue": {"ref": "X"}}},
        {"promotionOptIn": False},
    ],
)
def test_what_says_the_same_changes_nothing(update: dict[str, Any]) -> None:
    assert not differs(update, HELD)


@pytest.mark.parametrize(
    "update",
    [
        {"name": "Boot"},
        {"status": "INACTIVE"},
        {"attributes": [{"name": "size", "type": "INTEGER", "value": 43}]},
        {"attributes": [{"name": "size", "type": "STRING", "value": 42}]},
        {"attributes": [{"name": "new", "type": "STRING", "value": "x"}]},
        {"prices": [{"type": "DEFAULT", "currency": "EUR", "value": 10.11}]},
        {"prices": [{"type": "SALE", "currency": "EUR", "value": 10.1}]},
        {"categories": [{"ref": "c"}]},
        {"taxType": {"country": "FR"}},
        {"parentCategory": {"ref": "root"}},
        {"product": {"ref": "P_2"}},
        {"promotionOptIn": True},
        {"promotionOptIn": 0},
        {"variants": []},
    ],
)
def test_what_says_something_else_is_different(update: dict[str, Any]) -> None:
    assert differs(update, HELD)


@pytest.mark.parametrize(
    ("wanted", "held", "alike"),
    [
        (1, 1.0, True),
        (1, "1.00", True),
        (1, "one", False),
        (1, None, False),
        (True, 1, False),
        ("1", 1, False),
        ("x", "x", True),
        (None, "", True),
        ([1], [1.0], True),
        ([1], [1, 2], False),
        ([1], {"a": 1}, False),
        ({"a": None}, {}, True),
        ('{"a":1}', {"a": 1}, True),
        ("not json", {"a": 1}, False),
    ],
)
def test_values_compare_by_what_they_say(wanted: Any, held: Any, alike: bool) -> None:
    assert same(wanted, held) is alike


def test_surplus_categories_are_those_nobody_asked_for() -> None:
    assert surplus(None, HELD) == []
    assert surplus(["a"], HELD) == ["b"]
    assert surplus([], HELD) == ["a", "b"]
