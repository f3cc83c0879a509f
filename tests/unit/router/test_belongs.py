from typing import Any

import msgspec
import pytest

from fluent_connect.clients.accounts import Account, Accounts, When
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.notification import Reference
from fluent_connect.router.belongs import Belonging, meets
from fluent_connect.testing.bench import ACCOUNT
from fluent_connect.testing.deliver import message_for
from unit.router.handlers import OrderHandler

ORDER = {"id": "o1", "store": {"key": "berlin"}, "shippingAddress": {"country": "DE"}}


def account(retailer: str, **conditions: Any) -> Account:
    return msgspec.structs.replace(ACCOUNT, retailer=retailer, when=When(**conditions))


BERLIN, PARIS = account("1", store="berlin"), account("2", store="paris")


def settle(
    mine: Account, resource: object = ORDER, *others: Account, type_id: str = "order"
) -> None:
    message = message_for(OrderHandler, Reference(type_id, "o1"))
    Belonging(Accounts([BERLIN, PARIS, *others]))(mine, message, resource)


def test_a_resource_stays_with_the_account_that_it_belongs_to() -> None:
    settle(BERLIN)


def test_another_accounts_message_is_skipped() -> None:
    with pytest.raises(Skip, match="belongs to TEST/1"):
        settle(PARIS)


def test_the_first_account_whose_conditions_are_met_is_the_right_one() -> None:
    with pytest.raises(Skip, match="belongs to TEST/1"):
        settle(account("3"), ORDER, account("3"))


def test_what_belongs_nowhere_is_dead_once() -> None:
    lost = {"id": "o1", "store": {"key": "rome"}}
    with pytest.raises(UnprocessableError, match="no account mapping for store rome"):
        settle(BERLIN, lost)
    with pytest.raises(Skip, match="belongs to no account"):
        settle(PARIS, lost)


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ({"billingAddress": {"country": "IT"}}, "country IT"),
        ({}, "a resource without store and country"),
    ],
)
def test_what_was_missing_is_named(lost: dict[str, Any], told: str) -> None:
    with pytest.raises(UnprocessableError, match=told):
        settle(BERLIN, lost)


def test_the_catalogue_goes_to_every_account() -> None:
    settle(PARIS, ORDER, type_id="product")


def test_what_has_no_resource_is_not_looked_at() -> None:
    Belonging(Accounts([BERLIN]))(PARIS, message_for(OrderHandler), {})


def test_a_project_without_conditions_is_not_looked_at() -> None:
    plain = account("1")
    message = message_for(OrderHandler, Reference("order", "o1"))
    Belonging(Accounts([plain]))(plain, message, object())


@pytest.mark.parametrize(
    ("when", "resource", "met"),
    [
        (When(), {}, True),
        (When(store="a"), {"stores": [{"key": "b"}, {"key": "a"}]}, True),
        (When(store="a"), {"store": None}, False),
        (When(country="DE"), {"addresses": [{"country": "DE"}]}, True),
        (When(country="DE"), {"shippingAddress": {"country": "FR"}}, False),
        (When(channel="c1"), {"lineItems": [{"supplyChannel": {"id": "c1"}}]}, True),
        (When(channel="hub"), {"lineItems": [{"supplyChannel": {"obj": {"key": "hub"}}}]}, True),
        (When(channel="hub"), {"lineItems": [{}]}, False),
        (When(custom={"brand": "x"}), {"custom": {"fields": {"brand": "x"}}}, True),
        (When(custom={"brand": "x"}), {"custom": {"fields": {"brand": "y"}}}, False),
        (When(custom={"brand": "x"}), {}, False),
        (When(store="a", country="DE"), {"store": {"key": "a"}}, False),
    ],
)
def test_every_condition_that_is_set_must_be_met(
    when: When, resource: dict[str, Any], met: bool
) -> None:
    assert meets(resource, when) is met
