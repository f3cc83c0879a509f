from collections.abc import Iterable

import msgspec

from fluent_connect.clients.accounts import When
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.message_handler import (
    AnyHandler,
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    Refresh,
)
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.model.fact import Erased, Queued
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Done, Parked, Skipped
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.testing.bench import ACCOUNT, Bench
from fluent_connect.testing.deliver import deliver, message_for
from fluent_connect.testing.fake_fluent import FakeFluent
from unit.router.handlers import Json, LostPriceHandler, OrderHandler, PriceHandler, ProductHandler
from unit.router.scene import O1, delivery, facts, hand, order


async def test_a_missing_parent_is_waited_for_and_brought_about() -> None:
    fluent = FakeFluent(missing={"standardProduct p1"})
    bench = Bench(OrderHandler, ("shop.product.upsert", ProductHandler), fluent=fluent)
    bench.commercetools.put("order", order(products=["p1"]))
    bench.commercetools.put("product", {"id": "p1", "sku": "s1", "version": 1})
    parked = await hand(bench, message_for(OrderHandler, O1, version=1))
    assert isinstance(parked.fate, Parked)
    assert parked.fate.waits_for == "TEST/1/standardProduct/p1"
    (repair,) = parked.emitted
    assert (repair.name, repair.cause, repair.key) == (
        "shop.product.upsert",
        "repair",
        "TEST/1/product/p1",
    )
    assert [result.fate for result in await bench.drain()] == [Done("2 created"), Done("created")]


async def test_a_missing_parent_that_no_route_brings_about_is_waited_for_alone() -> None:
    fluent = FakeFluent(missing={"standardProduct p1"})
    result = await deliver(OrderHandler, resource=order(products=["p1"]), fluent=fluent)
    assert isinstance(result.fate, Parked)
    assert result.emitted == []


async def test_a_refresh_goes_to_the_route_that_upserts_the_resource() -> None:
    bench = Bench(PriceHandler, ("shop.product.upsert", ProductHandler))
    bench.commercetools.put("standalone-price", {"id": "x", "product": "p1"})
    message = message_for(PriceHandler, Reference("standalone-price", "x"))
    outcome = await bench.router(delivery(message))
    (put,) = outcome.puts
    assert (put.parcel.id, put.parcel.key) == ("test.0.0", "TEST/1/product/p1")
    assert (put.parcel.group, put.parcel.origin) == ("TEST/shop.product.upsert", "n")
    assert put.parcel.headers == {"traceparent": "00-1"}
    (queued,) = facts(outcome.facts, Queued)
    assert (queued.id, queued.cause, queued.type_id) == ("test.0.0", "refresh", "product")
    assert outcome.fate == Done("refreshed")


async def test_a_refresh_tells_the_version_of_what_made_it_necessary() -> None:
    bench = Bench(PriceHandler, ("shop.product.upsert", ProductHandler))
    price = {"id": "x", "product": "p1", "version": 4}
    bench.commercetools.put("standalone-price", price)
    told = message_for(PriceHandler, Reference("standalone-price", "x"), version=4)
    (refresh,) = (await hand(bench, told)).emitted
    assert refresh.dependencies == {"standalone-price/x": 4}


async def test_a_refresh_that_no_route_takes_is_skipped_with_the_reason() -> None:
    resource = {"id": "x", "product": "p1"}
    result = await deliver(PriceHandler, resource=resource, type_id="standalone-price")
    assert result.fate == Skipped("no route upserts product")


async def test_a_refresh_by_an_unknown_route_waits_for_it_without_spinning() -> None:
    resource = {"id": "x", "product": "p1"}
    result = await deliver(LostPriceHandler, resource=resource, type_id="standalone-price")
    assert isinstance(result.fate, Parked)
    assert result.fate.waits_for == "route/nowhere"


class _Campaign(OrderHandler):
    """Bring an order about, and look at it again when it says."""

    name = "Campaign"

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        yield from super().map(resource, message, context)
        yield Refresh(O1, message.name, at=resource["again"])


