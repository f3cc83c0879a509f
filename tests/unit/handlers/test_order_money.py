from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from unit.handlers.made_up_orders import line, money, order, shipping_info, taxed
from unit.handlers.mapped_orders import body, paid

_LINE = st.tuples(st.integers(1, 5), st.integers(0, 5000), st.integers(0, 900))
_DISCOUNT = st.tuples(st.integers(0, 100), st.integers(0, 100))


@settings(max_examples=150)
@given(st.lists(_LINE, min_size=1, max_size=5), _LINE, _DISCOUNT, st.integers(-2, 2))
def test_what_fluent_holds_adds_up_to_what_the_customer_pays(
    parts: list[tuple[int, int, int]],
    shipping: tuple[int, int, int],
    percent: tuple[int, int],
    rounding: int,
) -> None:
    net = sum(each[1] for each in parts) + shipping[1]
    tax = sum(each[2] for each in parts) + shipping[2]
    net = max(net - net * percent[0] // 100 + min(rounding, 1), 0)
    tax = tax - tax * percent[1] // 100
    raw: dict[str, Any] = order(
        lineItems=[
            line(f"l{index}", f"S{index}", quantity, net=each, gross=each + extra)
            for index, (quantity, each, extra) in enumerate(parts)
        ],
        shippingInfo=shipping_info(shipping[1], shipping[1] + shipping[2]),
        totalPrice=money(net + tax),
        taxedPrice=taxed(net, net + tax),
    )
    assert paid(body(raw)) == Decimal(net + tax) / 100


@settings(max_examples=60)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(0, 9999))
def test_a_line_in_parts_costs_what_it_costs_as_a_whole(pieces: list[int], cents: int) -> None:
    shipments = [
        {
            "shippingKey": f"s{index}",
            "shippingInfo": shipping_info(0, 0),
            "shippingAddress": {"city": "Berlin", "country": "DE"},
        }
        for index in range(len(pieces))
    ]
    targets = [
        {"shippingMethodKey": f"s{index}", "addressKey": "a", "quantity": quantity}
        for index, quantity in enumerate(pieces)
    ]
    tax = cents * 19 // 100
    whole = line(
        quantity=sum(pieces),
        net=cents,
        gross=cents + tax,
        shippingDetails={"targets": targets},
    )
    raw = order(
        shippingMode="Multiple",
        shipping=shipments,
        shippingInfo=None,
        lineItems=[whole],
        totalPrice=money(cents + tax),
        taxedPrice=taxed(cents, cents + tax),
    )
    created = body(raw)
    assert paid(created) == Decimal(cents + tax) / 100
    assert sum(each["quantity"] for each in created["items"]) == sum(pieces)
