from typing import Any

import pytest

from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Done, Later, Superseded
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.clock import FixedClock
from fluent_connect.testing.deliver import deliver, deliver_shuffled, message_for, type_of
from fluent_connect.testing.memory_store import MemoryStore
from unit.router.handlers import BrokenHandler, CancellingHandler, OrderHandler, ProductHandler


def state(version: int, name: str) -> dict[str, Any]:
    return {"id": "o1", "version": version, "orderState": name, "lineItems": []}


STATES = [state(n, name) for n, name in enumerate(("Open", "Confirmed", "Open", "Complete"), 1)]


def test_a_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(10)
    clock.advance(5)
    assert (clock(), clock()) == (15, 15)


@pytest.mark.parametrize(
    ("resource", "type_id"),
    [
        ({"lineItems": []}, "order"),
        ({"masterData": {}}, "product"),
        ({"ancestors": []}, "category"),
        ({"email": "a@b.example"}, "customer"),
    ],
)
def test_the_common_types_are_known_by_their_shape(resource: dict[str, Any], type_id: str) -> None:
    assert type_of(resource) == type_id


def test_any_other_type_must_be_said() -> None:
    with pytest.raises(ValueError, match="say which type"):
        type_of({"id": "x"})


async def test_a_test_sees_what_was_created() -> None:
    result = await deliver(OrderHandler, resource=STATES[0])
    assert result.fate == Done("created")
    assert result.created["ref"] == "o1"
    assert result.fluent.held["order", "o1"]["status"] == "Open"


async def test_several_upserts_have_no_single_created() -> None:
    product = {"id": "p1", "sku": "s1"}
    result = await deliver(ProductHandler, resource=product, type_id="product")
    with pytest.raises(ValueError, match="2 upserts"):
        _ = result.created


async def test_a_bug_has_the_fate_that_it_would_have_in_service() -> None:
    result = await deliver(BrokenHandler, resource=STATES[0])
    assert result.fate == Later(1.0, "RuntimeError: a bug")


async def test_a_whole_message_may_be_handed_in() -> None:
    message = message_for(OrderHandler, Reference("order", "o1"), version=1, cause="replay")
    result = await deliver(OrderHandler, resource=STATES[0], message=message)
    assert result.fate == Done("created")


async def test_a_message_for_later_is_told_so() -> None:
    bench = Bench(OrderHandler)
    assert await bench.step() is None
    assert isinstance(bench.store, MemoryStore)


@pytest.mark.parametrize("seed", range(40))
async def test_an_order_told_out_of_order_ends_as_it_stands(seed: int) -> None:
    bench = await deliver_shuffled(OrderHandler, STATES, seed=seed)
    last = await deliver(OrderHandler, resource=STATES[-1])
    assert bench.fluent.held == last.fluent.held
    assert (await bench.store.depth(EVENT_QUEUE)).waiting == 0


@pytest.mark.parametrize("seed", range(40))
async def test_a_deletion_told_out_of_order_is_never_undone(seed: int) -> None:
    bench = await deliver_shuffled(CancellingHandler, [*STATES, None], seed=seed)
    held = bench.fluent.held.get(("order", "o1"))
    assert held is None or held["status"] == "CANCELLED"


async def test_a_life_begins_with_a_state() -> None:
    with pytest.raises(ValueError, match="begins with a state"):
        await deliver_shuffled(OrderHandler, [None], seed=1)


async def test_what_the_store_refuses_is_told_as_superseded() -> None:
    bench = Bench(OrderHandler)
    bench.commercetools.put("order", STATES[1])
    for number in (1, 2):
        message = message_for(OrderHandler, Reference("order", "o1"), id=f"n{number}.0", version=2)
        await bench.put(message)
    fates = [result.fate for result in await bench.drain()]
    assert fates == [Done("created"), Superseded("version 2")]
