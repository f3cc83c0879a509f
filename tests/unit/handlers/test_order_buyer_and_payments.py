from typing import Any

import pytest

from fluent_connect.clients.fluent.model import Ref
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import (
    UnreachableError,
)
from unit.handlers.made_up_orders import (
    order,
    payment,
)
from unit.handlers.mapped_orders import attribute, body, mapped

# Whose it is.


def customer_of(created: dict[str, Any]) -> Ref:
    ref = created["customer"]["id"]
    assert isinstance(ref, Ref)
    return ref


def test_a_guest_is_one_customer_for_the_one_order() -> None:
    guest = customer_of(body(order()))
    assert guest.ref == "guest-order-1"
    assert guest.create is not None
    assert guest.create["primaryEmail"] == "ada@example.com"
    assert guest.create["lastName"] == "Example"


def test_a_customer_is_called_by_its_id_and_created_if_need_be() -> None:
    buyer = {"id": "c-1", "version": 3, "email": "ada@example.com", "firstName": "Ada"}
    ref = customer_of(body(order(customerId="c-1"), buyer=buyer))
    assert ref.ref == "c-1"
    assert ref.create is not None
    assert ref.create["retailer"] == {"id": "5"}


def test_an_erased_customers_order_is_a_guests() -> None:
    ref = customer_of(body(order(customerId="c-1")))
    assert ref.ref == "guest-order-1"
    assert ref.create is not None
    assert ref.create["primaryEmail"] == "ada@example.com"


def test_usernames_may_carry_a_prefix() -> None:
    ref = customer_of(body(order(), Settings(username_prefix="de_")))
    assert ref.ref == "de_guest-order-1"


# What was paid.


def paid_by(*payments: dict[str, Any]) -> dict[str, Any]:
    links = [{"typeId": "payment", "id": each["id"], "obj": each} for each in payments]
    return order(paymentInfo={"payments": links})


def test_a_successful_charge_goes_before_an_authorization() -> None:
    paid_up = payment(("Authorization", "Success", 2975), ("Charge", "Success", 2975))
    (transaction,) = body(paid_by(paid_up))["financialTransactions"]
    assert transaction["ref"] == "payment-1"
    assert (transaction["amount"], transaction["unscaledValue"], transaction["scale"]) == (
        29.75,
        2975,
        2,
    )
    assert attribute(transaction, "commercetoolsTransactionType") == "Charge"
    assert transaction["paymentMethod"] == "CREDITCARD"


def test_an_authorization_counts_where_no_charge_succeeded() -> None:
    reserved = payment(("Authorization", "Success", 2975), ("Charge", "Failure", 2975))
    (transaction,) = body(paid_by(reserved))["financialTransactions"]
    assert attribute(transaction, "commercetoolsTransactionType") == "Authorization"


def test_a_payment_that_holds_no_money_is_no_transaction() -> None:
    pending = payment(("Authorization", "Pending", 2975))
    assert "financialTransactions" not in body(paid_by(pending))


def test_an_unscaled_value_beyond_32_bits_is_left_out_and_told() -> None:
    large = payment(("Charge", "Success", 3_000_000_000))
    (transaction,) = body(paid_by(large))["financialTransactions"]
    assert "unscaledValue" not in transaction
    assert transaction["amount"] == 30_000_000.0
    assert attribute(transaction, "exactAmount") == "30000000.00"


def test_a_payment_that_cannot_be_read_is_an_outage_and_not_no_payment() -> None:
    raw = order(paymentInfo={"payments": [{"typeId": "payment", "id": "p"}]})
    with pytest.raises(UnreachableError, match="view_payments") as raised:
        mapped(raw)
    assert raised.value.outage
