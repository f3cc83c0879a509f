"""What the answer to a shared request means to each that went with it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fluent_connect.clients.budget import BudgetSettings
from fluent_connect.clients.fluent.batch import BatchSettings
from fluent_connect.clients.fluent.client import FluentApi
from fluent_connect.clients.fluent.errors import UnknownCodeError
from fluent_connect.clients.fluent.model import Pushed
from fluent_connect.clients.http import Answer
from fluent_connect.model.errors import (
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from unit.clients.fluent.company import (
    Company,
    Says,
    api,
    bound,
    categories,
    held,
    name,
    nothing_held,
    parts,
    push_at_once,
)
from unit.clients.wire import Reply, Wire, fluent_door, json, refusal

SECRET = "a summary that nobody else may read"


def coded(code: str, message: str = "no") -> dict[str, object]:
    return {"message": message, "extensions": {"code": code}}


def ref_of(variables: Mapping[str, Any]) -> str:
    return str((variables.get("refs") or [variables.get("input", {}).get("ref")])[0])


def but(ref: str, told: object, operation: str = "createCategory") -> Says:
    """Say as an empty Fluent, but for one entity in one operation."""

    def says(asked: str, variables: Mapping[str, Any]) -> object:
        if asked == operation and ref_of(variables) == ref:
            return told
        return nothing_held(asked, variables)

    return says


class Whole(Wire):
    """An empty Fluent that answers shared requests of one operation otherwise."""

    def __init__(
        self, operation: str, *replies: Reply | Callable[[], Reply], least: int = 2
    ) -> None:
        self._empty = Company(nothing_held)
        self._told = list(replies)
        self._operation, self._least = operation, least
        super().__init__(by=self._reply)

    @property
    def sizes(self) -> list[tuple[str, int]]:
        return [(name(body), len(parts(body))) for body in self.bodies()]

    def _reply(self, request: Any) -> Reply:
        asked, count = self.sizes[-1]
        if asked == self._operation and count >= self._least and self._told:
            told = self._told.pop(0)
            return told() if callable(told) else told
        return self._empty._answer(request)


async def test_a_refused_alias_is_its_own_messages_error() -> None:
    wire = Company(but("c1", coded("C0141E", "name is too long")))

    came = await push_at_once(api(wire), categories(4))

    assert [each.how for each in came if isinstance(each, Pushed)] == ["created"] * 3
    assert isinstance(came[1], RefusedError)
    assert "name is too long" in str(came[1])
    assert wire.sizes == [("findCategory", 4), ("createCategory", 4)]


async def test_an_alias_that_exists_already_is_looked_up_by_its_own_message() -> None:
    looks = 0

    def says(operation: str, variables: Mapping[str, Any]) -> object:
        nonlocal looks
        if operation == "findCategory" and ref_of(variables) == "c1":
            looks += 1
            return held({"id": "9", "ref": "c1", "name": "c1"}) if looks > 1 else held()
        return but("c1", coded("C0123E"))(operation, variables)

    came = await push_at_once(api(Company(says)), categories(3))

    assert [each.how for each in came] == ["created", "unchanged", "created"]


UNCLEAR: list[Reply] = [UnreachableError("reset"), Answer(500), Answer(504, b"<html>")]


@pytest.mark.parametrize("unclear", UNCLEAR)
async def test_an_unclear_outcome_has_each_look_again_in_company(unclear: Reply) -> None:
    wire = Whole("createCategory", unclear)

    came = await push_at_once(api(wire), categories(3))

    assert wire.sizes == [("findCategory", 3), ("createCategory", 3), ("findCategory", 3)]
    assert len({id(each) for each in came}) == 3, "an error for each, not one for all"
    assert all(isinstance(each, UnreachableError) and each.sent for each in came)


async def test_one_429_fails_each_and_holds_the_next_calls() -> None:
    wire = Whole("findCategory", Answer(429, b"", {"retry-after": "60"}))
    shared = api(wire)

    came = await push_at_once(shared, categories(3))

    assert all(isinstance(each, RateLimitedError) for each in came)
    assert wire.sizes == [("findCategory", 3)]
    again = await asyncio.gather(bound(shared).push(categories(1)[0]), return_exceptions=True)
    assert isinstance(again[0], RateLimitedError)
    assert len(wire.requests) == 1


async def test_a_rate_limit_that_graphql_tells_is_everybodys_too() -> None:
    wire = Whole("findCategory", refusal("C0011E"))

    came = await push_at_once(api(wire), categories(3))

    assert all(isinstance(each, RateLimitedError) for each in came)
    assert wire.sizes == [("findCategory", 3)]


async def test_an_outage_opens_the_breaker_at_the_first_request() -> None:
    door = fluent_door(Whole("createCategory", refusal("C0020E", "CATEGORY_CREATE is missing")))

    came = await push_at_once(FluentApi(door, "1"), categories(3))

    assert all(isinstance(each, UnreachableError) and each.outage for each in came)
    assert door.breaker.open


async def test_one_alias_without_permission_is_an_outage_of_the_account() -> None:
    door = fluent_door(Company(but("c1", coded("C0020E", "CATEGORY_CREATE is missing"))))

    came = await push_at_once(FluentApi(door, "1"), categories(3))

    assert [type(each) for each in came] == [Pushed, UnreachableError, Pushed]
    assert door.breaker.open


async def test_one_alias_that_is_told_to_slow_down_holds_the_next_calls() -> None:
    door = fluent_door(Company(but("c1", coded("C0011E"))))

    await push_at_once(FluentApi(door, "1"), categories(3))

    assert not door._budget.free


async def test_aliases_that_all_fail_are_one_failure_for_the_breaker() -> None:
    wire = Company(lambda *_: coded("S0002E"))
    door = fluent_door(wire)

    await push_at_once(FluentApi(door, "1"), categories(15))

    assert door.breaker._streak == 1
    assert not door.breaker.open


async def test_a_failed_shared_request_counts_once_for_the_breaker() -> None:
    wire = Wire(UnreachableError("reset"))
    door = fluent_door(wire)

    await push_at_once(FluentApi(door, "1"), categories(15))

    assert len(wire.requests) == 1
    assert not door.breaker.open


async def test_a_shared_request_takes_one_place_of_the_budget() -> None:
    door = fluent_door(Company(nothing_held), budget=BudgetSettings(concurrency=1, patience=0.1))

    came = await push_at_once(FluentApi(door, "1"), categories(20))

    assert all(isinstance(each, Pushed) for each in came)


TOO_MUCH: list[Reply] = [
    refusal("C0001E", "Query is too complex"),
    Answer(413, b"too large"),
    json({"data": None, "errors": [{"message": "too many mutations in one request"}]}),
]


@pytest.mark.parametrize("refused", TOO_MUCH)
async def test_what_is_too_much_is_asked_again_one_by_one_and_fewer_share_next(
    refused: Reply,
) -> None:
    wire = Whole("createCategory", refused)
    shared = api(wire)

    came = await push_at_once(shared, categories(8))
    await push_at_once(shared, categories(8))

    assert all(each.how == "created" for each in came)
    assert wire.sizes[:2] == [("findCategory", 8), ("createCategory", 8)]
    assert wire.sizes[2:10] == [("createCategory", 1)] * 8
    assert wire.sizes[10:12] == [("findCategory", 4)] * 2


async def test_the_limit_grows_again_after_many_good_requests() -> None:
    wire = Whole("findCategory", Answer(413))
    shared = api(wire)
    await push_at_once(shared, categories(20))
    assert max(count for _, count in wire.sizes[1:]) <= 10

    for _ in range(60):
        await push_at_once(shared, categories(20))

    assert max(count for _, count in wire.sizes[1:]) == 20


async def test_one_bad_input_does_not_cost_the_others_theirs() -> None:
    said = "Variable 'input_1' has an invalid value: Field 'gtin' of required type"

    def says(operation: str, variables: Mapping[str, Any]) -> object:
        bad = operation == "createCategory" and ref_of(variables) == "c1"
        return json({"errors": [{"message": said}]}) if bad else nothing_held(operation, variables)

    wire = Company(says)

    came = await push_at_once(api(wire), categories(4))

    assert [each.how for each in came if isinstance(each, Pushed)] == ["created"] * 3
    assert isinstance(came[1], RefusedError)
    assert wire.sizes.count(("createCategory", 1)) == 4
    await push_at_once(api(wire), categories(1))


async def test_what_was_made_in_spite_of_an_error_without_a_path_is_made() -> None:
    body = {
        "data": {"createCategory_0": {"id": "1", "ref": "c0"}, "createCategory_1": None},
        "errors": [{"message": "odd", "extensions": {"code": "C0160E"}}],
    }
    wire = Whole("createCategory", json(body))

    came = await push_at_once(api(wire), categories(2))

    assert [each.how for each in came] == ["created"] * 2
    assert wire.sizes[2:] == [("createCategory", 1)], "only the other one asks again, alone"


async def test_an_error_without_a_path_makes_every_look_up_doubtful() -> None:
    nodes: dict[str, object] = {f"found_{n}": held() for n in range(3)}
    wire = Whole("findCategory", json({"data": nodes, "errors": [{"message": "shard down"}]}))

    came = await push_at_once(api(wire), categories(3))

    assert wire.sizes[:4] == [("findCategory", 3), *[("findCategory", 1)] * 3]
    assert all(each.how == "created" for each in came)


LIES: list[Reply] = [
    json({"data": {}}),
    json({"data": None}),
    json({"data": {"found_0": held(), "found_2": held()}}),
    Answer(200, b'{"data":{"found_0":{"edges":['),
    Answer(200, b"<html>busy</html>"),
    Answer(200, b""),
]


@pytest.mark.parametrize("lie", LIES)
async def test_what_a_look_up_does_not_answer_is_unknown_and_asked_again_alone(lie: Reply) -> None:
    wire = Whole("findCategory", lie, lie, least=1)

    await push_at_once(api(wire), categories(3))

    created = sum(count for operation, count in wire.sizes if operation == "createCategory")
    looked_at = [count for operation, count in wire.sizes if operation == "findCategory"]
    assert looked_at[0] == 3
    assert set(looked_at[1:]) == {1}
    assert created == 2, "the second lie was the answer to one of them alone"


@pytest.mark.parametrize("lie", [*LIES[-3:], json({"data": {"createCategory_0": None}})])
async def test_what_a_create_does_not_answer_is_looked_up_first(lie: Reply) -> None:
    wire = Whole("createCategory", lie)

    came = await push_at_once(api(wire), categories(3))

    assert wire.sizes == [("findCategory", 3), ("createCategory", 3), ("findCategory", 3)]
    assert all(isinstance(each, UnreachableError) for each in came)


async def test_asked_alone_once_and_not_again() -> None:
    wire = Company(but("c0", coded("C7777E", "odd")))

    came = await push_at_once(api(wire), categories(2))

    assert isinstance(came[0], UnknownCodeError)
    assert wire.sizes == [("findCategory", 2), ("createCategory", 2), ("createCategory", 1)]


async def test_each_record_shows_the_shared_request_and_only_its_own_part() -> None:
    shared = api(Company(but("c1", coded("C0141E", "too long"))))
    fluents = [bound(shared) for _ in range(3)]
    pushes = (fluent.push(each) for fluent, each in zip(fluents, categories(3), strict=True))

    await asyncio.gather(*pushes, return_exceptions=True)

    find, create = [[f._trace.calls[n] for f in fluents] for n in (-2, -1)]
    assert [(call.path, call.shared, call.status) for call in [*find, *create]] == [
        *[("/graphql findCategory", 3, 200)] * 3,
        *[("/graphql createCategory", 3, 200)] * 3,
    ]
    assert '"c0"' in create[0].answer
    assert "c0" not in create[2].answer
    assert "too long" in create[1].answer
    assert [call.answer for call in find] == [""] * 3


async def test_the_record_of_a_failure_holds_nobodys_data() -> None:
    wire = Whole("createCategory", Answer(500))
    shared = api(wire)
    fluents = [bound(shared) for _ in range(2)]
    changes = categories(2)
    for change in changes:
        assert isinstance(change.create, dict)
        change.create["summary"] = SECRET

    pushes = (fluent.push(each) for fluent, each in zip(fluents, changes, strict=True))
    await asyncio.gather(*pushes, return_exceptions=True)

    failed = [call for call in fluents[1]._trace.calls if call.status == 500]
    assert len(failed) == 1
    assert '"c1"' in failed[0].sent
    assert '"c0"' not in failed[0].sent
    assert SECRET not in failed[0].sent


async def test_a_handlers_own_question_about_the_catalogue_shares_requests_too() -> None:
    document = 'query mine($r: String!) { it: category(ref: $r, catalogue: {ref: "X"}) { ref } }'
    wire = Company(lambda _, variables: {"ref": variables["r"]})
    shared = api(wire)

    asked = (bound(shared).ask(document, {"r": ref}) for ref in "abc")
    told = await asyncio.gather(*asked)

    assert told == [{"it": {"ref": ref}} for ref in "abc"]
    assert wire.sizes == [("mine", 3)]


async def test_half_an_answer_to_a_question_of_two_parts_is_none() -> None:
    document = (
        'query two($r: String!, $also: Boolean!) { a: category(ref: $r, catalogue: {ref: "X"})'
        ' { ref } b: product(ref: $r, catalogue: {ref: "X"}) @include(if: $also) { ref } }'
    )
    both = {"a_0": {"ref": "x"}, "b_0": None, "b_1": {"ref": "y"}}
    alone = {"a": None, "b": {"ref": "y"}}
    wire = Wire(json({"data": both}), json({"data": alone}))
    shared = api(wire)

    asked = (bound(shared).ask(document, {"r": ref, "also": True}) for ref in "xy")

    assert await asyncio.gather(*asked) == [{"a": {"ref": "x"}, "b": None}, alone]
    assert len(wire.requests) == 2


async def test_a_question_about_orders_goes_by_itself() -> None:
    document = "query mine($r: String!) { it: order(ref: $r) { ref } }"
    wire = Company(lambda _, variables: {"ref": variables["r"]})
    shared = FluentApi(fluent_door(wire), "1", batch=BatchSettings())

    await asyncio.gather(*(bound(shared).ask(document, {"r": ref}) for ref in "abc"))

    assert wire.sizes == [("mine", 1)] * 3
