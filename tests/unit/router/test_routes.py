from collections.abc import Iterable

import pytest

from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.model.errors import ConfigError, NoRouteError
from fluent_connect.model.message import Message
from fluent_connect.router.routes import Route, RouteTable


class ProductHandler(MessageHandler[str]):
    name = "ProductHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[str]:
        return Fetched("", None)

    def map(self, resource: str, message: Message, context: MapContext) -> Iterable[Change]:
        return ()


class PaidHandler(ProductHandler):
    name = "PaidHandler"
    kind = "event"


def test_a_route_is_found_by_its_exact_name() -> None:
    table = RouteTable([Route("shop.product.upsert", ProductHandler)])
    assert table.find("shop.product.upsert").handler.name == "ProductHandler"
    assert "shop.product.upsert" in table
    assert "shop.product" not in table


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(NoRouteError, match=r"no route takes shop\.product"):
        RouteTable([Route("shop.product.upsert", ProductHandler)]).find("shop.product")


def test_a_handler_may_be_given_made_or_as_its_class() -> None:
    made = ProductHandler()
    table = RouteTable([Route("a", made), Route("b", ProductHandler)])
    assert table.find("a").handler is made
    assert isinstance(table.find("b").handler, ProductHandler)


def test_two_routes_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="two routes are named a"):
        RouteTable([Route("a", ProductHandler), Route("a", PaidHandler)])


@pytest.mark.parametrize(
    ("route", "upserts"),
    [
        (Route("commercetools.connect.product.upsert", ProductHandler), "product"),
        (Route("commercetools.connect.order.create", ProductHandler), "order"),
        (Route("commercetools.connect.order.refresh", ProductHandler), ""),
        (Route("carrier", ProductHandler), ""),
        (Route("carrier.event", ProductHandler, upserts="parcel"), "parcel"),
        (Route("shop.product.upsert", ProductHandler, upserts=""), ""),
    ],
)
def test_what_a_route_upserts_is_said_or_read_off_its_name(route: Route, upserts: str) -> None:
    (bound,) = RouteTable([route])
    assert bound.upserts == upserts


def test_the_first_route_that_upserts_a_type_is_the_one() -> None:
    table = RouteTable(
        [
            Route("refresh", PaidHandler),
            Route("one.product.upsert", ProductHandler),
            Route("other.product.upsert", PaidHandler),
        ]
    )
    found = table.upserting("product")
    assert found is not None
    assert found.name == "one.product.upsert"
    assert table.upserting("order") is None


def test_only_event_handlers_make_a_route_ordered() -> None:
    table = RouteTable([Route("a", ProductHandler), Route("b", PaidHandler)])
    assert [route.ordered for route in table] == [False, True]
