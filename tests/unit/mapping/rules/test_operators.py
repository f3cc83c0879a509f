"""Each operator of the mapping language, on a source of its own."""

from typing import Any

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import UnprocessableError
from unit.mapping.rules.filling import attributed, filled, order

LINES = [
    {"id": "a", "quantity": 2, "totalPrice": {"currencyCode": "EUR", "centAmount": 1250}},
    {"id": "b", "quantity": 1, "totalPrice": {"currencyCode": "EUR", "centAmount": -500}},
    {"id": "c", "quantity": 5, "attributes": [{"name": "season", "value": "SS26"}]},
]
BIG_LINES = """{
  each: order.lineItems, as: line, where: { line.quantity: { at-least: 2 } },
  fields: { ref: { text: '{order.id}:{line.id}' } }
}"""


@pytest.mark.parametrize(
    ("rule", "source", "expected"),
    [
        ("order.orderNumber", {"orderNumber": "1001"}, "1001"),
        ("order.orderNumber", {}, None),
        ("order.custom.fields.gift", {"custom": {"fields": {"gift": True}}}, True),
        ("order.custom.fields.gift.wrap.paper", {"custom": {"fields": {}}}, None),
        ("order.lineItems[0].id", {"lineItems": LINES}, "a"),
        ("order.lineItems[-1].id", {"lineItems": LINES}, "c"),
        ("order.lineItems[7].id", {"lineItems": LINES}, None),
        ("order.lineItems[*].id", {"lineItems": LINES}, ["a", "b", "c"]),
        ("order.lineItems[2].attributes[season].value", {"lineItems": LINES}, "SS26"),
        ("order.lineItems[2].attributes[colour].value", {"lineItems": LINES}, None),
        ("settings.item-prices", {}, "net"),
        ("settings.item_prices", {}, "net"),
        ("account", {}, "ACME"),
        ("project", {}, "shop"),
        ("props.season", {}, "SS26"),
        ("{ value: STANDARD }", {}, "STANDARD"),
        ("{ value: 5 }", {}, 5),
        ("{ value: '5' }", {}, "5"),
        ("{ value: 0 }", {}, 0),
        ("{ value: 0x1F }", {}, 31),
        ("{ value: 012 }", {}, 12),
        ("{ value: 1_000 }", {}, 1000),
        ("{ value: 1e3 }", {}, 1000.0),
        ("{ value: false }", {}, False),
        ("{ value: 1.5 }", {}, 1.5),
        ("{ value: [a, 2] }", {}, ["a", 2]),
        ("{ number: order.orderNumber }", {"orderNumber": " 7.50 "}, 7.5),
        ("{ first: [order.orderNumber, order.id] }", {"orderNumber": "  "}, "o-1"),
        ("{ first: [order.orderNumber, order.origin] }", {}, None),
        ("{ join: [order.id, order.orderNumber, order.origin] }", {"origin": "POS"}, "o-1 POS"),
        ("{ join: 'order.lineItems[*].id', with: '/' }", {"lineItems": LINES}, "a/b/c"),
        ("{ join: [order.orderNumber] }", {}, None),
        ("{ text: 'P_{order.id}' }", {}, "P_o-1"),
        ("{ text: '{order.id}-{order.orderNumber}' }", {}, None),
        ("{ text: '{{{order.id}}}' }", {}, "{o-1}"),
        ("{ choose: order.origin, cases: { POS: { value: 1 }, '*': { value: 2 } } }", {}, 2),
        (
            "{ choose: order.origin, cases: { POS: { value: 1 }, Web: order.id } }",
            {"origin": "POS"},
            1,
        ),
        ("{ when: { order.origin: POS }, then: { value: A }, else: { value: B } }", {}, "B"),
        ("{ money: order.totalPrice }", {"totalPrice": {"centAmount": 1999}}, 19.99),
        ("{ money: order.totalPrice, as: cents }", {"totalPrice": {"centAmount": 1999}}, 1999),
        ("{ money: order.totalPrice, as: text }", {"totalPrice": {"centAmount": 5}}, "0.05"),
        ("{ money: order.totalPrice, as: currency }", {}, "EUR"),
        ("{ number: order.custom.fields.g, times: 0.001, digits: 3 }", "1234.5", 1.235),
        ("{ number: order.custom.fields.g, plus: 1 }", 4, 5),
        ("{ number: order.custom.fields.g }", None, None),
        ("{ date: order.completedAt }", "2026-03-29T01:30:00.000Z", "2026-03-29T01:30:00.000Z"),
        (
            "{ date: order.completedAt, zone: Europe/Berlin, format: '%d.%m.%Y %H:%M' }",
            "2026-03-29T01:30:00.000Z",
            "29.03.2026 03:30",
        ),
        ("{ date: order.completedAt, format: '%Y' }", "2026-03-29", "2026"),
        ("{ count: order.lineItems }", {"lineItems": LINES}, 3),
        ("{ count: order.lineItems }", {}, 0),
        ("{ sum: 'order.lineItems[*].quantity' }", {"lineItems": LINES}, 8),
        ("{ sum: 'order.lineItems[*].totalPrice' }", {"lineItems": LINES}, 7.5),
        ("{ sum: 'order.lineItems[*].totalPrice', as: text }", {"lineItems": LINES}, "7.50"),
        (
            "{ each: order.lineItems, as: line, rule: line.id }",
            {"lineItems": LINES},
            ["a", "b", "c"],
        ),
        (
            BIG_LINES,
            {"lineItems": LINES},
            [{"ref": "o-1:a"}, {"ref": "o-1:c"}],
        ),
        (
            "{ each: order.custom.fields, as: field, rule: { text: '{field.key}={field.value}' } }",
            {"custom": {"fields": {"a": 1, "b": None}}},
            ["a=1"],
        ),
        (
            "{ fields: { ref: { fields: { ref: order.id } }, none: order.origin } }",
            {},
            {"ref": {"ref": "o-1"}},
        ),
        ("{ fields: { none: order.origin } }", {}, None),
    ],
)
def test_an_operator_makes_its_value(rule: str, source: Any, expected: Any) -> None:
    if not isinstance(source, dict):
        source = (
            {"completedAt": source} if "date:" in rule else {"custom": {"fields": {"g": source}}}
        )
    made = filled(f"it: {rule}", order(**source))
    assert made == ({} if expected is None else {"it": expected})
    assert type(made.get("it")) is type(expected)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{ path: order.id, upper: true }", "O-1"),
        ("{ value: ABC, lower: true }", "abc"),
        ("{ path: order.id, table: { o-1: X, '*': Y } }", "X"),
        ("{ path: order.origin, table: { o-1: X } }", None),
        ("{ path: order.id, table: { o-2: X, '*': Y } }", "Y"),
        ("{ path: order.id, table: { o-2: X }, default: Z }", "Z"),
        ("{ path: order.origin, default: none }", "none"),
        ("{ path: order.id, cut: 2 }", "o-"),
        ("{ value: 12345, cut: 3 }", "123"),
        ("{ path: order.id, whole: 3 }", "o-1"),
        ("{ path: order.id, required: true }", "o-1"),
    ],
)
def test_a_modifier_changes_the_value(rule: str, expected: object) -> None:
    assert filled(f"it: {rule}").get("it") == expected


