"""Generated resources of every kind: each maps to what Fluent takes, or to a reason in words."""

import os
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluent_connect.clients.fluent.compare import differs
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.category.upsert import CategoryUpsertHandler
from fluent_connect.handlers.customer import CustomerCreateHandler
from fluent_connect.handlers.message_handler import AnyHandler, Change
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.product.upsert import ProductUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError
from fluent_schema import faults
from properties.made_up_catalogue import CATEGORIES, CUSTOMERS
from properties.made_up_orders import ORDERS
from properties.made_up_products import PRODUCTS
from unit.handlers.made_up_resources import ORDERS as ODD_ORDERS
from unit.handlers.made_up_resources import PRODUCTS as ODD_PRODUCTS
from unit.handlers.mapped_orders import paid
from unit.handlers.stage import map_context, message

EXAMPLES = int(os.environ.get("PROPERTIES_EXAMPLES", "300"))
"""Of each kind; `make properties` asks for 10,000."""

KINDS: Mapping[str, tuple[AnyHandler, st.SearchStrategy[Any]]] = {
    "category": (CategoryUpsertHandler(), CATEGORIES),
    "customer": (CustomerCreateHandler(), CUSTOMERS),
    "order": (OrderCreateHandler(), ORDERS | ODD_ORDERS),
    "product": (ProductUpsertHandler(), PRODUCTS | ODD_PRODUCTS),
}
CHOICES = st.sampled_from(
    [
        Settings(),
        Settings(order_ref="id", missing_address="send", item_prices="gross-line"),
        Settings(order_ref="id", category_ref="key", custom_lines={"*": "SERVICE"}),
        Settings(username="email", missing_email="dead", price_types={"*": "T"}),
    ]
)
_WORDS = 10


@pytest.mark.timeout(120 + EXAMPLES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_generated_maps_or_says_why_not(kind: str) -> None:
    handler, resources = KINDS[kind]
    outcomes = Counter[str]()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(resource=resources, choice=CHOICES)
    def ask(resource: Any, choice: Settings) -> None:
        before = msgspec.json.encode(resource)
        first = _outcome(handler, kind, resource, choice)
        assert _outcome(handler, kind, resource, choice) == first
        assert msgspec.json.encode(resource) == before
        outcomes[type(first).__name__] += 1
        if not isinstance(first, str):
            _judge([each for each in first if isinstance(each, Upsert)])
        else:
            assert len(first) > _WORDS

    ask()
    assert outcomes["tuple"] * 5 > outcomes.total(), outcomes


@pytest.mark.timeout(120 + EXAMPLES)
def test_every_order_that_adds_up_is_made_and_comes_to_what_the_customer_pays() -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(order=ORDERS)
    def ask(order: Any) -> None:
        (change,) = _outcome(OrderCreateHandler(), "order", order, Settings(missing_address="send"))
        digits = order.total_price.fraction_digits
        gross = Decimal(order.taxed_price.total_gross.cent_amount).scaleb(-digits)
        assert paid(change.create) == gross

    ask()


def _outcome(handler: AnyHandler, kind: str, resource: Any, choice: Settings) -> Any:
    """Return the changes, or the reason why there are none."""
    changes: tuple[Change, ...]
    try:
        changes = tuple(handler.map(resource, message(kind), map_context(choice)))
    except ConnectError as reason:
        return str(reason)
    return changes


def _judge(upserts: list[Upsert]) -> None:
    """Check what is sent: by the schema, one upsert a ref, and nothing to do a second time."""
    refs = [(each.entity, each.ref) for each in upserts]
    assert len(refs) == len(set(refs))
    for each in upserts:
        assert faults(each) == []
        if each.create is not None and each.update is not None:
            assert not differs(each.update, _held(each.create))


def _held(create: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what Fluent answers of an entity that was just created so."""
    edges = [{"node": {"ref": each["ref"]}} for each in create.get("categories", ())]
    found = {"status": "ACTIVE", "tax": create.get("taxType"), **create}
    return {**found, "categories": {"edges": edges}}
