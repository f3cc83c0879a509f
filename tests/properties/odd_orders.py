"""Orders that add up but for some odd parts: what the platform may send, and what it should not."""

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import strategies as st

from fluent_connect.clients.commercetools import channel, line, model, order, payment, shipping
from fluent_connect.handlers.order.export import ExportedOrder
from properties.made_up_catalogue import anything, ids, texts
from properties.made_up_orders import ORDERS

_maybe = st.none() | texts
_cents = st.integers(-500, 5000) | st.integers(-(10**20), 10**20)
_money = st.builds(
    model.Money,
    currency_code=st.sampled_from(["EUR", "EUR", "JPY", ""]),
    cent_amount=_cents,
    fraction_digits=st.sampled_from([2, 2, None, 0, 3, 30, -1]),
    precise_amount=st.none() | _cents,
)
_taxed = st.builds(
    model.TaxedPrice,
    total_net=_money,
    total_gross=_money,
    tax_portions=st.lists(
        st.builds(model.TaxPortion, name=_maybe, rate=st.floats(0, 1), amount=_money), max_size=2
    ),
)
_rate = st.builds(
    model.TaxRate,
    amount=st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.19]),
    included_in_price=st.booleans(),
    country=_maybe,
)
_custom = st.builds(
    model.CustomFields,
    fields=st.dictionaries(st.sampled_from(["pickupLocationRef", "note", ""]), anything),
)
_target = st.none() | anything
_link = st.builds(model.Link, type_id=texts, id=ids, key=_maybe, obj=_target)
_channel = st.builds(
    model.Link,
    id=ids,
    key=_maybe,
    obj=st.none() | st.builds(channel.Channel, id=ids, key=_maybe),
)
_discount = st.builds(
    line.IncludedDiscount, discount=st.none() | _link, discounted_amount=st.none() | _money
)
_step = st.builds(
    line.DiscountedQuantity,
    quantity=st.integers(-1, 5),
    discounted_price=st.none()
    | st.builds(
        line.DiscountedLinePrice,
        value=_money,
        included_discounts=st.lists(_discount, max_size=2),
    ),
)
_keys = st.sampled_from(["s1", "s2", "ship", "", "nowhere"])
_goes = st.builds(
    line.ItemTarget,
    address_key=st.none() | _keys,
    shipping_method_key=st.none() | _keys,
    quantity=st.integers(-1, 9),
)
_steps = st.lists(_step, max_size=3)
_priced: Mapping[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from(["line-0", "line-1", "x" * 256, ""]),
    "name": st.dictionaries(st.sampled_from(["en", "", "de"]), texts, max_size=2),
    "quantity": st.integers(-1, 3) | st.just(2**31),
    "total_price": st.none() | _money,
    "taxed_price": st.none() | _taxed,
    "tax_rate": st.none() | _rate,
    "per_method_tax_rate": st.lists(
        st.builds(line.MethodTaxRate, shipping_method_key=_keys, tax_rate=st.none() | _rate),
        max_size=2,
    ),
    "taxed_price_portions": st.lists(
        st.builds(line.MethodTaxedPrice, shipping_method_key=_keys, taxed_price=_taxed),
        max_size=2,
    ),
    "discounted_price_per_quantity": _steps,
    "shipping_details": st.none()
    | st.builds(line.ItemShipping, targets=st.lists(_goes, max_size=3)),
    "custom": st.none() | _custom,
}
_LINE: Mapping[str, st.SearchStrategy[Any]] = {
    **_priced,
    "supply_channel": st.none() | _channel,
    "distribution_channel": st.none() | _channel,
    "line_item_mode": _maybe,
    "inventory_mode": _maybe,
    "product_key": _maybe,
}
_FEE: Mapping[str, st.SearchStrategy[Any]] = {
    **_priced,
    "slug": texts | st.just("gift-wrap"),
    "money": st.none() | _money,
}
_INFO: Mapping[str, st.SearchStrategy[Any]] = {
    "shipping_method_name": _maybe,
    "shipping_method": st.none()
    | st.builds(
        model.Link,
        id=ids,
        key=_maybe,
        obj=st.none() | st.builds(shipping.ShippingMethod, id=ids, key=_maybe),
    ),
    "price": st.none() | _money,
    "discounted_price": st.none() | st.builds(line.DiscountedLinePrice, value=_money),
    "taxed_price": st.none() | _taxed,
    "tax_rate": st.none() | _rate,
}
_transaction = st.builds(
    payment.Transaction,
    type=st.sampled_from(["Charge", "Authorization", "Refund", "CancelAuthorization"]),
    state=st.sampled_from(["Success", "Success", "Failure"]),
    amount=st.none() | _money,
    interaction_id=_maybe,
)
_payment = st.builds(
    payment.Payment,
    id=ids,
    version=st.integers(1, 9),
    interface_id=_maybe,
    amount_planned=st.none() | _money,
    payment_method_info=st.builds(
        payment.PaymentMethodInfo, method=_maybe | st.just("visa"), payment_interface=_maybe
    ),
    transactions=st.lists(_transaction, max_size=3),
    custom=st.none() | _custom,
)
_ORDER: Mapping[str, st.SearchStrategy[Any]] = {
    "order_number": _maybe | st.just("9" * 256),
    "total_price": st.none() | _money,
    "taxed_price": st.none() | _taxed,
    "customer_email": _maybe,
    "customer_group": _link,
    "business_unit": _link,
    "store": _link,
    "quote": _link,
    "recurring_order": _link,
    "tax_mode": _maybe | st.just("External"),
    "tax_calculation_mode": st.just("UnitPriceLevel"),
    "shipping_mode": st.sampled_from(["Single", "Multiple", "Else"]),
    "shipping_address": st.none(),
    "discount_on_total_price": st.none()
    | st.builds(order.DiscountOnTotal, discounted_amount=st.none() | _money),
    "discount_codes": st.lists(
        st.builds(order.DiscountCodeInfo, discount_code=st.none() | _link, state=_maybe),
        max_size=2,
    ),
    "payment_info": st.builds(
        order.PaymentInfo,
        payments=st.lists(st.builds(model.Link, id=ids, obj=st.none() | _payment), max_size=3),
    ),
    "custom": st.none() | _custom,
    "shipping_custom_fields": st.none() | _custom,
    "locale": _maybe,
    "country": _maybe,
}


def _odd(draw: st.DrawFn, whole: Any, parts: Mapping[str, st.SearchStrategy[Any]]) -> Any:
    """Return it with one or two of its fields drawn anew."""
    names = draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=2, unique=True))
    return msgspec.structs.replace(whole, **{name: draw(parts[name]) for name in names})


@st.composite
def odd_orders(draw: st.DrawFn) -> ExportedOrder:
    """Return an order of which some parts are odd."""
    found: ExportedOrder = draw(ORDERS)
    where = draw(st.sets(st.sampled_from(["order", "line", "fee", "ship"]), min_size=1))
    if "line" in where:
        lines = [_odd(draw, found.line_items[0], _LINE), *found.line_items[1:]]
        found = msgspec.structs.replace(found, line_items=lines)
    if "fee" in where and found.custom_line_items:
        fees = [_odd(draw, found.custom_line_items[0], _FEE), *found.custom_line_items[1:]]
        found = msgspec.structs.replace(found, custom_line_items=fees)
    if "ship" in where and found.shipping_info is not None:
        info = _odd(draw, found.shipping_info, _INFO)
        found = msgspec.structs.replace(found, shipping_info=info)
    if "order" in where:
        made: ExportedOrder = _odd(draw, found, _ORDER)
        return made
    return found
