"""Where each part of an output came from, and what was cut."""

from typing import Any

import pytest

from unit.mapping.rules.filling import Item, Line, Source, mapper, order

TEXT = """\
order:
  fields:
    ref: { first: [order.orderNumber, order.id] }
    name: { path: order.origin, cut: 5 }
    none: order.completedAt
    retailer: { fields: { id: retailer } }
    items: { each: items, use: item }
  attributes:
    number: order.orderNumber
    id: order.id
    "*": { spread: order.custom.fields, name: "own.{name}" }
item:
  fields:
    ref: line.id
"""


def test_each_part_names_its_rule_and_what_it_read() -> None:
    items = [Item(line=Line(id="a")), Item(line=Line()), Item(line=Line(id="b"))]
    base = order(origin="far too long", custom={"fields": {"x": 1}}).order
    source = Source(order=base, items=items)
    plain, traced = mapper(TEXT), mapper(TEXT).traced()
    made = traced.fill("order", source)
    assert made == plain.fill("order", source)
    found = {each.path: (each.at, tuple(each.reads), each.note) for each in traced.origins(made)}
    assert found["ref"] == ("1.yml:3:5", ("order.orderNumber", "order.id"), "")
    assert found["name"] == ("1.yml:4:5", ("order.origin",), "cut from 12 to 5")
    assert found["retailer.id"][:2] == ("1.yml:6:27", ("retailer",))
    assert found["items[0].ref"][:2] == ("1.yml:14:5", ("line.id",))
    assert found["items[1].ref"][:2] == ("1.yml:14:5", ("line.id",))
    assert found["attributes[0]"][:2] == ("1.yml:10:5", ("order.id",))
    assert found["attributes[1]"][:2] == ("1.yml:11:5", ("order.custom.fields.x",))
    assert "none" not in found
    assert traced.origins(dict(made)) == ()


def test_each_object_has_origins_of_its_own() -> None:
    traced = mapper(TEXT).traced()
    one = traced.fill("item", Item(line=Line(id="a")))
    other = traced.fill("order", order(orderNumber="1"))
    assert [each.path for each in traced.origins(one)] == ["ref"]
    assert "attributes" in [each.path for each in traced.origins(other)]


def test_cuts_are_told_of_one_map_call_alone() -> None:
    first = mapper(TEXT)
    second = first.anew()
    first.fill("order", order(origin="far too long"))
    assert [str(each) for each in first.cuts] == ["order.name cut from 12 to 5"]
    assert first.cuts[0].at == "1.yml:4:11"
    assert not second.cuts


def test_a_target_without_rules_is_a_clear_error() -> None:
    source: Any = order()
    with pytest.raises(LookupError, match="no mapping file has rules for the target 'ordr'"):
        mapper(TEXT).fill("ordr", source)


def test_what_is_filled_is_the_callers_own() -> None:
    text = "order: { fields: { list: { value: [1, { a: 2 }] } } }"
    filler = mapper(text)
    made: Any = filler.fill("order", order())
    made["list"].append(3)
    made["list"][1]["a"] = 5
    assert filler.fill("order", order()) == {"list": [1, {"a": 2}]}
