"""The handler that the benchmark runs sends what Fluent takes."""

import importlib.util
from pathlib import Path
from typing import Any

import msgspec

from fluent_connect.clients.fluent.schema.learning import Schema
from unit.handlers.stage import map_context, message

_FILE = (
    Path(__file__).parents[2] / "bench/contestant/partner/com/fluentcommerce/connect/bench/order.py"
)
_MONEY = {"centAmount": 1190, "currencyCode": "EUR", "fractionDigits": 2}
_TAXED = {"totalTax": _MONEY}
_LINE = {
    "id": "l-1",
    "quantity": 2,
    "name": {"en-GB": "Lamp"},
    "variant": {"sku": "LAMP"},
    "price": {"value": _MONEY},
    "totalPrice": _MONEY,
    "taxedPrice": _TAXED,
}
_ADDRESS = {
    "firstName": "Ada",
    "lastName": "Example",
    "streetName": "Am Markt",
    "streetNumber": "1",
    "city": "Bonn",
    "postalCode": "53111",
    "state": "NW",
    "country": "DE",
    "company": "Example",
}
_ORDER = {
    "id": "o-1",
    "version": 1,
    "orderNumber": "N-1",
    "customerId": "c-1",
    "customerEmail": "ada@example.com",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "totalPrice": _MONEY,
    "taxedPrice": _TAXED,
    "shippingAddress": _ADDRESS,
    "store": {"key": "berlin"},
    "lineItems": [_LINE],
}


def test_the_contestants_order_fits_fluents_schema() -> None:
    spec = importlib.util.spec_from_file_location("contestant", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    order = msgspec.convert(_ORDER, module.Order)
    changes = tuple(module.BenchOrderHandler().map(order, message("order"), map_context()))
    assert Schema().accepted(changes) == changes
