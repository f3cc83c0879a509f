import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.journal.masking import MASK, mask_headers, masked

CUSTOMER = {
    "id": "c-1",
    "key": "k",
    "version": 3,
    "email": "ann@example.org",
    "firstName": "Ann",
    "isEmailVerified": True,
    "defaultShippingAddressId": "adr-1",
    "vatId": "DE1",
    "addresses": [{"id": "adr-1", "streetName": "Main", "city": "Berlin", "country": "DE"}],
    "custom": {"type": {"typeId": "type", "id": "t-1"}, "fields": {"shoeSize": 43, "id": "x"}},
}


def test_a_customer_is_shown_without_the_person() -> None:
    assert masked(CUSTOMER) == {
        "id": "c-1",
        "key": "k",
        "version": 3,
        "email": MASK,
        "firstName": MASK,
        "isEmailVerified": True,
        "defaultShippingAddressId": "adr-1",
        "vatId": MASK,
        "addresses": [{"id": "adr-1", "streetName": MASK, "city": MASK, "country": "DE"}],
        "custom": {
            "type": {"typeId": "type", "id": "t-1"},
            "fields": {"shoeSize": MASK, "id": MASK},
        },
    }


@pytest.mark.parametrize(
    "shown",
    [
        {"type": "OrderCreated", "resource": {"typeId": "order", "id": "o-1"}},
        {"name": {"en": "Shirt"}, "sku": "S-1", "price": {"centAmount": 100}},
        {"lineItems": [{"name": {"en": "Shirt"}, "quantity": 2}]},
        ["text", 1, None, True],
        "a plain text with an @ sign",
    ],
)
def test_what_is_no_persons_stays(shown: object) -> None:
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "hidden",
    [
        {"primary_phone": "030 1234"},
        {"last-name": "Smith"},
        {"deliveryAddress": {"name": "Ann Smith"}},
        {"customer": {"name": "Ann"}},
        {"attributes": [{"name": "email", "type": "STRING", "value": "Ann"}]},
        {"customFieldsRaw": [{"name": "x", "value": "Ann"}]},
        {"whatever": "ann@example.org"},
        {"password": "Ann"},
    ],
)
def test_a_person_is_hidden_under_any_spelling(hidden: object) -> None:
    shown = str(masked(hidden))
    assert MASK in shown
    assert not any(part in shown for part in ("Ann", "Smith", "1234", "ann@"))


def test_headers_that_prove_a_sender_are_hidden() -> None:
    headers = {"content-type": "application/json", "x-api-key": "s", "authorization": "Basic s"}
    assert mask_headers(headers) == {
        "content-type": "application/json",
        "x-api-key": MASK,
        "authorization": MASK,
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_masking_twice_is_masking_once(value: object) -> None:
    assert masked(masked(value)) == masked(value)


@given(json_values)
def test_the_shape_stays(value: object) -> None:
    def shape(of: object) -> object:
        if isinstance(of, dict):
            return {name: shape(item) for name, item in of.items()}
        return [shape(item) for item in of] if isinstance(of, list) else None

    assert shape(masked(value)) == shape(value)
