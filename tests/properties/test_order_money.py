"""Generated orders that add up: whatever an account chooses, none is refused, none pays more."""

import os
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError
from fluent_schema import faults
from properties.made_up_orders import ORDERS
from properties.odd_orders import odd_orders
from unit.handlers.mapped_orders import paid
from unit.handlers.stage import map_context, message

_WORDS = 10
EXAMPLES = int(os.environ.get("PROPERTIES_EXAMPLES", "300"))
CHOICES = st.builds(
    Settings,
    order_ref=st.sampled_from(["order-number", "id"]),
    item_prices=st.sampled_from(["net", "gross", "net-line", "gross-line"]),
    custom_lines=st.sampled_from(
        [
            {"*": "attribute"},
            {"*": "fulfilment"},
            {"gift-*": "SERVICE", "deposit": "attribute"},
            {"voucher": "VOUCHER-SKU", "*": "SERVICE"},
        ]
    ),
    pickup_from=st.sampled_from([("order",), (), ("line", "shipping", "order")]),
    missing_address=st.just("send"),
)


@pytest.mark.timeout(120 + EXAMPLES)
def test_every_order_that_adds_up_is_made_and_comes_to_what_the_customer_pays() -> None:
    kinds = Counter[str]()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(order=ORDERS, choice=CHOICES)
    def ask(order: Any, choice: Settings) -> None:
        told = message("order", order.id, "OrderCreated")
        (change,) = OrderCreateHandler().map(order, told, map_context(choice))
        assert isinstance(change, Upsert)
        assert change.create is not None
        assert faults(change) == []
        created: dict[str, Any] = dict(change.create)
        kinds[created["type"]] += 1
        digits = order.total_price.fraction_digits
        gross = Decimal(order.taxed_price.total_gross.cent_amount).scaleb(-digits)
        assert paid(created) == gross
        assert _pieces(created) == {each.id: each.quantity for each in order.line_items}
        _points_where_it_should(created)

    ask()
    assert set(kinds) >= {"HD", "CC", "MULTI"}, kinds


def _pieces(created: dict[str, Any]) -> dict[str, int]:
    """Return how many pieces of each line Fluent gets."""
    found: Counter[str] = Counter()
    for each in created["items"]:
        attributes = {one["name"]: one["value"] for one in each["attributes"]}
        if "customLineSlug" not in attributes:
            found[attributes["commercetoolsLineItemId"]] += each["quantity"]
    return dict(found)


def _points_where_it_should(created: dict[str, Any]) -> None:
    choices = created.get("fulfilmentChoices") or [created["fulfilmentChoice"]]
    refs = [each["ref"] for each in choices]
    items = [each["ref"] for each in created["items"]]
    assert len(set(refs)) == len(refs)
    assert len(set(items)) == len(items)
    wanted = {each.get("fulfilmentChoiceRef") for each in created["items"]}
    assert wanted == (set(refs) if "fulfilmentChoices" in created else {None})
    for each in choices:
        assert ("pickupLocationRef" in each) == (each["type"] == "CC")
        assert not ("pickupLocationRef" in each and "deliveryAddress" in each)


@pytest.mark.timeout(120 + EXAMPLES)
def test_an_order_with_odd_parts_is_made_or_refused_with_a_reason() -> None:
    made, reasons = [0], Counter[str]()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(order=odd_orders(), choice=CHOICES)
    def ask(order: Any, choice: Settings) -> None:
        told = message("order", order.id, "OrderCreated")
        try:
            (change,) = OrderCreateHandler().map(order, told, map_context(choice))
        except ConnectError as reason:
            reasons[str(reason)] += 1
            return
        made[0] += 1
        assert isinstance(change, Upsert)
        assert faults(change) == []

    ask()
    refused = reasons.total()
    assert made[0] * 4 > refused > made[0] / 20
    assert [told for told in reasons if len(told) < _WORDS] == []
