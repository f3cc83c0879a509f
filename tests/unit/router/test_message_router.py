import asyncio
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Event, Mutation, Pushed, Upsert
from fluent_connect.handlers.message_handler import Fetched, HandlerContext
from fluent_connect.model.errors import NoRouteError, RetryableError, Skip, UnreachableError
from fluent_connect.model.fact import Attempted, Delivered, Known
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Dead, Done, Later, Newer, Parked, Skipped, Superseded
from fluent_connect.testing.bench import ACCOUNT, Bench
from fluent_connect.testing.deliver import deliver, message_for
from fluent_connect.testing.fake_fluent import FakeFluent
from unit.router.handlers import (
    BrokenHandler,
    CancellingHandler,
    CarrierHandler,
    Json,
    OrderHandler,
    PaidHandler,
    ProductHandler,
    SlowHandler,
)
from unit.router.scene import O1, delivery, facts, hand, order


async def test_a_message_is_fetched_mapped_and_pushed() -> None:
    result = await deliver(OrderHandler, resource=order())
    assert result.fate == Done("created")
    assert [change.ref for change in result.pushed if isinstance(change, Upsert)] == ["o1"]


async def test_what_came_of_it_is_committed_with_fence_and_facts() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", order(4, orderNumber="1234"))
    outcome = await bench.router(delivery(message_for(OrderHandler, O1, version=3)))
    (guard,) = outcome.guards
    assert isinstance(guard, Newer)
    assert (guard.key, guard.fence.version) == ("TEST/1/OrderHandler/order/o1", 4)
    (attempt,) = facts(outcome.facts, Attempted)
    assert (attempt.handler, attempt.outcome, attempt.calls) == ("OrderHandler", "done", b"[]")
    assert {(known.kind, known.value) for known in facts(outcome.facts, Known)} == {
        ("fluent", "o1"),
        ("order-number", "1234"),
    }


async def test_parents_that_now_exist_are_told_and_found_by_sku() -> None:
    bench = Bench(ProductHandler)
    bench.commercetools.put("product", {"id": "p1", "sku": "s1"})
    outcome = await bench.router(delivery(message_for(ProductHandler, Reference("product", "p1"))))
    assert facts(outcome.facts, Delivered) == [
        Delivered("TEST/1/standardProduct/p1"),
        Delivered("TEST/1/variantProduct/s1"),
    ]
    assert Known("test.0", "sku", "s1") in outcome.facts
    assert outcome.fate == Done("2 created")


async def test_a_repeat_is_superseded_without_a_call() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", order())
    first = message_for(OrderHandler, O1, version=1)
    await hand(bench, first)
    again = await hand(bench, message_for(OrderHandler, O1, id="other.0", version=1))
    assert again.fate == Superseded("version 1")
    assert bench.commercetools.asked == ["order/o1"]


async def test_a_refresh_pushes_again_at_the_same_version() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", order())
    await hand(bench, message_for(OrderHandler, O1, version=1))
    again = await hand(bench, message_for(OrderHandler, O1, id="r.0", cause="refresh"))
    assert again.fate == Done("unchanged")
    assert len(again.pushed) == 1


async def test_the_same_output_at_a_new_version_is_not_pushed_again() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", order())
    await hand(bench, message_for(OrderHandler, O1, version=1))
    bench.commercetools.put("order", order(2))
    again = await hand(bench, message_for(OrderHandler, O1, id="n2.0", version=2))
    assert (again.fate, again.pushed) == (Done("unchanged"), [])


class _Breaking(FakeFluent):
    """Takes a change, and breaks the connection before the answer, the second time."""

    async def push(self, change: Upsert | Mutation | Event) -> Pushed:
        pushed = await super().push(change)
        if len(self.pushed) == 2:
            raise UnreachableError("reset")
        return pushed


