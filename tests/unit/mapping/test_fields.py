import pytest

from fluent_connect.clients.commercetools.model import Address
from fluent_connect.mapping.address import phone, postal
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.gate import closed


@pytest.mark.parametrize(
    ("country", "street"), [("DE", "Main 5"), ("US", "5 Main"), (None, "Main 5")]
)
def test_the_house_number_stands_where_the_country_puts_it(
    country: str | None, street: str
) -> None:
    address = Address(street_name="Main", street_number="5", country=country)
    assert postal(address)["street"] == street


def test_a_post_box_is_a_street_or_a_second_line() -> None:
    assert postal(Address(p_o_box="77")) == {"street": "PO Box 77"}
    both = postal(Address(p_o_box="77", street_name="Main", building="B", apartment=" 3 "))
    assert both == {"street": "Main", "street2": "B, 3, PO Box 77"}


def test_an_empty_address_says_nothing() -> None:
    assert postal(Address(city=" ", email="x" * 300)) == {}


@pytest.mark.parametrize(
    ("address", "number"),
    [
        (Address(mobile="1", phone="2"), "1"),
        (Address(mobile=" ", phone="2"), "2"),
        (Address(mobile="+49 (151) 12 34 56 78"), "+4915112345678"),
        (Address(mobile="1" * 30), None),
    ],
)
def test_a_phone_number_is_mobile_first_and_never_cut(address: Address, number: str | None) -> None:
    assert phone(address, 20) == number


def test_attributes_have_a_type_and_never_null() -> None:
    made = attributes(
        {
            "text": "x",
            "blank": " ",
            "none": None,
            "empty": [],
            "no": False,
            "zero": 0,
            "large": 2**40,
            "many": [1],
            "part": 1.5,
            "": "nameless",
        }
    )
    assert [(each["name"], each["type"]) for each in made] == [
        ("text", "STRING"),
        ("no", "BOOLEAN"),
        ("zero", "INTEGER"),
        ("large", "JSON"),
        ("many", "JSON"),
        ("part", "JSON"),
    ]


def test_a_gate_names_the_field_that_keeps_it_closed() -> None:
    read = {"a": "1", "b": ""}.get
    assert closed(lambda name: read(name) or "", {"a": ("1",), "b": ("",)}) is None
    assert closed(lambda name: read(name) or "", {"a": ("2",)}) == "a=1"
    assert closed(lambda name: read(name) or "", {"b": ("2",)}) == "b=absent"
    assert closed(lambda name: read(name) or "", {"a": ("*",)}) is None