def test_what_must_stay_whole_is_dead_with_the_place_of_its_rule() -> None:
    with pytest.raises(UnprocessableError, match=r"1\.yml:3:5: order\.ref: .* where 2 fit"):
        filled("ref: { path: order.id, whole: 2 }")


def test_what_is_required_and_empty_is_dead_with_its_source() -> None:
    with pytest.raises(
        UnprocessableError, match=r"1\.yml:3:5: order\.ref: required, but order\.orderNumber says"
    ):
        filled("ref: { path: order.orderNumber, required: true }")


def test_localized_text_follows_the_rule_then_the_settings() -> None:
    source = order(lineItems=[{"name": {"de": "Hemd", "fr": "Chemise"}}])
    french = Settings(locales=("fr",))
    rule = "it: { localized: 'order.lineItems[0].name' }"
    own = "it: { localized: 'order.lineItems[0].name', locales: [de] }"
    assert filled(rule, source, french) == {"it": "Chemise"}
    assert filled(own, source, french) == {"it": "Hemd"}


def test_attributes_tell_their_type_or_take_the_one_named() -> None:
    source = order(custom={"fields": {"n": 5, "t": "x", "weight": 1500, "no": None}})
    lines = """
commercetoolsId: order.id
count: order.custom.fields.n
asText: { path: order.custom.fields.n, type: STRING }
weight: { number: order.custom.fields.weight, times: 0.001, digits: 3, type: FLOAT }
all: { path: order.totalPrice, type: JSON }
"*": { spread: order.custom.fields, except: [weight], name: "own.{name}" }
"""
    assert attributed(lines, source) == {
        "commercetoolsId": ("STRING", "o-1"),
        "count": ("INTEGER", 5),
        "asText": ("STRING", "5"),
        "weight": ("FLOAT", 1.5),
        "all": ("JSON", {"currencyCode": "EUR", "centAmount": 0, "fractionDigits": 2}),
        "own.n": ("INTEGER", 5),
        "own.t": ("STRING", "x"),
    }


def test_a_named_attribute_wins_over_a_spread_one_and_null_removes_it() -> None:
    source = order(custom={"fields": {"a": "1", "b": "2", "c": "3"}})
    lines = '"*": { spread: order.custom.fields }\na: order.id\nb: ~'
    assert attributed(lines, source) == {"a": ("STRING", "o-1"), "c": ("STRING", "3")}
