from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.customer import CustomerCreateHandler, CustomerState
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_schema import faults
from unit.handlers.stage import (
    FakeCommercetools,
    FakeFluent,
    context,
    map_context,
    message,
)

HANDLER = CustomerCreateHandler()


def customer(**more: Any) -> dict[str, Any]:
    return {
        "id": "c-1",
        "version": 3,
        "customerNumber": "4711",
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Example",
        "companyName": "Example Ltd",
        "password": "hash",
        "addresses": [
            {"id": "a1", "country": "FR", "phone": "01"},
            {"id": "a2", "country": "DE", "phone": "02", "mobile": "03"},
        ],
        "defaultShippingAddressId": "a2",
        **more,
    }


def mapped(raw: dict[str, Any], settings: Settings | None = None) -> Upsert:
    resource = msgspec.convert(raw, CustomerState)
    (change,) = HANDLER.map(resource, message("customer", "c-1"), map_context(settings))
    assert isinstance(change, Upsert)
    assert faults(change) == []
    assert "hash" not in repr(change)
    return change


def test_a_customer_is_created_with_all_that_fluent_requires() -> None:
    change = mapped(customer())
    assert change.ref == "c-1"
    assert change.create is not None
    assert change.create["primaryEmail"] == "ada@example.com"
    assert change.create["promotionOptIn"] is False
    assert change.create["timezone"] == "UTC"
    assert change.create["retailer"] == {"id": "5"}


def test_an_update_sends_only_what_commercetools_owns() -> None:
    update = mapped(customer()).update
    assert update is not None
    assert {"timezone", "promotionOptIn", "retailer"}.isdisjoint(update)
    assert update["firstName"] == "Ada"


def test_the_default_shipping_address_tells_phone_and_country() -> None:
    create = mapped(customer()).create
    assert create is not None
    assert (create["primaryPhone"], create["country"]) == ("03", "DE")
    fallback = mapped(customer(defaultShippingAddressId=None)).create
    assert fallback is not None
    assert (fallback["primaryPhone"], fallback["country"]) == ("01", "FR")


@pytest.mark.parametrize(
    ("rule", "name"), [("id", "x_c-1"), ("customer-number", "x_4711"), ("email", "x_ada@b.example")]
)
def test_the_username_follows_one_rule(rule: str, name: str) -> None:
    settings = msgspec.convert({"username": rule, "username_prefix": "x_"}, Settings)
    assert mapped(customer(email="Ada@B.example"), settings).ref == name


def test_a_username_that_is_missing_or_too_long_is_refused() -> None:
    with pytest.raises(UnprocessableError, match="customer-number"):
        mapped(customer(customerNumber=None), Settings(username="customer-number"))
    with pytest.raises(UnprocessableError, match="250"):
        mapped(customer(), Settings(username_prefix="x" * 250))


def test_a_missing_email_is_stood_in_for_or_refused() -> None:
    create = mapped(customer(email=None)).create
    assert create is not None
    assert create["primaryEmail"] == "c-1@no-email.invalid"
    with pytest.raises(UnprocessableError, match="e-mail"):
        mapped(customer(email=""), Settings(missing_email="dead"))


def test_what_is_too_long_is_cut_or_left_out_but_never_wrong() -> None:
    raw = customer(
        firstName="A" * 60,
        title="D" * 60,
        email="a" * 250 + "@example.com",
        addresses=[{"id": "a", "mobile": "+49 (0) 1234 / 5678-9012345678901", "phone": "030 1"}],
    )
    create = mapped(raw).create
    assert create is not None
    assert create["firstName"] == "A" * 50
    assert create["primaryEmail"] == "c-1@no-email.invalid"
    assert create["primaryPhone"] == "030 1"


async def test_a_customer_is_read_as_it_stands() -> None:
    shop = FakeCommercetools({"customer/c-1": customer()})
    fetched = await HANDLER.fetch(message("customer", "c-1"), context(shop))
    assert fetched.version == 3
    assert fetched.resource is not None
    assert not fetched.resource.erased


KNOWN = {
    "found": {
        "edges": [
            {
                "node": {
                    "username": "c-1",
                    "attributes": [
                        {"name": name} for name in ("commercetoolsId", "favourite", "addresses")
                    ],
                }
            },
            {"node": {"username": "C-1", "attributes": [{"name": "of another"}]}},
        ]
    }
}