async def test_after_an_unclear_push_the_same_output_is_pushed_all_the_same() -> None:
    bench = Bench(OrderHandler, fluent=_Breaking())
    bench.commercetools.put("order", order(1, orderState="Open"))
    await hand(bench, message_for(OrderHandler, O1, version=1))
    bench.commercetools.put("order", order(2, orderState="Confirmed"))
    broken = await hand(bench, message_for(OrderHandler, O1, id="n2.0", version=2))
    assert isinstance(broken.fate, Later)
    bench.commercetools.put("order", order(3, orderState="Open"))
    await hand(bench, message_for(OrderHandler, O1, id="n3.0", version=3))
    assert bench.fluent.held["order", "o1"]["status"] == "Open"


async def test_a_delivery_that_was_begun_before_is_pushed_whatever_the_fence_says() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", order())
    await hand(bench, message_for(OrderHandler, O1, version=1))
    bench.commercetools.put("order", order(2))
    second = delivery(message_for(OrderHandler, O1, id="n2.0", version=2), tries=2)
    await bench.router(second)
    assert len(bench.fluent.pushed) == 2


async def test_a_stale_read_is_no_try() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", order(1))
    result = await hand(bench, message_for(OrderHandler, O1, version=2))
    assert isinstance(result.fate, Later)
    assert not result.fate.counts
    assert result.pushed == []


async def test_what_is_not_found_is_read_again_before_it_is_gone() -> None:
    bench = Bench(OrderHandler)
    await bench.put(message_for(OrderHandler, O1, version=1))
    fates = [result.fate for result in await bench.drain()]
    assert all(isinstance(fate, Later) and not fate.counts for fate in fates[:-1])
    assert fates[-1] == Skipped("gone from commercetools")
    assert len(fates) > 2


async def test_a_deletion_leaves_a_tombstone() -> None:
    bench = Bench(CancellingHandler)
    reference = bench.commercetools.put("order", order())
    await hand(bench, message_for(CancellingHandler, O1, version=1))
    bench.commercetools.drop(reference)
    deletion = message_for(CancellingHandler, O1, id="d.0", version=1, kind="ResourceDeleted")
    assert (await hand(bench, deletion)).fate == Done("updated")
    late = message_for(CancellingHandler, O1, id="l.0", version=1)
    assert (await hand(bench, late)).fate == Superseded("version 1")
    assert bench.fluent.held["order", "o1"]["status"] == "CANCELLED"


async def test_a_skipped_deletion_leaves_a_tombstone_too() -> None:
    bench = Bench(OrderHandler)
    deletion = message_for(OrderHandler, O1, version=3, kind="ResourceDeleted")
    assert (await hand(bench, deletion)).fate == Skipped("gone from commercetools")
    late = await hand(bench, message_for(OrderHandler, O1, id="l.0", version=2))
    assert late.fate == Superseded("version 3")


async def test_a_deletion_that_cannot_be_seen_yet_is_a_stale_read() -> None:
    result = await deliver(OrderHandler, resource=order(), kind="ResourceDeleted")
    assert result.fate == Later(0.1, "RetryableError: stale read: deleted, but still there", False)


async def test_without_a_route_the_message_waits_for_it() -> None:
    result = await hand(Bench(OrderHandler), message_for(PaidHandler, O1))
    assert isinstance(result.error, NoRouteError)
    assert isinstance(result.fate, Parked)
    assert result.fate.waits_for == "route/PaidHandler"


async def test_an_account_that_is_not_configured_is_named() -> None:
    message = message_for(OrderHandler, O1)
    result = await hand(Bench(OrderHandler), msgspec.structs.replace(message, retailer="9"))
    assert isinstance(result.fate, Dead)
    assert result.fate.reason == "no account TEST/9 for project test-project"


async def test_a_message_of_another_project_is_not_sent_with_this_ones_rights() -> None:
    message = message_for(OrderHandler, O1)
    result = await hand(Bench(OrderHandler), msgspec.structs.replace(message, project_key="x"))
    assert isinstance(result.fate, Dead)


async def test_an_external_message_needs_no_project() -> None:
    message = msgspec.structs.replace(message_for(CarrierHandler), project_key=None)
    assert (await hand(Bench(CarrierHandler), message)).fate == Done("sent")


