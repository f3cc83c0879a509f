import msgspec

from fluent_connect.router.identifiers import identifiers


class Order(msgspec.Struct, rename="camel"):
    order_number: str | None = None


def test_numbers_are_found_in_plain_json() -> None:
    assert list(identifiers({"orderNumber": "1234"})) == [("order-number", "1234")]


def test_numbers_are_found_in_typed_resources() -> None:
    assert list(identifiers(Order("1234"))) == [("order-number", "1234")]


def test_what_has_no_number_has_none() -> None:
    assert list(identifiers(Order())) == []
    assert list(identifiers({"customerNumber": "", "orderNumber": 7})) == []
    assert list(identifiers("text")) == []
