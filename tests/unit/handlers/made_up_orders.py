"""Orders of a made-up shop, as commercetools writes them."""

from collections.abc import Mapping
from typing import Any


def money(cents: int, currency: str = "EUR", digits: int = 2) -> dict[str, Any]:
    return {
        "type": "centPrecision",
        "currencyCode": currency,
        "centAmount": cents,
        "fractionDigits": digits,
    }


def taxed(net: int, gross: int, currency: str = "EUR", digits: int = 2) -> dict[str, Any]:
    return {
        "totalNet": money(net, currency, digits),
        "totalGross": money(gross, currency, digits),
        "taxPortions": [],
    }


def rate(amount: float = 0.19, *, included: bool = True) -> dict[str, Any]:
    return {"name": "VAT", "amount": amount, "includedInPrice": included, "country": "DE"}


def line(
    id_: str = "line-1",
    sku: str = "SKU-1",
    quantity: int = 2,
    *,
    net: int = 2000,
    gross: int = 2380,
    price: int = 1190,
    included: bool = True,
    currency: str = "EUR",
    digits: int = 2,
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": id_,
        "productId": f"product-of-{sku}",
        "name": {"en": f"Thing {sku}"},
        "variant": {"id": 1, "sku": sku},
        "price": {"value": money(price, currency, digits)},
        "quantity": quantity,
        "taxRate": rate(included=included),
        "totalPrice": money(gross if included else net, currency, digits),
        "taxedPrice": taxed(net, gross, currency, digits),
        "lineItemMode": "Standard",
        **more,
    }


def custom_line(
    slug: str, net: int, gross: int, id_: str = "custom-1", **more: Any
) -> dict[str, Any]:
    return {
        "id": id_,
        "slug": slug,
        "name": {"en": slug},
        "quantity": 1,
        "money": money(gross),
        "totalPrice": money(gross),
        "taxedPrice": taxed(net, gross),
        "taxRate": rate(),
        **more,
    }


def shipping_info(net: int = 500, gross: int = 595, method: str = "Standard") -> dict[str, Any]:
    return {
        "shippingMethodName": method,
        "price": money(gross),
        "taxRate": rate(),
        "taxedPrice": taxed(net, gross),
    }


ADDRESS: Mapping[str, Any] = {
    "firstName": "Ada",
    "lastName": "Example",
    "streetName": "Hauptstr.",
    "streetNumber": "5",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
    "mobile": "+49 151 000000",
    "email": "ada@example.com",
}


def order(**more: Any) -> dict[str, Any]:
    """Return an order of one line and its shipping that adds up to 29.75 EUR."""
    return {
        "type": "Order",
        "id": "order-1",
        "version": 4,
        "createdAt": "2023-11-14T22:00:00.000Z",
        "orderNumber": "1001",
        "customerEmail": "ada@example.com",
        "orderState": "Open",
        "totalPrice": money(2975),
        "taxedPrice": taxed(2500, 2975),
        "lineItems": [line()],
        "customLineItems": [],
        "shippingMode": "Single",
        "shipping": [],
        "shippingAddress": dict(ADDRESS),
        "billingAddress": dict(ADDRESS),
        "shippingInfo": shipping_info(),
        **more,
    }


def payment(*transactions: tuple[str, str, int], id_: str = "payment-1") -> dict[str, Any]:
    return {
        "id": id_,
        "version": 2,
        "interfaceId": "psp-1",
        "amountPlanned": money(2975),
        "paymentMethodInfo": {"paymentInterface": "ADYEN", "method": "CREDIT_CARD"},
        "transactions": [
            {"id": f"t{index}", "type": type_, "state": state, "amount": money(cents)}
            for index, (type_, state, cents) in enumerate(transactions)
        ],
    }
