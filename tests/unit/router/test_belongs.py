from typing import Any

import msgspec
import pytest

from fluent_connect.clients.accounts import Account, Accounts, When
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.notification import Reference
from fluent_connect.router.belongs import Belonging
from fluent_connect.testing.bench import ACCOUNT
from fluent_connect.testing.deliver import message_for
from unit.router.handlers import OrderHandler

ORDER = {"id": "o1", "store": {"key": "berlin"}, "shippingAddress": {"country": "DE"}}


def account(retailer: str, **conditions: Any) -> Account:
    return msgspec.structs.replace(ACCOUNT, retailer=retailer, when=When(**conditions))


BERLIN, PARIS = account("1", store="berlin"), account("2", store="paris")


def settle(
    mine: Account, resource: object = ORDER, *others: Account, type_id: str = "order"
) -> Account | None:
    message = message_for(OrderHandler, Reference(type_id, "o1"))
    return Belonging(Accounts([BERLIN, PARIS, *others]))(mine, message, resource)


def test_a_resource_stays_with_the_account_that_it_belongs_to() -> None:
    assert settle(BERLIN) is None


def test_what_belongs_to_another_account_is_passed_on_to_it() -> None:
    assert settle(PARIS) is BERLIN


def test_an_account_with_conditions_goes_before_one_without() -> None:
    assert settle(account("3"), ORDER, account("3")) is BERLIN


def test_what_belongs_nowhere_is_dead() -> None:
    lost = {"id": "o1", "store": {"key": "rome"}}
    with pytest.raises(UnprocessableError, match="no account mapping for store rome"):
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
    assert settle(PARIS, ORDER, type_id="product") is None


def test_what_a_handler_read_of_several_resources_is_not_looked_at() -> None:
    assert settle(PARIS, [Reference("order", "o1")]) is None


def test_what_has_no_resource_is_not_looked_at() -> None:
    assert Belonging(Accounts([BERLIN]))(PARIS, message_for(OrderHandler), {}) is None


def test_a_project_without_conditions_is_not_looked_at() -> None:
    plain = account("1")
    message = message_for(OrderHandler, Reference("order", "o1"))
    assert Belonging(Accounts([plain]))(plain, message, object()) is None