async def test_an_external_message_without_resource_is_fenced_by_its_lane() -> None:
    bench = Bench(CarrierHandler)
    fates = []
    for number, version in enumerate((2, 1, 3)):
        message = message_for(CarrierHandler, id=f"n{number}.0", version=version, cause="external")
        lane = msgspec.structs.replace(message, key="TEST/1/parcel/77", project_key=None)
        fates.append((await hand(bench, lane)).fate)
    assert fates == [Done("sent"), Superseded("version 2"), Done("sent")]


async def test_bytes_that_are_no_message_are_dead() -> None:
    outcome = await Bench(OrderHandler).router(delivery(b"{"))
    assert str(outcome.error).startswith("not a message")


async def test_each_event_is_told_once_in_order() -> None:
    bench = Bench(PaidHandler)
    bench.commercetools.put("order", order(9))
    told = {}
    for number, sequence in enumerate((2, 2, 1, 3)):
        message = message_for(PaidHandler, O1, id=f"n{number}.0", version=9, sequence=sequence)
        told[number] = (await hand(bench, message)).fate
    assert told == {
        0: Done("sent"),
        1: Superseded("sequence 2"),
        2: Superseded("sequence 2"),
        3: Done("sent"),
    }
    assert len(bench.commercetools.updates) == 2


async def test_an_event_of_a_deleted_resource_is_told_to_be_gone() -> None:
    bench = Bench(PaidHandler)
    message = message_for(PaidHandler, O1, kind="OrderDeleted", sequence=4)
    assert (await hand(bench, message)).fate == Skipped("gone from commercetools")


async def test_a_skip_by_a_mapping_is_skipped_with_its_reason() -> None:
    result = await deliver(PaidHandler, resource=order(skip=True))
    assert (result.fate, result.error) == (Skipped("not paid"), None)


async def test_a_bug_is_recorded_and_left_to_the_policy() -> None:
    bench = Bench(BrokenHandler)
    outcome = await bench.router(delivery(message_for(BrokenHandler, O1)))
    assert isinstance(outcome.error, RuntimeError)
    (attempt,) = facts(outcome.facts, Attempted)
    assert (attempt.outcome, attempt.error) == ("failed", "RuntimeError: a bug")


async def test_a_slow_mapping_runs_in_a_thread() -> None:
    assert (await deliver(SlowHandler, resource=order())).fate == Done("created")


class _Hanging(OrderHandler):
    name = "Hanging"
    timeout = 0.01

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        await asyncio.Event().wait()
        raise AssertionError


class _TimedOut(OrderHandler):
    name = "TimedOut"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        raise TimeoutError("a call of its own")


async def test_a_run_that_takes_too_long_is_ended_and_tried_again() -> None:
    result = await deliver(_Hanging, resource=order())
    assert result.fate == Later(1.0, "RetryableError: Hanging took longer than 0.01 s")


async def test_a_time_out_of_the_handlers_own_is_told_as_it_is() -> None:
    result = await deliver(_TimedOut, resource=order())
    assert result.fate == Later(1.0, "TimeoutError: a call of its own")


async def test_a_handler_reads_what_the_sender_sent() -> None:
    sent = {"parcel": "77"}
    result = await deliver(CarrierHandler, payload=sent, props={"tier": "gold"})
    (event,) = result.pushed
    assert isinstance(event, Event)
    assert event.attributes == {"parcel": "77", "tier": "gold"}


async def test_a_handler_without_the_senders_bytes_is_told_so() -> None:
    (event,) = (await deliver(CarrierHandler)).pushed
    assert isinstance(event, Event)
    assert event.attributes == {"none": True}


@pytest.mark.parametrize("body", [b"[1]", b"not JSON"])
async def test_bytes_that_are_no_json_object_are_no_payload(body: bytes) -> None:
    bench = Bench(CarrierHandler)
    await bench.put_original("n", body)
    await bench.router(delivery(message_for(CarrierHandler)))
    (event,) = bench.fluent.pushed
    assert isinstance(event, Event)
    assert event.attributes == {"none": True}


