"""Inputs that Fluent takes, for tests that break them."""

from typing import Any

from fluent_connect.clients.fluent.model import Ref

CATALOGUE = {"ref": "DEFAULT:1"}


def order(lines: int = 2) -> dict[str, Any]:
    """Return the input of `createOrder` with everything that our order handler sends."""
    return {
        "ref": "order-1",
        "type": "HD",
        "retailer": {"id": "1"},
        "customer": {"id": Ref("customer", "c-1", customer())},
        "totalPrice": 120.5,
        "totalTaxPrice": 20.5,
        "attributes": attributes(3),
        "items": [item(number) for number in range(lines)],
        "fulfilmentChoice": {
            "deliveryType": "STANDARD",
            "fulfilmentType": "HD_PFS",
            "currency": "EUR",
            "fulfilmentPrice": 4.9,
            "fulfilmentTaxPrice": 0.9,
            "deliverAfter": "2026-11-25T08:00:00.000Z",
            "deliveryAddress": address(),
        },
        "billingAddress": {"name": "Jane Doe", "street": "Main Street 12", "country": "DE"},
        "financialTransactions": [
            {
                "ref": "t-1",
                "type": "PAYMENT",
                "amount": 120.5,
                "scale": 2,
                "unscaledValue": 12050,
                "currency": "EUR",
                "paymentMethod": "CREDITCARD",
            }
        ],
    }


def item(number: int = 0) -> dict[str, Any]:
    return {
        "ref": f"line-{number}",
        "productRef": f"SKU-{number}",
        "productCatalogueRef": "DEFAULT:1",
        "quantity": 2,
        "paidPrice": 10.0,
        "currency": "EUR",
        "price": 10.0,
        "taxPrice": 1.9,
        "taxType": "VAT",
        "totalPrice": 20.0,
        "totalTaxPrice": 3.8,
        "attributes": attributes(3),
    }


def address() -> dict[str, Any]:
    return {
        "ref": "order-1-ship",
        "name": "Jane Doe",
        "street": "Main Street 12",
        "city": "Berlin",
        "postcode": "10115",
        "country": "DE",
        "email": "jane@example.com",
    }


def customer() -> dict[str, Any]:
    return {
        "username": "c-1",
        "firstName": "Jane",
        "primaryEmail": "jane@example.com",
        "timezone": "UTC",
        "promotionOptIn": False,
        "retailer": {"id": "1"},
    }


def category() -> dict[str, Any]:
    return {
        "ref": "shoes",
        "catalogue": CATALOGUE,
        "type": "STANDARD",
        "name": "Shoes",
        "parentCategory": {"ref": "all", "catalogue": CATALOGUE},
    }


def attributes(count: int) -> list[dict[str, Any]]:
    return [{"name": f"a{n}", "type": "STRING", "value": f"value {n}"} for n in range(count)]
