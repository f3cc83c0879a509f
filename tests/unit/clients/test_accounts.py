import pytest

from fluent_connect.clients.accounts import Accounts, When
from unit.clients.wire import account

BERLIN = account("acme", "1", When(store="berlin"))
FRENCH = account("acme", "2", When(country="FR"))
WHOLESALE = account("acme", "3", When(channel="b2b", custom={"tier": "gold"}))
ELSE = account("acme", "9")
ACCOUNTS = Accounts((ELSE, BERLIN, FRENCH, WHOLESALE, account("zeta", "1", project="other")))


def test_a_project_feeds_its_own_accounts() -> None:
    assert [a.retailer for a in ACCOUNTS.for_project("shop")] == ["9", "1", "2", "3"]
    assert ACCOUNTS.for_project("unknown") == ()
    assert len(list(ACCOUNTS)) == 5


def test_an_account_is_found_by_name_and_retailer() -> None:
    assert ACCOUNTS.find("acme", "2") is FRENCH
    assert ACCOUNTS.find("acme", "7") is None


@pytest.mark.parametrize(
    ("resource", "retailer"),
    [
        ({"store": {"typeId": "store", "key": "berlin"}}, "1"),
        ({"stores": [{"key": "paris"}, {"key": "berlin"}]}, "1"),
        ({"shippingAddress": {"country": "FR"}}, "2"),
        ({"shippingAddress": {"country": "DE"}, "billingAddress": {"country": "FR"}}, "9"),
        ({"billingAddress": {"country": "FR"}}, "2"),
        (
            {
                "addresses": [{"id": "a", "country": "FR"}],
                "defaultBillingAddressId": "a",
            },
            "2",
        ),
        (
            {
                "lineItems": [{"supplyChannel": {"id": "c", "obj": {"key": "b2b"}}}],
                "custom": {"fields": {"tier": "gold"}},
            },
            "3",
        ),
        ({"lineItems": [{"distributionChannel": {"id": "b2b"}}]}, "9"),
        ({"store": None, "custom": None, "lineItems": None}, "9"),
        ({}, "9"),
        (None, "9"),
    ],
)
def test_a_resource_belongs_to_the_first_account_whose_conditions_match(
    resource: dict[str, object] | None, retailer: str
) -> None:
    resolved = ACCOUNTS.resolve("shop", resource)

    assert resolved is not None
    assert resolved.retailer == retailer


def test_a_store_without_an_account_belongs_to_none() -> None:
    accounts = Accounts((BERLIN, FRENCH))

    assert accounts.resolve("shop", {"store": {"key": "oslo"}}) is None
    assert accounts.resolve("shop", None) is None
    assert accounts.resolve("unknown", {}) is None


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (7, "7")])
def test_custom_fields_compare_as_configuration_writes_them(value: object, text: str) -> None:
    accounts = Accounts((account("acme", "1", When(custom={"flag": text})),))

    assert accounts.resolve("shop", {"custom": {"fields": {"flag": value}}}) is not None
