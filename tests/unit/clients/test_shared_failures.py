"""One failure that many calls meet is one failure; one probe that many wait for is short."""

import asyncio

import pytest

from fluent_connect.clients.breaker import Breaker, BreakerSettings
from fluent_connect.clients.http import Answer, Request, Trace
from fluent_connect.model.errors import UnreachableError
from unit.clients.wire import Clock, Wire, commercetools_door, json


class SlowWire(Wire):
    """Gives everybody the time to wait for the one renewal."""

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        await asyncio.sleep(0)
        return await super().send(request, timeout)


async def test_one_failed_sign_in_counts_once_however_many_calls_waited_for_it() -> None:
    wire = SlowWire(json({}))
    wire.token = lambda: json({}, 500)
    door = commercetools_door(wire)

    calls = (door.call("GET", "/x", Trace(None)) for _ in range(12))
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(answer, UnreachableError) for answer in answers)
    assert len(wire.grants) == 1
    assert door.breaker.closed


async def test_sign_ins_that_fail_one_after_the_other_count_each() -> None:
    wire = SlowWire(json({}))
    wire.token = lambda: json({}, 500)
    door = commercetools_door(wire)

    for _ in range(10):
        with pytest.raises(UnreachableError):
            await door.call("GET", "/x", Trace(None))

    assert door.breaker.open


def test_who_comes_while_a_probe_is_out_is_not_sent_away_for_its_whole_time_out() -> None:
    clock = Clock()
    breaker = Breaker("acme", "fluent", BreakerSettings(wait=30.0, probe_timeout=60.0), clock)
    breaker.failed(UnreachableError("down", outage=True))
    clock.now += 31
    breaker.enter()

    with pytest.raises(UnreachableError) as refused:
        breaker.enter()

    assert refused.value.outage
    assert refused.value.retry_after == 1.0
