"""Orders that add up, in any currency and of any make, as commercetools writes them."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from fluent_connect.handlers.order.export import ExportedOrder
from properties.made_up_catalogue import addresses, anything, customers_json, emails, ids, texts
from unit.handlers.made_up_orders import money, payment, taxed

Json = dict[str, Any]

_CURRENCIES = (("EUR", 2), ("JPY", 0), ("KWD", 3))
_RATES = ("0", "0.07", "0.19", "0.255")
_METHODS = ("Standard", "Express", "Überfrachtversand " * 20)
_STORES = ("STORE_7", "STORE_8")


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
    """Return an order: lines, fees, a voucher, shipping of any kind, a discount, payments."""
    till = _Till(draw)
    keys = draw(st.sampled_from([(), (), ("s1",), ("s1", "s2"), ("s1", "s2", "s3")]))
    lines = [_line(draw, till, number, keys) for number in range(draw(st.integers(1, 4)))]
    ways = [_shipping(draw, till) for _ in keys or range(draw(st.integers(0, 1)))]
    fees = [_fee(draw, till, number) for number in range(draw(st.integers(0, 2)))]
    parts = [*lines, *ways, *fees]
    fees += [_voucher(draw, till, parts)] if draw(st.booleans()) else []
    parts = [*lines, *ways, *fees]
    net, gross = sum(each.net for each in parts), sum(each.gross for each in parts)
    off_net, off = _discount(draw, net, gross)
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
        "paymentInfo": {"payments": draw(st.lists(_payments, max_size=2))},
        "locale": draw(st.sampled_from(["en", "de-AT"])),
        "custom": draw(st.booleans().flatmap(lambda all_: _picked_up if all_ else _custom)),
        "~buyer": draw(st.none() | customers_json),
        **_ships(draw, keys, ways),
    }
    if off:
        order["discountOnTotalPrice"] = {"discountedAmount": till.money(off)}
    if draw(st.booleans()):
        order["billingAddress"] = draw(addresses)
    return order


def _ships(draw: st.DrawFn, keys: Sequence[str], ways: Sequence[_Priced]) -> Json:
    if keys:
        shipping = [
            {"shippingKey": key, "shippingInfo": way.fields, "shippingAddress": draw(addresses)}
            for key, way in zip(keys, ways, strict=True)
        ]
        return {"shippingMode": "Multiple", "shipping": shipping}
    single = {"shippingMode": "Single", "shippingAddress": draw(addresses)}
    return {**single, **({"shippingInfo": ways[0].fields} if ways else {})}


def _discount(draw: st.DrawFn, net: int, gross: int) -> tuple[int, int]:
    """Return what is off the whole order, without and with tax."""
    if not net or not draw(st.booleans()):
        return 0, 0
    off = draw(st.integers(0, min(gross, 5000)))
    off_net = max(min(net, _round(Decimal(off) * net / gross)), off - (gross - net))
    return off_net, off


def _line(draw: st.DrawFn, till: _Till, number: int, keys: Sequence[str]) -> _Priced:
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
            "custom": draw(_custom),
            **(_split(draw, till, priced, quantity, keys) if keys else {}),
        },
    )


def _split(
    draw: st.DrawFn, till: _Till, priced: _Priced, quantity: int, keys: Sequence[str]
) -> Json:
    """Return where the pieces of a line go and, at times, what each part of it costs."""
    targets, left = [], quantity
    for key in keys:
        some = left if key == keys[-1] else draw(st.integers(0, left))
        targets.append({"addressKey": f"to-{key}", "shippingMethodKey": key, "quantity": some})
        left -= some
    found: Json = {"shippingDetails": {"targets": targets, "valid": True}}
    used = [each for each in targets if each["quantity"]]
    if len(used) > 1 and draw(st.booleans()):
        nets, taxes = [0] * len(used), [0] * len(used)
        nets[0], taxes[-1] = priced.net, priced.gross - priced.net
        found["taxedPricePortions"] = [
            {
                "shippingMethodKey": each["shippingMethodKey"],
                "taxedPrice": till.taxed(net, net + tax),
            }
            for each, net, tax in zip(used, nets, taxes, strict=True)
        ]
    return found


def _fee(draw: st.DrawFn, till: _Till, number: int) -> _Priced:
    cents = draw(st.integers(0, 2000))
    priced = till.priced(cents)
    total = {"money": till.money(cents), "totalPrice": till.money(cents), "quantity": 1}
    slug = {"id": f"fee-{number}", "slug": draw(st.sampled_from(["gift-wrap", "deposit"]))}
    return _Priced(priced.net, priced.gross, {**priced.fields, **total, **slug})


def _voucher(draw: st.DrawFn, till: _Till, parts: Sequence[_Priced]) -> _Priced:
    """Return a custom line below zero, by no more than all else comes to."""
    net = sum(each.net for each in parts)
    tax = sum(each.gross for each in parts) - net
    off, off_tax = draw(st.integers(0, min(net, 3000))), draw(st.integers(0, min(tax, 500)))
    total = till.money(-(off + off_tax) if till.included else -off)
    fields = {"taxedPrice": till.taxed(-off, -(off + off_tax)), "totalPrice": total}
    return _Priced(
        -off,
        -(off + off_tax),
        {**fields, "id": "voucher", "slug": "voucher", "money": total, "quantity": 1},
    )


def _shipping(draw: st.DrawFn, till: _Till) -> _Priced:
    cents = draw(st.integers(0, 2000))
    priced = till.priced(cents)
    name = {"shippingMethodName": draw(st.sampled_from(_METHODS)), "price": till.money(cents)}
    return _Priced(priced.net, priced.gross, {**priced.fields, **name})


_stores = st.sampled_from(_STORES)
_picked_up = st.builds(lambda ref: {"fields": {"pickupLocationRef": ref}}, _stores)
_custom = (
    st.none()
    | _picked_up
    | st.fixed_dictionaries(
        {
            "fields": st.fixed_dictionaries(
                {}, optional={"pickupLocationRef": _stores, "note": anything}
            )
        }
    )
)
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
