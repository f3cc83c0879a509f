"""An order of our shop, as commercetools would tell it."""

from typing import Any

_ADDRESS = {
    "firstName": "Ada",
    "lastName": "Byron",
    "streetName": "Long Lane",
    "streetNumber": "12",
    "postalCode": "10115",
    "city": "Berlin",
    "country": "DE",
}


def euros(cents: int) -> dict[str, Any]:
    return {
        "type": "centPrecision",
        "currencyCode": "EUR",
        "centAmount": cents,
        "fractionDigits": 2,
    }


def order(number: str = "1234") -> dict[str, Any]:
    taxed = {"totalNet": euros(1000), "totalGross": euros(1190)}
    line = {
        "id": "line-1",
        "productId": "product-1",
        "name": {"en": "A jumper"},
        "variant": {"id": 1, "sku": "JUMPER-S"},
        "price": {"id": "price-1", "value": euros(1190)},
        "quantity": 1,
        "totalPrice": euros(1190),
        "taxedPrice": taxed,
        "taxRate": {"name": "19", "amount": 0.19, "includedInPrice": True, "country": "DE"},
        "state": [],
        "priceMode": "Platform",
    }
    return {
        "id": "order-1",
        "version": 1,
        "orderNumber": number,
        "createdAt": "2026-01-01T10:00:00.000Z",
        "lastModifiedAt": "2026-01-01T10:00:00.000Z",
        "customerEmail": "ada@shop.example",
        "orderState": "Open",
        "lineItems": [line],
        "customLineItems": [],
        "totalPrice": euros(1190),
        "taxedPrice": taxed,
        "shippingAddress": _ADDRESS,
        "billingAddress": _ADDRESS,
        "shippingMode": "Single",
    }
