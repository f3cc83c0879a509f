"""Faults on purpose: at one door over HTTP, and the rules themselves."""

import aiohttp
import pytest

from fluent_connect.sandbox.faults import Fault, Faults
from unit.sandbox.caller import Caller, category

ORDERS = '{ found: orders(ref: ["x"]) { edges { node { ref } } } }'


async def _raw(caller: Caller, text: str = ORDERS) -> tuple[int, str, str | None]:
    url = f"{caller.sandbox.fluent_url}/graphql"
    headers = {"Authorization": f"Bearer {caller._tokens['fluent']}"}
    async with caller.session.post(url, json={"query": text}, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers.get("Retry-After")


async def test_a_reset_after_the_work_leaves_the_work_done(caller: Caller) -> None:
    fault = Fault(kind="reset", operation="createCategory", processed=True, times=1)
    caller.sandbox.fluent.faults.set([fault])
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.mutate("createCategory", category())
    assert caller.sandbox.fluent.entities.counts()["category"] == 1


async def test_a_reset_before_the_work_leaves_nothing(caller: Caller) -> None:
    caller.sandbox.fluent.faults.set([Fault(kind="reset", operation="mutation", times=1)])
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.mutate("createCategory", category())
    assert "category" not in caller.sandbox.fluent.entities.counts()


async def test_what_follows_a_fault_can_go_wrong_too(caller: Caller) -> None:
    lookups = [
        Fault(kind="status", operation="orders", status=429, retry_after="1"),
        Fault(kind="errors", operation="orders"),
        Fault(kind="truncated", operation="orders"),
        Fault(kind="html", operation="orders"),
    ]
    first = Fault(kind="reset", operation="createCategory", every=3, processed=True, then=lookups)
    caller.sandbox.fluent.faults.set([first])
    for ref in ("a", "b"):
        await caller.made("createCategory", category(ref))
    assert '"edges":[]' in (await _raw(caller))[1]
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.mutate("createCategory", category("c"))
    status, _, retry_after = await _raw(caller)
    assert (status, retry_after) == (429, "1")
    assert (await _raw(caller))[1].startswith('{"data":{"found":null},"errors":[')
    assert (await _raw(caller))[1] == '{"data":{"found'
    assert "<html>" in (await _raw(caller))[1]
    assert '"edges":[]' in (await _raw(caller))[1]


async def test_tokens_expire_after_so_many_calls(caller: Caller) -> None:
    caller.sandbox.fluent.faults.set([Fault(kind="expire-token", skip=2, times=1)])
    statuses = [(await _raw(caller))[0] for _ in range(4)]
    assert statuses == [200, 200, 401, 401]


async def test_the_token_endpoint_fails_on_its_own(caller: Caller) -> None:
    url = f"{caller.sandbox.fluent_url}/__sandbox/faults"
    rule = {"kind": "status", "operation": "token", "status": 500}
    async with caller.session.post(url, json={"faults": [rule], "seed": 3}) as answer:
        assert (await answer.json())[0]["fault"]["operation"] == "token"
    assert (await caller.fluent_token())[0] == 500
    assert (await _raw(caller))[0] == 200
    async with caller.session.delete(url) as answer:
        assert await answer.json() == []
    async with caller.session.post(url, json={"faults": [{"kind": "nonsense"}]}) as answer:
        assert answer.status == 400


async def test_knobs_are_turned_over_http(caller: Caller) -> None:
    url = f"{caller.sandbox.fluent_url}/__sandbox/knobs"
    async with caller.session.post(url, json={"denied": ["ORDER_VIEW"]}) as answer:
        assert (await answer.json())["denied"] == ["ORDER_VIEW"]
    assert "ORDER_VIEW" in (await _raw(caller))[1]
    async with caller.session.post(url, json={"nonsense": 1}) as answer:
        assert answer.status == 400


async def test_both_servers_show_what_they_hold(caller: Caller) -> None:
    for url in (caller.sandbox.fluent_url, caller.sandbox.commercetools_url):
        async with caller.session.get(url) as answer:
            assert "(sandbox)</h1>" in await answer.text()
        async with caller.session.get(f"{url}/__sandbox/state") as answer:
            assert "requests" in await answer.json()


def test_chance_is_the_same_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults([Fault(kind="status", probability=0.5)], seed=seed)
        return [bool(faults.pick(("x",))) for _ in range(50)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert any(struck(1))


def test_rules_strike_each_nth_and_so_often_at_most() -> None:
    faults = Faults([Fault(kind="status", operation="a", every=2, skip=1, times=2)])
    struck = [bool(faults.pick(("a",))) for _ in range(9)]
    assert [number for number, hit in enumerate(struck, 1) if hit] == [3, 5]
    assert not faults.pick(("b",))