class _Log(OrderHandler):
    name = "Log"
    seen: list[HandlerContext]

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        type(self).seen = [context]
        raise Skip("seen")


async def test_a_handler_is_given_the_time_that_is_left() -> None:
    bench = Bench(_Log)
    await bench.router(delivery(message_for(_Log, O1)))
    (context,) = _Log.seen
    assert context.lease.left() == 2e9 - bench.clock()


class _HalfWay(OrderHandler):
    name = "HalfWay"

    def map(self, resource: Json, message: Message, context: Any) -> Any:
        yield from ProductHandler().map({"id": "p1", "sku": "s1"}, message, context)
        yield Mutation("createCustomerAddress", {"ref": "explodes"})


class _Exploding(FakeFluent):
    async def push(self, change: Upsert | Mutation | Event) -> Pushed:
        if isinstance(change, Mutation):
            raise RetryableError("later")
        return await super().push(change)


async def test_what_was_pushed_before_a_failure_wakes_who_waits_for_it() -> None:
    bench = Bench(_HalfWay, fluent=_Exploding())
    bench.commercetools.put("order", order())
    outcome = await bench.router(delivery(message_for(_HalfWay, O1)))
    assert isinstance(outcome.error, RetryableError)
    assert len(facts(outcome.facts, Delivered)) == 2


async def test_what_is_absent_in_fluent_wakes_nobody() -> None:
    class Deactivating(OrderHandler):
        name = "Deactivating"

        def map(self, resource: Json, message: Message, context: Any) -> Any:
            gone = {"catalogue": {"ref": "X"}, "status": "INACTIVE"}
            yield Upsert(entity="category", ref="c1", update=gone)

    bench = Bench(Deactivating)
    bench.commercetools.put("order", order())
    outcome = await bench.router(delivery(message_for(Deactivating, O1)))
    assert outcome.fate == Done("absent")
    assert facts(outcome.facts, Delivered) == []


async def test_two_projects_may_feed_one_retailer() -> None:
    access = msgspec.structs.replace(ACCOUNT.commercetools, project_key="second")
    second = msgspec.structs.replace(ACCOUNT, commercetools=access)
    bench = Bench(OrderHandler, accounts=[ACCOUNT, second])
    bench.commercetools.put("order", order())
    message = msgspec.structs.replace(message_for(OrderHandler, O1), project_key="second")
    assert (await hand(bench, message)).fate == Done("created")


class _Clearing(OrderHandler):
    name = "Clearing"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        rest = {"id": "o1", "orderState": f"gone at {context.clock():.0f}"}
        return Fetched(rest, message.version, deleted=True, dependencies={"customer/c1": 2})


async def test_what_is_still_known_of_a_deleted_resource_is_mapped_behind_a_tombstone() -> None:
    bench = Bench(_Clearing)
    message = message_for(_Clearing, O1, version=2, kind="OrderDeleted")
    outcome = await bench.router(delivery(message))
    (guard,) = outcome.guards
    assert isinstance(guard, Newer)
    assert guard.fence.deleted
    assert guard.fence.dependencies == {"customer/c1": 2}
    assert bench.fluent.held["order", "o1"]["status"] == f"gone at {bench.clock():.0f}"


class _Erasing(_Clearing):
    name = "Erasing"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        if not message.deletes:
            return Fetched(None, None)
        return await super().fetch(message, context)


async def test_a_deletion_is_carried_out_though_it_was_found_gone_at_that_version() -> None:
    bench = Bench(_Erasing)
    await bench.put(message_for(_Erasing, O1, version=2))
    assert (await bench.drain())[-1].fate == Skipped("gone from commercetools")
    deletion = message_for(_Erasing, O1, id="d.0", version=2, kind="OrderDeleted")
    assert (await hand(bench, deletion)).fate == Done("created")
    again = message_for(_Erasing, O1, id="e.0", version=2, kind="OrderDeleted")
    assert (await hand(bench, again)).fate == Superseded("version 2")
