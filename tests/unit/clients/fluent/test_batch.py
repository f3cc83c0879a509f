"""Who shares a request with whom, and who waits for whom."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from fluent_connect.clients.fluent.model import Pushed, Upsert
from fluent_connect.model.errors import RetryableError
from unit.clients.fluent.company import (
    Company,
    api,
    bound,
    categories,
    category,
    held,
    nothing_held,
    order,
    push_at_once,
    standard,
    variant,
)
from unit.clients.fluent.pushes import push
from unit.clients.wire import Wire, found, made


async def test_what_is_asked_at_the_same_time_shares_requests() -> None:
    wire = Company(nothing_held)

    pushed = await push_at_once(api(wire), categories(12))

    assert pushed == [Pushed("category", f"c{n}", "1", "created") for n in range(12)]
    assert wire.sizes == [("findCategory", 12), ("createCategory", 12)]


async def test_each_gets_what_it_asked_for() -> None:
    def says(operation: str, variables: Mapping[str, Any]) -> object:
        ref = variables["refs"][0]
        return held({"id": f"id of {ref}", "ref": ref, "name": ref})

    pushed = await push_at_once(api(Company(says)), categories(5))

    assert [(each.ref, each.id, each.how) for each in pushed] == [
        (f"c{n}", f"id of c{n}", "unchanged") for n in range(5)
    ]


async def test_one_alone_is_the_plain_document() -> None:
    wire = Wire(found(), made("createCategory", id="1", ref="c0"))

    await push(wire, category("c0"))

    find, create = wire.bodies()
    assert find["query"].startswith("query findCategory($refs: [String!], $catalogue:")
    assert " found: categories(ref: $refs" in find["query"]
    assert find["variables"]["refs"] == ["c0"]
    assert create["variables"]["input"]["ref"] == "c0"


async def test_orders_go_by_themselves() -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire), [order(f"o{n}") for n in range(3)])

    assert sorted(wire.sizes) == [("createOrder", 1)] * 3 + [("findOrder", 1)] * 3


async def test_a_limit_of_one_turns_sharing_off() -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire, most=1), categories(3))

    assert sorted(wire.sizes) == [("createCategory", 1)] * 3 + [("findCategory", 1)] * 3


async def test_no_more_share_a_request_than_the_limit_says() -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire, most=20, parallel=1), categories(45))

    assert wire.sizes[:3] == [("findCategory", 20), ("findCategory", 20), ("findCategory", 5)]
    assert max(count for _, count in wire.sizes) == 20


async def test_what_comes_while_a_request_is_under_way_goes_with_the_next() -> None:
    wire = Company(nothing_held)
    wire.gate = asyncio.Event()
    shared = api(wire, parallel=1)
    first = asyncio.create_task(bound(shared).push(category("first")))
    await wire.arrived()
    others = asyncio.create_task(push_at_once(shared, categories(7)))
    for _ in range(20):
        await asyncio.sleep(0)

    wire.gate.set()
    await first
    await others

    assert ("findCategory", 7) in wire.sizes
    assert wire.most_at_once == 1


async def test_only_so_many_requests_are_under_way() -> None:
    wire = Company(nothing_held)
    wire.gate = asyncio.Event()
    pushing = asyncio.create_task(push_at_once(api(wire, most=2, parallel=3), categories(20)))
    await wire.arrived(3)
    wire.gate.set()
    await pushing

    assert wire.most_at_once == 3


@pytest.mark.parametrize("limit", [{"complexity": 30}, {"size": 2500}])
async def test_complexity_and_size_bound_a_request(limit: dict[str, int]) -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire, **limit), categories(8))

    looks = [count for operation, count in wire.sizes if operation == "findCategory"]
    assert 1 < max(looks) < 8
    assert sum(looks) == 8


async def test_a_child_is_made_after_its_parent_and_not_beside_it() -> None:
    wire = Company(nothing_held)
    tree = [category("child", "root"), category("grandchild", "child"), category("root")]

    pushed = await push_at_once(api(wire), tree)

    assert [each.how for each in pushed] == ["created"] * 3
    assert wire.sizes == [("findCategory", 3), *[("createCategory", 1)] * 3]
    made = [body["variables"]["input"]["ref"] for body in wire.bodies()[1:]]
    assert made == ["root", "child", "grandchild"]


async def test_what_needs_each_other_is_left_to_fluent() -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire), [category("a", "b"), category("b", "a"), category("c", "c")])

    assert wire.sizes == [("findCategory", 3), *[("createCategory", 1)] * 3]


async def test_what_is_needed_is_waited_for_while_it_is_being_made() -> None:
    wire = Company(nothing_held)
    shared = api(wire)
    graphql = shared.graphql
    wire.gate = asyncio.Event()
    trace = bound(shared)._trace
    root = asyncio.create_task(graphql.mutate("createCategory", _create(category("root")), trace))
    await wire.arrived()
    child = _create(category("child", "root"))
    of_it = _create(standard("P", "root"))
    waiting = [
        asyncio.create_task(graphql.mutate("createCategory", child, trace)),
        asyncio.create_task(graphql.mutate("createStandardProduct", of_it, trace)),
    ]
    other = asyncio.create_task(graphql.mutate("createCategory", _create(category("other")), trace))
    await wire.arrived(2)
    for _ in range(20):
        await asyncio.sleep(0)

    assert wire.most_at_once == 2, "the other one does not wait"
    wire.gate.set()
    await asyncio.gather(root, other, *waiting)


async def test_two_writes_of_one_entity_never_stand_together() -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire), [category("same"), category("same")])

    assert wire.sizes == [("findCategory", 2), ("createCategory", 1), ("createCategory", 1)]


async def test_updates_that_name_each_other_stand_apart() -> None:
    def says(operation: str, variables: Mapping[str, Any]) -> object:
        if operation == "findCategory":
            ref = variables["refs"][0]
            return held({"id": "1", "ref": ref, "name": "old", "parentCategory": None})
        return nothing_held(operation, variables)

    wire = Company(says)

    await push_at_once(api(wire), [category("root"), category("child", "root")])

    assert wire.sizes == [("findCategory", 2), ("updateCategory", 1), ("updateCategory", 1)]


async def test_variants_of_one_product_share_a_request() -> None:
    wire = Company(nothing_held)

    await push_at_once(api(wire), [variant(f"v{n}", "P") for n in range(4)])

    assert wire.sizes == [("findVariantProduct", 4), ("createVariantProduct", 4)]


async def test_a_message_that_has_little_time_does_not_join() -> None:
    wire = Company(nothing_held)
    shared = api(wire)
    await bound(shared).push(category("signs in"))
    wire.requests.clear()
    late = [category("late"), category("later")]

    came = await asyncio.gather(
        bound(shared, lease=15.0).push(late[0]),
        bound(shared, lease=5.0).push(late[1]),
        *(bound(shared).push(each) for each in categories(3)),
        return_exceptions=True,
    )

    assert ("findCategory", 3) in wire.sizes
    assert ("findCategory", 1) in wire.sizes
    assert isinstance(came[0], Pushed)
    assert isinstance(came[1], RetryableError)
    assert not came[1].counts


async def test_who_comes_later_with_little_time_does_not_join_either() -> None:
    wire = Company(nothing_held)
    shared = api(wire)
    await bound(shared).push(category("signs in"))
    wire.requests.clear()

    await asyncio.gather(
        *(bound(shared).push(each) for each in categories(3)),
        bound(shared, lease=15.0).push(category("late")),
    )

    looks = [count for operation, count in wire.sizes if operation == "findCategory"]
    assert sorted(looks) == [1, 3]


async def test_who_gives_up_before_the_request_is_not_in_it() -> None:
    wire = Company(nothing_held)
    wire.gate = asyncio.Event()
    shared = api(wire, parallel=1)
    first = asyncio.create_task(bound(shared).push(category("first")))
    await wire.arrived()
    pushes = [asyncio.create_task(bound(shared).push(each)) for each in categories(3)]
    for _ in range(10):
        await asyncio.sleep(0)
    pushes[0].cancel()
    wire.gate.set()

    await asyncio.gather(first, *pushes, return_exceptions=True)

    assert [count for operation, count in wire.sizes if operation == "findCategory"] == [1, 2]


async def test_who_gives_up_waiting_harms_nobody() -> None:
    wire = Company(nothing_held)
    wire.gate = asyncio.Event()
    shared = api(wire)
    pushes = [asyncio.create_task(bound(shared).push(each)) for each in categories(4)]
    await wire.arrived()
    pushes[1].cancel()
    wire.gate.set()

    came = await asyncio.gather(*pushes, return_exceptions=True)

    assert isinstance(came[1], asyncio.CancelledError)
    assert [each.how for each in came if isinstance(each, Pushed)] == ["created"] * 3
    assert wire.sizes == [("findCategory", 4), ("createCategory", 3)]


async def test_an_end_gives_up_what_is_under_way() -> None:
    wire = Company(nothing_held)
    wire.gate = asyncio.Event()
    shared = api(wire)
    pushing = asyncio.create_task(push_at_once(shared, categories(2)))
    await wire.arrived()

    shared.close()

    assert all(isinstance(each, asyncio.CancelledError) for each in await pushing)


async def test_changes_of_one_message_are_pushed_together_and_keep_their_records() -> None:
    wire = Company(nothing_held)
    fluent = bound(api(wire))

    pushed = await fluent.push_all([variant(f"v{n}", "P") for n in range(3)])

    assert [each.how for each in pushed if isinstance(each, Pushed)] == ["created"] * 3
    calls = [call for call in fluent._trace.calls if "graphql" in call.path]
    assert [call.shared for call in calls] == [3] * 6


def _create(change: Upsert) -> Mapping[str, object]:
    assert change.create is not None
    return change.create
