"""What every Message Handler promises, asked of all of ours."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.category.upsert import CategoryUpsertHandler
from fluent_connect.handlers.customer import CustomerCreateHandler
from fluent_connect.handlers.message_handler import AnyHandler, Change, Fetched
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.order.refresh import OrderRefreshHandler
from fluent_connect.handlers.product.refresh import ProductRefreshHandler
from fluent_connect.handlers.product.upsert import ProductUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError, Skip, UnprocessableError
from fluent_connect.model.notification import Reference
from fluent_schema import faults
from unit.handlers.made_up_resources import CATEGORIES, CUSTOMERS, ORDERS, PRODUCTS
from unit.handlers.stage import FakeCommercetools, context, map_context, message

OWNERS = st.lists(st.builds(Reference, st.just("order"), st.text(max_size=4)), max_size=3)
HANDLERS: Sequence[tuple[AnyHandler, str, st.SearchStrategy[Any]]] = (
    (OrderCreateHandler(), "order", ORDERS),
    (CustomerCreateHandler(), "customer", CUSTOMERS),
    (CategoryUpsertHandler(), "category", CATEGORIES),
    (ProductUpsertHandler(), "product", PRODUCTS),
    (ProductRefreshHandler(), "product-type", OWNERS),
    (OrderRefreshHandler(), "payment", OWNERS),
)
every = pytest.mark.parametrize(
    ("handler", "type_id", "resources"), HANDLERS, ids=[each[0].name for each in HANDLERS]
)
CHOICES = st.sampled_from(
    [
        Settings(),
        Settings(order_ref="id", missing_address="send", item_prices="gross-line"),
        Settings(order_ref="id", category_ref="key", custom_lines={"*": "SERVICE"}),
        Settings(username="email", missing_email="dead", price_types={"*": "T"}),
    ]
)


def outcome(run: Callable[[], Sequence[Change]]) -> tuple[str, Any]:
    """Return what a mapping came to: its changes, or the reason that it gave."""
    try:
        return "changes", run()
    except ConnectError as reason:
        return type(reason).__name__, str(reason) or pytest.fail("a reason without words")


@every
def test_a_mapping_is_total_pure_and_within_fluents_schema(
    handler: AnyHandler, type_id: str, resources: st.SearchStrategy[Any]
) -> None:
    @settings(max_examples=120, suppress_health_check=list(HealthCheck))
    @given(resource=resources, choice=CHOICES)
    def ask(resource: Any, choice: Settings) -> None:
        told, where = message(type_id), map_context(choice)
        before = msgspec.json.encode(resource)
        first = outcome(lambda: list(handler.map(resource, told, where)))
        second = outcome(lambda: list(handler.map(resource, told, where)))
        assert first == second
        assert msgspec.json.encode(resource) == before
        if first[0] == "changes":
            upserts = [each for each in first[1] if isinstance(each, Upsert)]
            assert [fault for each in upserts for fault in faults(each)] == []

    ask()


@every
def test_what_is_mapped_is_a_change(
    handler: AnyHandler, type_id: str, resources: st.SearchStrategy[Any]
) -> None:
    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(resource=resources)
    def ask(resource: Any) -> None:
        kind, changes = outcome(
            lambda: list(handler.map(resource, message(type_id), map_context()))
        )
        assert kind != "changes" or all(isinstance(each, get_args(Change)) for each in changes)

    ask()


@every
async def test_a_resource_that_is_not_there_is_no_failure(
    handler: AnyHandler, type_id: str, resources: st.SearchStrategy[Any]
) -> None:
    told = message(type_id)
    fetched = await handler.fetch(told, context(FakeCommercetools()))
    assert isinstance(fetched, Fetched)
    if fetched.resource is None:
        with pytest.raises(Skip):
            handler.gone(told, map_context())
    else:
        with pytest.raises(Skip):
            list(handler.map(fetched.resource, told, map_context()))


@every
async def test_a_message_without_a_resource_is_refused(
    handler: AnyHandler, type_id: str, resources: st.SearchStrategy[Any]
) -> None:
    with pytest.raises(UnprocessableError):
        await handler.fetch(message(type_id, resource=None), context())


@every
def test_a_handler_is_called_by_its_class_and_explains_itself(
    handler: AnyHandler, type_id: str, resources: st.SearchStrategy[Any]
) -> None:
    assert handler.name == type(handler).__name__
    assert handler.priority == 0
    assert handler.kind == "state"
    assert (handler.__doc__ or "").strip().endswith(".")


@every
async def test_what_every_upsert_carries_tells_where_it_came_from(
    handler: AnyHandler, type_id: str, resources: st.SearchStrategy[Any]
) -> None:
    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(resource=resources)
    def ask(resource: Any) -> None:
        choice = Settings(order_ref="id", missing_address="send")
        kind, changes = outcome(
            lambda: list(handler.map(resource, message(type_id), map_context(choice)))
        )
        for change in changes if kind == "changes" else ():
            if isinstance(change, Upsert):
                for body in filter(None, (change.create, change.update)):
                    told: Any = body["attributes"]
                    names = {each["name"] for each in told}
                    assert {"commercetoolsId", "commercetoolsVersion"} <= names

    ask()
