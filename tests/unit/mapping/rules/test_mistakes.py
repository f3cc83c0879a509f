"""What is wrong with mapping files shows before the first message, each with its place."""

import pytest

from fluent_connect.mapping.rules.target import Target
from unit.mapping.rules.filling import Source, mistakes


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("order.orderNumer", "order has no 'orderNumer'; did you mean \"orderNumber\"?"),
        ("ordr.id", "no path begins with 'ordr'; did you mean \"order\"?"),
        ("STANDARD", "no path begins with 'STANDARD'; begin with one of"),
        ("order.id.length", "order.id is a single text: nothing stands below it; end at order.id"),
        ("order.lineItems.id", "order.lineItems is a list; write order.lineItems[0].id"),
        ("order.id[0]", "order.id is a single text, not a list"),
        ("order..id", "'order..id' is no path"),
        ("settings.cataloge", "settings has no 'cataloge'; did you mean \"catalogue\"?"),
        ("5", "5 is no path; write { value: 5 } for a constant"),
        ("[order.id]", "a list is no rule; write `first:`"),
        ("{ pth: order.id }", "no operator is called 'pth'; did you mean \"path\"?"),
        ("{ value: .inf }", ".inf is no number that JSON has"),
        ("{ value: [1, .nan] }", ".nan is no number that JSON has"),
        ("{ cut: 5 }", "no operator is called 'cut'; add `path:`"),
        ("{ path: order.id, value: 5 }", "a rule has one operator, and here are path, value"),
        ("{ path: order.id, cutt: 5 }", "`path` takes no 'cutt'; did you mean \"cut\"?"),
        ("{ path: order.id, cut: many }", "`cut` takes a whole number of at least 1"),
        ("{ path: order.id, cut: 1, whole: 2 }", "`cut` and `whole` exclude each other"),
        ("{ path: order.id, upper: 1 }", "`upper` takes true or false"),
        ("{ path: order.id, table: [] }", "`table` takes a table"),
        ("{ first: order.id }", "`first` takes a list of rules"),
        ("{ first: [order.id, order.nummer] }", "order has no 'nummer'"),
        ("{ text: '{order.id' }", "has a single {"),
        ("{ text: '{order.nr}' }", "order has no 'nr'"),
        ("{ localized: order.id }", "`localized` takes texts by locale, and this is a single text"),
        ("{ choose: order.id }", "`cases` takes a table"),
        ("{ when: { order.id: X } }", "`when` has no `then`"),
        ("{ when: { order.nr: X }, then: order.id }", "order has no 'nr'"),
        ("{ when: { not: 5 }, then: order.id }", "a condition is a table"),
        ("{ when: { order.id: { atleast: 5 } }, then: order.id }", 'did you mean "at-least"?'),
        ("{ when: { order.id: { matches: '(' } }, then: order.id }", "no regular expression"),
        ("{ money: order.id }", "`money` takes an amount, and this is a single text"),
        ("{ money: order }", "did you mean order.totalPrice?"),
        ("{ money: order.totalPrice, as: float }", "`as` takes one of number, cents"),
        ("{ number: order.lineItems }", "`number` takes a number, and this is a list"),
        ("{ number: order.id, times: two }", "`times` takes a number"),
        ("{ date: order.totalPrice }", "`date` takes a time, and this is an object"),
        ("{ date: order.completedAt, zone: Berlin }", "no time zone is called 'Berlin'"),
        ("{ date: order.completedAt, format: Y }", "the format 'Y' writes no part of a date"),
        ("{ count: order.id }", "`count` takes a list or a table"),
        ("{ sum: order.totalPrice }", "`sum` takes a list, and this is an object"),
        ("{ each: order.lineItems }", "`each` makes its elements by one of"),
        ("{ each: order.lineItems, rule: order.id }", "`each` does not name its element"),
        ("{ each: order.lineItems, as: order, rule: order.id }", "'order' is a root already"),
        ("{ each: order.id, as: it, rule: it }", "`each` takes a list, and this is a single text"),
        ("{ each: order.lineItems, as: l, rule: l.sku }", "l has no 'sku'"),
        ("{ each: items, use: itm }", "no target is called 'itm'; did you mean \"item\"?"),
        ("{ each: order.lineItems, use: item }", "'item' is not filled from such elements"),
        ("{ spread: order.custom.fields }", "`spread` stands under `attributes:` alone"),
        ("{ fields: order.id }", "`fields` takes a table"),
        ("{ fields: { a: order.nr } }", "order has no 'nr'"),
    ],
)
def test_a_mistaken_rule_is_told_with_its_place(rule: str, told: str) -> None:
    text = f"order:\n  fields:\n    it: {rule}\nitem: {{ fields: {{ ref: line.id }} }}\n"
    found = mistakes(text)
    assert len(found) == 1, found
    assert found[0].startswith("1.yml:3:")
    assert told in found[0]


def test_all_mistakes_are_told_at_once() -> None:
    text = """\
order:
  fields:
    a: order.nummer
    a: order.id
    b: { value: 1, cut: x }
  atributes: {}
  attributes:
    c: { path: order.id, type: TEXT }
    "*": { spread: order.id, name: fixed }
item: 5
"""
    found = mistakes(text)
    places = [line.partition(" ")[0] for line in found]
    assert places == [
        "1.yml:4:5:",
        "1.yml:6:3:",
        "1.yml:10:1:",
        "1.yml:3:8:",
        "1.yml:5:25:",
        "1.yml:8:32:",
        "1.yml:9:20:",
    ]


def test_a_file_that_refers_to_itself_or_is_too_large_is_a_mistake() -> None:
    assert "contains itself" in mistakes("order: &a\n  fields: *a\n")[0]
    assert "over 1 MiB" in mistakes("#" * 1_100_000)[0]
    deep = "order: { fields: { a: " + "{ first: [" * 60 + "order.id" + "] }" * 60 + " } }"
    assert "nested over 40 deep" in mistakes(deep)[0]


def test_anchors_that_multiply_do_not_run_away() -> None:
    lines = ["a0: &a0 { value: 1 }"]
    lines += [f"a{n}: &a{n} {{ first: [{', '.join([f'*a{n - 1}'] * 10)}] }}" for n in range(1, 9)]
    text = "\n".join([*lines, "order: { fields: { x: *a8 } }"])
    assert any("over 20000 rules" in told for told in mistakes(text))


def test_a_fluent_field_that_the_input_lacks_is_a_mistake() -> None:
    known = {"CreateOrderInput": {"ref": "", "retailer": "RetailerId"}, "RetailerId": {"id": ""}}
    found = mistakes(
        "order: { fields: { reff: order.id, retailer: { fields: { idd: retailer } } } }",
        targets={"order": Target(Source, "CreateOrderInput")},
        inputs=known.get,
    )
    assert len(found) == 2
    assert "CreateOrderInput of Fluent has no field 'reff'; did you mean \"ref\"?" in found[0]
    assert "RetailerId of Fluent has no field 'idd'" in found[1]
