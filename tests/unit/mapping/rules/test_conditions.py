"""Conditions: when a rule holds."""

import pytest

from fluent_connect.model.errors import UnprocessableError
from unit.mapping.rules.filling import filled, order

SOURCE = order(
    origin="Merchant",
    lineItems=[{"quantity": 5}],
    custom={"fields": {"tags": ["a", "b"], "gift": True, "score": 4.5, "blank": " "}},
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{ order.origin: Merchant }", True),
        ("{ order.origin: merchant }", False),
        ("{ order.origin: [Customer, Merchant] }", True),
        ("{ order.orderNumber: ~ }", True),
        ("{ order.origin: ~ }", False),
        ("{ order.origin: [~, Customer] }", False),
        ("{ order.custom.fields.tags: b }", True),
        ("{ order.custom.fields.tags: c }", False),
        ("{ order.custom.fields.gift: true }", True),
        ("{ 'order.lineItems[0].quantity': 5 }", True),
        ("{ 'order.lineItems[0].quantity': { at-least: 5, at-most: 5 } }", True),
        ("{ 'order.lineItems[0].quantity': { at-least: 6 } }", False),
        ("{ order.custom.fields.score: { at-most: 4.5 } }", True),
        ("{ order.custom.fields.none: { at-least: 1 } }", False),
        ("{ order.origin: { matches: '^Mer' } }", True),
        ("{ order.orderNumber: { matches: '.*' } }", False),
        ("{ exists: order.origin }", True),
        ("{ exists: order.custom.fields.blank }", False),
        ("{ exists: order.custom.fields.gift }", True),
        ("{ not: { exists: order.origin } }", False),
        ("{ all: [{ exists: order.origin }, { exists: order.orderNumber }] }", False),
        ("{ any: [{ exists: order.origin }, { exists: order.orderNumber }] }", True),
        ("{ order.origin: Merchant, exists: order.orderNumber }", False),
    ],
)
def test_a_condition_holds_or_not(condition: str, *, holds: bool) -> None:
    made = filled(f"it: {{ when: {condition}, then: {{ value: true }} }}", SOURCE)
    assert made == ({"it": True} if holds else {})


@pytest.mark.parametrize("text", ["1_000", "\uff11\uff12", "NaN", "1e400", "0x10"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    with pytest.raises(UnprocessableError, match="a text is no number"):
        filled("it: { number: order.orderNumber }", order(orderNumber=text))


def test_what_cannot_be_compared_is_dead_with_its_place() -> None:
    rule = "it: { when: { order.origin: { at-least: 5 } }, then: order.id }"
    with pytest.raises(UnprocessableError, match=r"1\.yml:3:5: order\.it: a text is no number"):
        filled(rule, SOURCE)
