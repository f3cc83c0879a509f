import pytest

from fluent_connect.clients.breaker import BreakerSettings
from fluent_connect.clients.budget import BudgetSettings
from fluent_connect.clients.http import Answer, Trace
from fluent_connect.model.errors import (
    RateLimitedError,
    RefusedError,
    RetryableError,
    UnreachableError,
)
from fluent_connect.model.lease import Lease
from unit.clients.wire import Clock, Wire, fluent_door, json

OK = json({"ok": True})


def lease(seconds: float) -> Lease:
    return Lease(lambda: seconds, lambda: 0.0)


async def test_a_call_is_signed_named_and_recorded() -> None:
    wire, trace = Wire(OK), Trace(lease(60), "m-1")
    door = fluent_door(wire)

    answer = await door.call("POST", "/graphql?x=jane@x.test", trace, body=b"{}", keep=True)

    (request,) = wire.requests
    assert answer.body == b'{"ok":true}'
    assert request.url == "https://acme.test/graphql?x=jane@x.test"
    assert request.headers["Authorization"] == "Bearer t-1"
    assert request.headers["User-Agent"].startswith("fluent-connect/")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["fluent.account"] == "ACME"
    assert request.headers["X-Correlation-ID"] == "m-1"
    sign_in, call = trace.calls
    assert sign_in.path == "/oauth/token"
    assert (call.system, call.method, call.path) == ("fluent", "POST", "/graphql")
    assert (call.status, call.sent, call.answer) == (200, "", '{"ok":true}')


async def test_a_lease_that_ends_before_a_time_out_makes_no_call() -> None:
    wire = Wire(OK)

    with pytest.raises(RetryableError, match="lease") as caught:
        await fluent_door(wire).call("GET", "/x", Trace(lease(9.9)))

    assert not caught.value.counts
    assert not wire.requests
    assert not wire.grants


async def test_a_refused_token_is_renewed_once_and_the_call_repeated_once() -> None:
    wire, trace = Wire(Answer(401), OK), Trace()
    door = fluent_door(wire)

    answer = await door.call("GET", "/x", trace)

    assert answer.status == 200
    assert [r.headers["Authorization"] for r in wire.requests] == ["Bearer t-1", "Bearer t-2"]
    assert [c.status for c in trace.calls] == [200, 401, 200, 200]


async def test_a_token_refused_twice_is_an_outage() -> None:
    wire = Wire(Answer(401))
    door = fluent_door(wire)

    with pytest.raises(UnreachableError) as caught:
        await door.call("GET", "/x", Trace())

    assert caught.value.outage
    assert door.breaker.open
    assert len(wire.requests) == 2


async def test_what_is_not_found_is_handed_back_and_other_refusals_are_raised() -> None:
    door = fluent_door(Wire(Answer(404), Answer(404)))

    assert (await door.call("GET", "/x", Trace())).status == 404
    with pytest.raises(RefusedError):
        await door.call("GET", "/x", Trace(), accept=())


async def test_an_open_breaker_lets_nothing_out() -> None:
    wire, clock = Wire(Answer(500)), Clock()
    door = fluent_door(wire, clock, breaker=BreakerSettings(in_a_row=3))
    for _ in range(5):
        with pytest.raises(UnreachableError):
            await door.call("GET", "/x", Trace())
    assert len(wire.requests) == 3

    wire.replies = [OK]
    clock.now += 30
    await door.call("GET", "/x", Trace())

    assert door.breaker.closed


async def test_a_rate_limit_holds_all_calls_until_the_time_given() -> None:
    wire, clock = Wire(json({}, 429, retry_after="120"), OK), Clock()
    door = fluent_door(wire, clock)
    with pytest.raises(RateLimitedError) as limited:
        await door.call("GET", "/x", Trace())
    assert limited.value.retry_after == 120
    assert limited.value.counts

    with pytest.raises(RateLimitedError) as held:
        await door.call("GET", "/x", Trace())
    assert held.value.retry_after == 120
    assert not held.value.counts
    assert len(wire.requests) == 1
    assert door.breaker.closed

    clock.now += 120
    await door.call("GET", "/x", Trace())
    assert len(wire.requests) == 2


async def test_a_budget_that_is_used_up_is_not_the_messages_fault() -> None:
    wire = Wire(OK)
    settings = BudgetSettings(per_second=0.001, concurrency=1, patience=0.01)
    door = fluent_door(wire, budget=settings)
    await door.call("GET", "/x", Trace())

    with pytest.raises(RateLimitedError, match="budget") as caught:
        await door.call("GET", "/x", Trace())

    assert not caught.value.counts
    assert len(wire.requests) == 1


async def test_a_failed_call_is_recorded_with_its_shape_and_without_personal_data() -> None:
    wire = Wire(json({"errors": [{"code": "X1", "message": "jane@x.test is known"}]}, 422))
    trace = Trace()
    body = b'{"variables":{"input":{"ref":"A1","primaryEmail":"jane@x.test","firstName":"Jane"}}}'

    with pytest.raises(RefusedError):
        await fluent_door(wire).call("POST", "/graphql", trace, body=body)

    call = trace.calls[-1]
    assert '"ref":"A1"' in call.sent
    assert "X1" in call.answer
    for text in (call.sent, call.answer):
        assert "jane@x.test" not in text
        assert "Jane" not in text


async def test_a_call_without_an_answer_says_whether_it_left() -> None:
    wire, trace = Wire(UnreachableError("no connection", sent=False)), Trace()

    with pytest.raises(UnreachableError, match="fluent GET /x: no connection") as caught:
        await fluent_door(wire).call("GET", "/x", trace)

    assert not caught.value.sent
    assert trace.calls[-1].status == 0


async def test_a_sign_in_that_fails_opens_the_breaker() -> None:
    wire = Wire(OK)
    wire.token = lambda: json({"error": "invalid_grant"}, 400)
    door = fluent_door(wire)

    with pytest.raises(UnreachableError) as caught:
        await door.call("GET", "/x", Trace())

    assert caught.value.outage
    assert door.breaker.open