@pytest.mark.parametrize("payload", [{"dataErasure": True}, {"data": {"dataErasure": True}}])
async def test_an_erasure_overwrites_the_person_and_creates_nobody(
    payload: dict[str, object],
) -> None:
    told = message("customer", "c-1", "ResourceDeleted", version=9)
    fetched = await HANDLER.fetch(told, context(fluent=FakeFluent([KNOWN]), payload=payload))
    assert fetched.deleted
    assert fetched.erases
    assert fetched.version == 9
    assert fetched.resource is not None
    (change,) = HANDLER.map(fetched.resource, told, map_context())
    assert isinstance(change, Upsert)
    assert faults(change) == []
    assert change.create is None
    assert change.identity == ("commercetoolsId", "c-1")
    update: Any = change.update
    assert update["primaryEmail"] == "c-1@no-email.invalid"
    assert {update[name] for name in ("firstName", "lastName", "primaryPhone")} == {"erased"}
    assert {each["name"]: each["value"] for each in update["attributes"]} == {
        "commercetoolsId": "c-1",
        "commercetoolsVersion": 9,
        "favourite": "erased",
        "addresses": "erased",
    }


async def test_a_deletion_without_erasure_is_skipped() -> None:
    told = message("customer", "c-1", "ResourceDeleted", version=9)
    fetched = await HANDLER.fetch(told, context(payload={}))
    assert fetched.resource is None
    with pytest.raises(Skip, match="without data erasure"):
        HANDLER.gone(told, map_context())


async def test_an_erased_customer_whose_name_nobody_tells_is_not_passed_over() -> None:
    told = message("customer", "c-1", "ResourceDeleted", attributes={"dataErasure": True})
    by_number = Settings(username="customer-number")
    with pytest.raises(UnprocessableError, match="customer-number"):
        await HANDLER.fetch(told, context(settings=by_number))


# The e-mail address as the username, which is for ever.

BY_EMAIL = Settings(username="email")


def called(username: str, source: str) -> dict[str, Any]:
    known = [{"name": "commercetoolsId", "value": source}]
    return {"edges": [{"node": {"username": username, "attributes": known}}]}


async def ref_of(answer: dict[str, Any], settings: Settings = BY_EMAIL) -> str:
    """Return what the customer, with an address that changed, is called."""
    shop = FakeCommercetools({"customer/c-1": customer(email="new@example.com")})
    told = message("customer", "c-1")
    fetched = await HANDLER.fetch(told, context(shop, FakeFluent([answer]), settings=settings))
    assert fetched.resource is not None
    (change,) = HANDLER.map(fetched.resource, told, map_context(settings))
    assert isinstance(change, Upsert)
    assert change.update is not None
    assert (change.update["username"], change.update["primaryEmail"]) == (
        change.ref,
        "new@example.com",
    )
    return change.ref


async def test_a_changed_address_is_an_update_of_the_same_customer() -> None:
    assert await ref_of({"name": called("old@example.com", "c-1")}) == "old@example.com"
    assert await ref_of({"email": called("old@example.com", "c-1")}) == "old@example.com"


async def test_a_namesake_is_another_customer() -> None:
    assert await ref_of({"name": called("old@example.com", "c-2")}) == "new@example.com"
    assert await ref_of({}) == "new@example.com"


async def test_fluent_is_asked_for_a_username_only_where_it_can_change() -> None:
    shop = FakeCommercetools({"customer/c-1": customer()})
    fluent = FakeFluent()
    await HANDLER.fetch(message("customer", "c-1"), context(shop, fluent))
    assert fluent.asked == []


async def test_an_erased_customer_is_found_under_its_old_address() -> None:
    told = message(
        "customer",
        "c-1",
        "ResourceDeleted",
        attributes={"dataErasure": True, "email": "n@x.example"},
    )
    fluent = FakeFluent([{"email": called("old@example.com", "c-1")}])
    fetched = await HANDLER.fetch(told, context(fluent=fluent, settings=BY_EMAIL))
    assert fetched.resource is not None
    (change,) = HANDLER.map(fetched.resource, told, map_context(BY_EMAIL))
    assert isinstance(change, Upsert)
    assert change.ref == "old@example.com"
    assert fluent.asked[-1] == {"usernames": ["old@example.com"]}
