from typing import Any

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.attributes import attribute
from fluent_connect.mapping.values import Typed, typed

EUR = {"type": "centPrecision", "currencyCode": "EUR", "centAmount": 1234, "fractionDigits": 2}
PRECISE = {
    "type": "highPrecision",
    "currencyCode": "EUR",
    "centAmount": 1,
    "preciseAmount": 123456,
    "fractionDigits": 7,
}
LINK = {"typeId": "product", "id": "p-1", "obj": {"id": "p-1", "key": "shirt"}}
TEXTS = {"de": "Rot", "en": "Red"}
ENUM = {"key": "red", "label": "Red!"}
LOCALIZED_ENUM = {"key": "red", "label": TEXTS}
NESTED = [{"name": "colour", "value": ENUM}, {"name": "depth", "value": 3}]


def carried(value: object, kind: dict[str, Any] | None = None, **choices: Any) -> object:
    made = typed(value, Settings(**choices), kind)
    return None if made is None else (made.type, made.value)


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("text", ("STRING", "text")),
        (" \x00", None),
        (True, ("BOOLEAN", True)),
        (False, ("BOOLEAN", False)),
        (0, ("INTEGER", 0)),
        (2**31, ("JSON", 2**31)),
        (1.5, ("JSON", 1.5)),
        ("2026-11-25", ("STRING", "2026-11-25")),
        ("12:00:00.000", ("STRING", "12:00:00.000")),
        ("2026-11-25T12:00:00.000Z", ("STRING", "2026-11-25T12:00:00.000Z")),
        (TEXTS, ("STRING", "Red")),
        ({"fr-CA": "Rouge"}, ("STRING", "Rouge")),
        (ENUM, ("STRING", "red")),
        (LOCALIZED_ENUM, ("STRING", "red")),
        (EUR, ("STRING", "12.34 EUR")),
        (PRECISE, ("STRING", "0.0123456 EUR")),
        ({"currencyCode": "JPY", "centAmount": 500}, ("STRING", "500 JPY")),
        (LINK, ("STRING", "p-1")),
        ({"typeId": "state", "key": "sold"}, ("STRING", "sold")),
        (["a", " ", "b"], ("JSON", ["a", "b"])),
        ([LINK, ENUM, EUR, TEXTS], ("JSON", ["p-1", "red", "12.34 EUR", "Red"])),
        (NESTED, ("JSON", {"colour": "red", "depth": 3})),
        ([NESTED, NESTED[1:]], ("JSON", [{"colour": "red", "depth": 3}, {"depth": 3}])),
        ({"width": 1, "unit": "cm"}, ("JSON", {"width": 1, "unit": "cm"})),
        ([], None),
        ([""], None),
        ({}, None),
        (None, None),
    ],
)
def test_a_value_is_carried_by_its_kind(value: object, made: object) -> None:
    assert carried(value) == made


@pytest.mark.parametrize(
    ("value", "choices", "made"),
    [
        (ENUM, {"enum_attributes": "label"}, ("STRING", "Red!")),
        (LOCALIZED_ENUM, {"enum_attributes": "label"}, ("STRING", "Red")),
        (LOCALIZED_ENUM, {"enum_attributes": "label", "locales": ["de"]}, ("STRING", "Rot")),
        (TEXTS, {"localized_attributes": "all"}, ("JSON", TEXTS)),
        (EUR, {"money_attributes": "json"}, ("JSON", EUR)),
        (LINK, {"reference_attributes": "key"}, ("STRING", "shirt")),
        ({"typeId": "x", "id": "1"}, {"reference_attributes": "key"}, ("STRING", "1")),
        (1.5, {"decimal_attributes": "float"}, ("FLOAT", 1.5)),
        (1.5, {"decimal_attributes": "text"}, ("STRING", "1.5")),
        (1e-7, {"decimal_attributes": "text"}, ("STRING", "0.0000001")),
        (2, {"decimal_attributes": "float"}, ("INTEGER", 2)),
        ([ENUM], {"enum_attributes": "label"}, ("JSON", ["Red!"])),
        (NESTED, {"enum_attributes": "label"}, ("JSON", {"colour": "Red!", "depth": 3})),
    ],
)
def test_an_account_may_choose_how(value: object, choices: dict[str, Any], made: object) -> None:
    assert carried(value, **choices) == made


def test_a_number_has_one_type_where_the_product_type_says_that_it_is_one() -> None:
    number = {"name": "number"}
    assert carried(2, number, decimal_attributes="float") == ("FLOAT", 2)
    assert carried(2.5, number, decimal_attributes="float") == ("FLOAT", 2.5)
    assert carried(2, number, decimal_attributes="text") == ("STRING", "2")
    assert carried(2, number) == ("INTEGER", 2)
    assert carried(True, number) == ("BOOLEAN", True)


def test_the_product_type_knows_what_no_look_at_the_value_tells() -> None:
    odd = {"klingon-language": "Doq"}
    assert carried(odd) == ("JSON", odd)
    assert carried(odd, {"name": "ltext"}) == ("STRING", "Doq")
    several = {"name": "set", "elementType": {"name": "ltext"}}
    assert carried([odd], several) == ("JSON", ["Doq"])
    assert carried("x", {"name": "ltext"}) == ("STRING", "x")
    assert carried({"width": 1}, {"name": "ltext"}) == ("JSON", {"width": 1})


def test_what_is_typed_already_is_never_converted_twice() -> None:
    made = Typed("JSON", {"fit": "slim"})
    assert attribute("cut", made) == {"name": "cut", "type": "JSON", "value": {"fit": "slim"}}
