"""What is asked for at the same moment is read together, and each gets the answer of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from fluent_connect.clients.commercetools.client import CommercetoolsApi
from fluent_connect.clients.fluent.comparison import Comparison
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.clients.gathering import Gathering
from fluent_connect.clients.http import Answer, Request
from fluent_connect.clients.trace import Call, Trace
from fluent_connect.model.errors import RefusedError, UnreachableError
from fluent_connect.model.notification import Reference
from unit.clients.fluent.company import Company, Says, api
from unit.clients.wire import Wire, commercetools_door, edges, json


class Thing(msgspec.Struct):
    id: str
    version: int


class Library:
    """What can be read, and each read that was made."""

    def __init__(self, *names: str, refuses: str = "", fails: str = "") -> None:
        self.reads: list[tuple[str, ...]] = []
        self._names = names
        self._refuses = refuses
        self._fails = fails

    async def several(self, group: str, names: Sequence[str], trace: Trace) -> Mapping[str, str]:
        self.reads.append(tuple(names))
        trace.calls.append(Call("test", "GET", group, 200, 0.0))
        if self._refuses in names:
            raise RefusedError(f"no {self._refuses}")
        if self._fails in names:
            raise UnreachableError("no answer")
        return {name: f"{group} {name}" for name in names if name in self._names}


async def test_questions_of_one_moment_share_a_read_by_group_and_each_gets_its_own() -> None:
    library = Library("a", "b")
    gathering = Gathering(library.several, 10)
    traces = [Trace() for _ in range(4)]
    asked = [("x", "a"), ("x", "b"), ("y", "a"), ("x", "c")]
    found = await asyncio.gather(
        *(gathering.ask(*each, trace) for each, trace in zip(asked, traces, strict=True))
    )
    assert found == ["x a", "x b", "y a", None]
    assert library.reads == [("a", "b", "c"), ("a",)]
    assert [[call.shared for call in trace.calls] for trace in traces] == [[3], [3], [1], [3]]
    assert await gathering.ask("x", "a", Trace()) == "x a"
    assert library.reads[-1] == ("a",)


async def test_no_read_is_larger_than_it_may_be() -> None:
    library = Library("a", "b", "c")
    gathering = Gathering(library.several, 2)
    assert await asyncio.gather(*(gathering.ask("x", name, Trace()) for name in "abcaa"))
    assert library.reads == [("a", "b"), ("c", "a"), ("a",)]


async def test_who_is_refused_in_company_costs_the_others_nothing() -> None:
    library = Library("a", "b", "c", refuses="b")
    gathering = Gathering(library.several, 10)
    found = await asyncio.gather(
        *(gathering.ask("x", name, Trace()) for name in "abc"), return_exceptions=True
    )
    assert (found[0], found[2]) == ("x a", "x c")
    assert isinstance(found[1], RefusedError)
    assert library.reads == [("a", "b", "c"), ("a",), ("b",), ("c",)]


async def test_no_answer_is_everybodys_error_and_none_of_them_is_shared() -> None:
    gathering = Gathering(Library("a", "b", fails="a").several, 10)
    found = await asyncio.gather(
        *(gathering.ask("x", name, Trace()) for name in "ab"), return_exceptions=True
    )
    assert [type(each) for each in found] == [UnreachableError, UnreachableError]
    assert found[0] is not found[1]


async def test_a_bug_is_told_to_whoever_asked() -> None:
    async def several(_group: str, _names: Sequence[str], _trace: Trace) -> Mapping[str, str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Gathering(several, 10).ask("x", "a", Trace())


async def test_who_gives_up_leaves_the_others_their_answer_and_closing_gives_up_all() -> None:
    gate = asyncio.Event()

    async def several(_group: str, names: Sequence[str], _trace: Trace) -> Mapping[str, str]:
        await gate.wait()
        if "bad" in names:
            raise RefusedError("no")
        return {name: name for name in names}

    gathering = Gathering(several, 1)
    asked = [asyncio.create_task(gathering.ask("x", n, Trace())) for n in ("a", "bad", "c")]
    await asyncio.sleep(0)
    asked[0].cancel()
    asked[1].cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await asked[2] == "c"
    gate.clear()
    left = asyncio.create_task(gathering.ask("x", "d", Trace()))
    for _ in range(3):
        await asyncio.sleep(0)
    gathering.close()
    with pytest.raises(asyncio.CancelledError):
        await left


def shop(held: Mapping[str, int], *, lists: int = 100, refuses: bool = False) -> Wire:
    """Return a commercetools that holds these customers, and tells so many in one list."""

    def answer(request: Request) -> Answer:
        url = urlsplit(request.url)
        last = url.path.rpartition("/")[2]
        if last != "customers":
            return json({"id": last, "version": held[last]}) if last in held else Answer(404)
        if refuses:
            return json({"statusCode": 400, "message": "malformed"}, 400)
        wanted = parse_qs(url.query)["var.ids"]
        found = [{"id": id_, "version": n} for id_, n in held.items() if id_ in wanted]
        return json({"results": found[:lists]})

    return Wire(by=answer)


async def got(wire: Wire, *ids: str) -> list[Thing | None]:
    project = CommercetoolsApi(commercetools_door(wire), "shop")
    try:
        return await asyncio.gather(
            *(
                project.bound(Trace())
                .gathered()
                .get(Reference("customer", id_), Thing, expand=["customerGroup"])
                for id_ in ids
            )
        )
    finally:
        project.close()


async def test_resources_are_read_by_one_query_with_what_is_expanded() -> None:
    wire = shop({"c-1": 1, "c-2": 2})
    assert await got(wire, "c-1", "c-2") == [Thing("c-1", 1), Thing("c-2", 2)]
    (request,) = wire.requests
    asked = parse_qs(urlsplit(request.url).query)
    assert (asked["where"], asked["expand"]) == (["id in :ids"], ["customerGroup"])
    assert (asked["limit"], asked["var.ids"]) == (["2"], ["c-1", "c-2"])


async def test_what_a_list_lacks_is_gone_only_once_it_was_asked_for_by_itself() -> None:
    wire = shop({"c-1": 1, "c-2": 2}, lists=1)
    assert await got(wire, "c-1", "c-2", "c-3") == [Thing("c-1", 1), Thing("c-2", 2), None]
    assert len(wire.requests) == 3


async def test_a_query_that_is_refused_leaves_each_to_be_read_by_itself() -> None:
    wire = shop({"c-1": 1, "c-2": 2}, refuses=True)
    assert await got(wire, "c-1", "c-2") == [Thing("c-1", 1), Thing("c-2", 2)]
    assert ["where" in each.url for each in wire.requests] == [True, False, False]


def customer(number: int) -> Upsert:
    input_ = {"username": f"u-{number}", "firstName": "Ida"}
    return Upsert(entity="customer", ref=f"u-{number}", create=input_, update=input_)


async def compared(wire: Wire, *changes: Upsert) -> list[Comparison]:
    account = api(wire)
    return await asyncio.gather(
        *(account.bound(Trace()).gathered().compare(each) for each in changes)
    )


def people(*numbers: int, more: bool = False) -> Says:
    """Return a Fluent that holds these; `more`: and says that a page does not hold all."""

    def says(_: str, asked: Mapping[str, Any]) -> object:
        told = [
            {"id": str(n), "username": f"u-{n}", "firstName": "Ida", "attributes": []}
            for n in numbers
            if f"u-{n}" in asked["refs"]
        ]
        return edges(told, more=more and len(asked["refs"]) > 1)

    return says


async def test_customers_that_are_compared_at_once_are_one_question_to_fluent() -> None:
    wire = Company(people(1, 2))
    found = await compared(wire, customer(1), customer(2), customer(3))
    assert [each.how for each in found] == ["same", "same", "missing"]
    (body,) = wire.bodies()
    assert body["variables"]["refs"] == ["u-1", "u-2", "u-3"]


async def test_a_page_that_does_not_hold_all_is_no_answer_to_many() -> None:
    wire = Company(people(1, 2, more=True))
    found = await compared(wire, customer(1), customer(2), customer(3))
    assert [each.how for each in found] == ["same", "same", "missing"]
    assert [len(body["variables"]["refs"]) for body in wire.bodies()] == [3, 1, 1, 1]
