import asyncio
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace

from fluent_connect.clients.http import Answer, Trace
from fluent_connect.clients.tokens import ClientCredentials, PasswordGrant
from fluent_connect.model.errors import RateLimitedError, UnreachableError
from unit.clients.wire import COMMERCETOOLS, FLUENT, TOKEN, Clock, Wire, json


def form(wire: Wire, index: int = -1) -> dict[str, list[str]]:
    return parse_qs((wire.grants[index].body or b"").decode())


async def test_client_credentials_go_as_basic_and_form() -> None:
    wire = Wire()
    tokens = ClientCredentials(COMMERCETOOLS, wire, clock=Clock())

    await tokens.renew(Trace())

    assert tokens.authorization == "Bearer t-1"
    assert wire.grants[0].headers["Authorization"] == "Basic bWU6aHVzaA=="
    assert form(wire) == {
        "grant_type": ["client_credentials"],
        "scope": ["manage_project:shop"],
    }


async def test_fluent_is_asked_by_password_then_by_refresh_tokens_each_used_once() -> None:
    wire = Wire()
    tokens = PasswordGrant(FLUENT, wire, clock=Clock())

    for _ in range(3):
        await tokens.renew(Trace())

    assert wire.grants[0].headers["fluent.account"] == "ACME"
    assert form(wire, 0)["password"] == ["pass word"]
    assert form(wire, 0)["scope"] == ["api"]
    assert [form(wire, i).get("refresh_token") for i in range(3)] == [None, ["r-1"], ["r-2"]]


async def test_a_spent_refresh_token_falls_back_to_the_password() -> None:
    wire = Wire()
    tokens = PasswordGrant(FLUENT, wire, clock=Clock())
    await tokens.renew(Trace())
    replies = [json({"error": "invalid_grant"}, 400), json(TOKEN)]
    wire.token = lambda: replies.pop(0)

    await tokens.renew(Trace())

    assert form(wire)["grant_type"] == ["password"]


async def test_many_callers_share_one_renewal() -> None:
    wire = Wire()
    tokens = PasswordGrant(FLUENT, wire, clock=Clock())

    await asyncio.gather(*(tokens.renew(Trace()) for _ in range(20)))

    assert len(wire.grants) == 1


async def test_a_caller_that_gives_up_does_not_take_the_renewal_with_it() -> None:
    wire = Wire()
    tokens = PasswordGrant(FLUENT, wire, clock=Clock())
    first = asyncio.create_task(tokens.renew(Trace()))
    second = asyncio.create_task(tokens.renew(Trace()))
    await asyncio.sleep(0)
    first.cancel()

    await second

    assert tokens.authorization == "Bearer t-1"


@pytest.mark.parametrize(
    ("expires_in", "early"), [(172_800, 17_280), (1_800, 180), (300, 60), (40, 20)]
)
async def test_a_token_is_renewed_early_and_expires_in_is_trusted(
    expires_in: int, early: int
) -> None:
    wire, clock = Wire(), Clock()
    wire.token = lambda: json({**TOKEN, "expires_in": expires_in})
    tokens = PasswordGrant(FLUENT, wire, clock=clock)

    await tokens.renew(Trace())

    assert tokens.renew_at == clock.now + expires_in - early


async def test_a_failed_early_renewal_keeps_the_token_that_still_holds() -> None:
    wire, clock = Wire(), Clock()
    tokens = ClientCredentials(COMMERCETOOLS, wire, clock=clock)
    await tokens.renew(Trace())
    clock.now = tokens.renew_at
    wire.token = lambda: Answer(503)

    await tokens.renew(Trace())
    assert tokens.authorization == "Bearer t-1"

    clock.now += 3600
    with pytest.raises(UnreachableError):
        await tokens.renew(Trace())


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_bad_credentials_are_an_outage(status: int) -> None:
    wire = Wire()
    wire.token = lambda: json({"error": "invalid_grant"}, status)

    with pytest.raises(UnreachableError, match="invalid_grant") as caught:
        await PasswordGrant(FLUENT, wire, clock=Clock()).renew(Trace())

    assert caught.value.outage


