"""A partner's rules over ours: by key, and never two operators in one rule."""

from typing import Any

import pytest

from unit.mapping.rules.filling import mapper, mistakes, order

OURS = """\
order:
  fields:
    name: { first: [order.origin, order.id], cut: 3 }
    plain: order.id
    type: { path: order.origin, table: { Web: W, "*": X } }
    retailer: { fields: { id: retailer, ref: account } }
    lines: { each: order.lineItems, as: line, fields: { ref: line.id } }
    way: { choose: order.origin, cases: { Web: { value: 1 }, "*": { value: 2 } } }
  attributes:
    one: order.id
    two: order.origin
    "*": { spread: order.custom.fields }
"""
SOURCE = order(origin="Web shop", lineItems=[{"id": "l1", "quantity": 2}])


@pytest.mark.parametrize(
    ("field", "rule", "expected"),
    [
        ("name", "{ path: order.id }", "o-1"),
        ("name", "order.id", "o-1"),
        ("name", "{ cut: 5 }", "Web s"),
        ("name", "~", None),
        ("plain", "{ upper: true }", "O-1"),
        ("type", "{ table: { Web shop: S } }", "S"),
        ("type", "{ path: order.id }", "o-1"),
        ("retailer", "{ fields: { ref: ~ } }", {"id": "5"}),
        ("retailer", "{ fields: { more: order.id } }", {"id": "5", "ref": "ACME", "more": "o-1"}),
        ("lines", "{ fields: { n: line.quantity } }", [{"ref": "l1", "n": 2}]),
        ("lines", "{ where: { line.quantity: 3 } }", None),
        ("way", "{ cases: { Web shop: { value: 3 } } }", 3),
        ("new", "order.id", "o-1"),
    ],
)
def test_a_rule_is_laid_over_ours(field: str, rule: str, expected: object) -> None:
    made = mapper(OURS, f"order: {{ fields: {{ {field}: {rule} }} }}").fill("order", SOURCE)
    assert made.get(field) == expected
    if field != "plain":
        assert made["plain"] == "o-1"


def test_what_was_removed_comes_back_by_a_later_file() -> None:
    texts = ("order: { fields: { name: ~ } }", "order: { fields: { name: order.id } }")
    assert mapper(OURS, *texts).fill("order", SOURCE)["name"] == "o-1"


def test_attributes_keep_their_order_and_new_ones_come_last() -> None:
    theirs = 'order: { attributes: { three: order.id, one: { value: 1 }, "*": { only: [a] } } }'
    source = order(origin="Web", custom={"fields": {"a": 1, "b": 2}})
    listed: Any = mapper(OURS, theirs).fill("order", source)["attributes"]
    assert [each["name"] for each in listed] == ["one", "two", "a", "three"]


def test_a_new_target_stands_beside_ours() -> None:
    both = mapper(OURS, "item: { fields: { ref: line.id } }")
    assert both.fill("order", SOURCE)["plain"] == "o-1"


def test_a_mistake_is_told_at_the_file_in_which_it_stands() -> None:
    found = mistakes(OURS, "order:\n  fields:\n    name: { cut: no }\n")
    assert [each.partition(": ")[0] for each in found] == ["2.yml:3:18"]