async def test_a_look_is_not_taken_before_its_time_and_accounted_for_by_itself() -> None:
    bench = Bench(_Campaign)
    again = bench.clock() + 3600
    bench.commercetools.put("order", order(again=again))
    first = await hand(bench, message_for(_Campaign, O1, version=1))
    (look,) = first.emitted
    assert first.fate == Done("created")
    assert (look.cause, look.version, look.notification) == ("refresh", None, None)
    assert "." not in look.id
    assert await bench.step() is None
    assert (await bench.store.depth(EVENT_QUEUE)).scheduled == 1
    bench.clock.advance(3601)
    bench.commercetools.put("order", order(again=again, orderState="Complete"))
    second = await bench.step()
    assert second is not None
    assert second.fate == Done("updated")


async def test_a_look_at_one_time_is_scheduled_once() -> None:
    bench = Bench(_Campaign)
    again = bench.clock() + 3600
    bench.commercetools.put("order", order(again=again))
    await hand(bench, message_for(_Campaign, O1, version=1))
    bench.commercetools.put("order", order(2, again=again, orderState="Confirmed"))
    repeat = await hand(bench, message_for(_Campaign, O1, id="n2.0", version=2))
    assert (repeat.fate, repeat.emitted) == (Done("updated"), [])
    bench.commercetools.put("order", order(3, again=again, orderState="Confirmed"))
    unchanged = await hand(bench, message_for(_Campaign, O1, id="n3.0", version=3))
    assert (unchanged.fate, unchanged.emitted) == (Done("unchanged"), [])
    bench.commercetools.put("order", order(4, again=again + 60))
    moved = await hand(bench, message_for(_Campaign, O1, id="n4.0", version=4))
    assert len(moved.emitted) == 1
    assert (await bench.store.depth(EVENT_QUEUE)).scheduled == 2


class _Drifting(OrderHandler):
    """Bring an order about, but for what cannot be."""

    name = "Drifting"

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        for change in super().map(resource, message, context):
            assert isinstance(change, Upsert)
            yield msgspec.structs.replace(change, notes=("a price stays",))


async def test_what_cannot_be_brought_about_is_told_with_the_outcome() -> None:
    result = await deliver(_Drifting, resource=order())
    assert result.fate == Done("created; a price stays")


def two_stores(handler: AnyHandler | type[AnyHandler]) -> Bench:
    """Return a bench of two retailers, of which the second has the order's store."""
    here = msgspec.structs.replace(ACCOUNT, when=When(store="paris"))
    there = msgspec.structs.replace(ACCOUNT, retailer="2", when=When(store="berlin"))
    bench = Bench(handler, accounts=[here, there])
    store = {"typeId": "store", "key": "berlin"}
    bench.commercetools.put("order", order(store=store, orderState="Open", orderNumber="1"))
    return bench


async def test_what_belongs_to_another_retailer_is_done_there() -> None:
    bench = two_stores(OrderHandler)
    result = await hand(bench, message_for(OrderHandler, O1, version=1))
    assert result.fate == Skipped("belongs to TEST/2: passed on")
    assert [result.fate for result in await bench.drain()] == [Done("created")]


async def test_nothing_is_passed_on_to_an_account_that_its_door_does_not_feed() -> None:
    here = msgspec.structs.replace(ACCOUNT, when=When(store="paris"))
    there = msgspec.structs.replace(ACCOUNT, name="OTHER", when=When(store="berlin"))
    bench = Bench(OrderHandler, accounts=[here, there])
    bench.commercetools.put("order", order(store={"typeId": "store", "key": "berlin"}))
    message = msgspec.structs.replace(message_for(OrderHandler, O1, version=1), only=("TEST",))
    result = await hand(bench, message)
    assert result.fate == Skipped("belongs to OTHER/1, which its door does not feed")
    assert result.emitted == []


async def test_an_imported_order_that_is_passed_on_is_an_imported_order_still() -> None:
    bench = two_stores(OrderCreateHandler)
    await hand(bench, message_for(OrderCreateHandler, O1, version=1, kind="OrderImported"))
    (there,) = await bench.drain()
    assert there.fate == Skipped("imported orders are not carried (import-orders: off)")


class _Forgetting(OrderHandler):
    name = "Forgetting"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        return Fetched({"id": "o1"}, message.version, deleted=True, erases=True)


async def test_what_is_erased_is_erased_here_too() -> None:
    bench = Bench(_Forgetting)
    message = message_for(_Forgetting, O1, version=2, kind="ResourceDeleted")
    outcome = await bench.router(delivery(message))
    assert facts(outcome.facts, Erased) == [Erased("order", "o1")]