async def test_the_password_is_sent_three_times_in_ten_minutes_at_most() -> None:
    wire, clock = Wire(), Clock()
    wire.token = lambda: json({"error": "invalid_grant"}, 400)
    tokens = PasswordGrant(FLUENT, wire, clock=clock)

    for _ in range(10):
        with pytest.raises(UnreachableError):
            await tokens.renew(Trace())
    assert len(wire.grants) == 3

    clock.now += 601
    with pytest.raises(UnreachableError):
        await tokens.renew(Trace())
    assert len(wire.grants) == 4


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_password_that_nobody_judged_does_not_count(status: int) -> None:
    clock, wire = Clock(), Wire()
    tokens = PasswordGrant(FLUENT, wire, clock=clock)
    wire.token = lambda: json({"error": "server_error"}, status)
    for _ in range(5):
        with pytest.raises((UnreachableError, RateLimitedError)):
            await tokens.renew(Trace())
    wire.token = lambda: json(TOKEN)
    await tokens.renew(Trace())
    assert len(wire.grants) == 6


async def test_a_password_that_never_left_does_not_count() -> None:
    wire = Wire()
    wire.token = lambda: UnreachableError("refused", sent=False)
    tokens = PasswordGrant(FLUENT, wire, clock=Clock())

    for _ in range(5):
        with pytest.raises(UnreachableError, match="refused"):
            await tokens.renew(Trace())

    assert len(wire.grants) == 5


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"access_token":"x'])
async def test_an_answer_without_a_token_is_no_answer(body: bytes) -> None:
    wire = Wire()
    wire.token = lambda: Answer(200, body)

    with pytest.raises(UnreachableError, match="without a token"):
        await PasswordGrant(FLUENT, wire, clock=Clock()).renew(Trace())


async def test_the_record_of_a_sign_in_holds_no_secret() -> None:
    wire, trace = Wire(), Trace()
    await PasswordGrant(FLUENT, wire, clock=Clock()).renew(trace)

    (call,) = trace.calls
    assert (call.path, call.status, call.sent, call.answer) == ("/oauth/token", 200, "", "")


async def test_a_new_password_is_sent_at_once_and_the_token_held_until_then() -> None:
    wire, clock = Wire(), Clock()
    tokens = PasswordGrant(FLUENT, wire, clock=clock)
    await tokens.renew(Trace())
    assert not tokens.use(replace(FLUENT))
    assert tokens.use(replace(FLUENT, password="new"))
    assert tokens.renew_at == 0.0
    wire.token = lambda: Answer(503)
    await tokens.renew(Trace())
    assert tokens.authorization == "Bearer t-1"
    wire.token = lambda: json({"access_token": "t-9"})
    await tokens.renew(Trace())
    assert tokens.authorization == "Bearer t-9"
    assert (form(wire)["grant_type"], form(wire)["password"]) == (["password"], ["new"])


async def test_another_password_is_not_held_up_by_what_was_wrong_with_the_last() -> None:
    wire, clock = Wire(), Clock()
    wire.token = lambda: json({"error": "invalid_grant"}, 400)
    tokens = PasswordGrant(FLUENT, wire, clock=clock)
    for _ in range(4):
        with pytest.raises(UnreachableError):
            await tokens.renew(Trace())
    tokens.use(replace(FLUENT, password="right"))
    wire.token = lambda: json({"access_token": "t-9"})
    await tokens.renew(Trace())
    assert tokens.authorization == "Bearer t-9"


async def test_a_new_client_of_commercetools_signs_in_from_the_next_call_on() -> None:
    wire = Wire()
    tokens = ClientCredentials(COMMERCETOOLS, wire, clock=Clock())
    assert not tokens.use(replace(COMMERCETOOLS))
    assert tokens.use(replace(COMMERCETOOLS, client_secret="new"))
    await tokens.renew(Trace())
    assert wire.grants[0].headers["Authorization"] == "Basic bWU6bmV3"
