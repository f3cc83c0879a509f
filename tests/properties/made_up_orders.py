"""Orders that add up, in any currency and of any make, as commercetools writes them."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from fluent_connect.handlers.order.export import ExportedOrder
from properties.made_up_catalogue import addresses, customers_json, emails, ids, texts
from unit.handlers.made_up_orders import money, payment, taxed

Json = dict[str, Any]

_CURRENCIES = (("EUR", 2), ("JPY", 0), ("KWD", 3))
_RATES = ("0", "0.07", "0.19", "0.255")
_METHODS = ("Standard", "Express", "Überfrachtversand " * 20)


class _Priced(msgspec.Struct, frozen=True):
    """What a line, a fee or the shipping comes to."""

    net: int
    gross: int
    fields: Json


class _Till:
    """One currency, one rate, prices with or without tax: everything of an order is priced so."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.currency, self.digits = draw(st.sampled_from(_CURRENCIES))
        self.included = draw(st.booleans())
        self._rate = Decimal(draw(st.sampled_from(_RATES)))

    def priced(self, cents: int) -> _Priced:
        """Return what a total of so many cents comes to, taxes and all."""
        amount = Decimal(cents)
        if self.included:
            net, gross = _round(amount / (1 + self._rate)), cents
        else:
            net, gross = cents, _round(amount * (1 + self._rate))
        rate = {"name": "VAT", "amount": float(self._rate), "includedInPrice": self.included}
        taxes = {"taxedPrice": self.taxed(net, gross), "taxRate": {**rate, "country": "DE"}}
        return _Priced(net, gross, taxes)

    def money(self, cents: int) -> Json:
        return money(cents, self.currency, self.digits)

    def taxed(self, net: int, gross: int) -> Json:
        return taxed(net, gross, self.currency, self.digits)


@st.composite
def orders_json(draw: st.DrawFn) -> Json:
    """Return an order: one to four lines, fees, shipping, a discount on it all, payments."""
    till = _Till(draw)
    lines = [_line(draw, till, number) for number in range(draw(st.integers(1, 4)))]
    fees = [_fee(draw, till, number) for number in range(draw(st.integers(0, 2)))]
    shipping = [_shipping(draw, till)] if draw(st.booleans()) else []
    parts = [*lines, *fees, *shipping]
    net, gross = sum(each.net for each in parts), sum(each.gross for each in parts)
    off = draw(st.integers(0, sum(each.gross for each in lines) // 2)) if draw(st.booleans()) else 0
    off_net = _round(Decimal(off) * net / gross) if gross else 0
    net, gross = net - off_net, gross - off
    order = {
        "id": draw(ids),
        "version": draw(st.integers(1, 2**31)),
        "orderNumber": draw(st.from_regex(r"[A-Z0-9-]{1,20}", fullmatch=True)),
        "createdAt": "2026-01-05T09:00:00.000Z",
        "orderState": draw(st.sampled_from(["Open", "Confirmed"])),
        "customerEmail": draw(emails),
        "totalPrice": till.money(gross if till.included else net),
        "taxedPrice": till.taxed(net, gross),
        "lineItems": [each.fields for each in lines],
        "customLineItems": [each.fields for each in fees],
        "shippingMode": "Single",
        "shippingAddress": draw(addresses),
        "paymentInfo": {"payments": draw(st.lists(_payments, max_size=2))},
        "locale": draw(st.sampled_from(["en", "de-AT"])),
        "~buyer": draw(st.none() | customers_json),
    }
    if off:
        order["discountOnTotalPrice"] = {"discountedAmount": till.money(off)}
    if shipping:
        order["shippingInfo"] = shipping[0].fields
    if draw(st.booleans()):
        order["billingAddress"] = draw(addresses)
    return order


def _line(draw: st.DrawFn, till: _Till, number: int) -> _Priced:
    quantity, price = draw(st.integers(1, 9)), draw(st.integers(0, 500_000))
    cents = draw(st.integers(0, price * quantity)) if draw(st.booleans()) else price * quantity
    priced = till.priced(cents)
    sku = draw(st.sampled_from(["SKU-1", "SKU-2", "s" * 100]))
    return _Priced(
        priced.net,
        priced.gross,
        {
            **priced.fields,
            "id": f"line-{number}",
            "productId": f"product-of-{sku}",
            "name": {"en": draw(texts)},
            "variant": {"id": 1, "sku": sku},
            "quantity": quantity,
            "price": {"value": till.money(price)},
            "totalPrice": till.money(cents),
            "lineItemMode": draw(st.sampled_from(["Standard", "GiftLineItem"])),
        },
    )


def _fee(draw: st.DrawFn, till: _Till, number: int) -> _Priced:
    cents = draw(st.integers(0, 2000))
    priced = till.priced(cents)
    total = {"money": till.money(cents), "totalPrice": till.money(cents), "quantity": 1}
    slug = {"id": f"fee-{number}", "slug": draw(st.sampled_from(["gift-wrap", "deposit"]))}
    return _Priced(priced.net, priced.gross, {**priced.fields, **total, **slug})


def _shipping(draw: st.DrawFn, till: _Till) -> _Priced:
    cents = draw(st.integers(0, 2000))
    priced = till.priced(cents)
    name = {"shippingMethodName": draw(st.sampled_from(_METHODS)), "price": till.money(cents)}
    return _Priced(priced.net, priced.gross, {**priced.fields, **name})


_payments = st.builds(
    lambda id_, kind, state, cents: {
        "typeId": "payment",
        "id": id_,
        "obj": payment((kind, state, cents), id_=id_),
    },
    ids,
    st.sampled_from(["Charge", "Authorization", "Refund"]),
    st.sampled_from(["Success", "Pending", "Failure"]),
    st.integers(0, 10_000_000),
)


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


ORDERS = orders_json().map(lambda raw: msgspec.convert(raw, ExportedOrder))
