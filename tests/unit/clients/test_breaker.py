import pytest

from fluent_connect.clients.breaker import Breaker, Breakers, BreakerSettings
from fluent_connect.model.errors import RateLimitedError, RefusedError, UnreachableError
from unit.clients.wire import Clock

DOWN = UnreachableError("500")
OUT = UnreachableError("403", outage=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("acme", "fluent", BreakerSettings(), clock)


def test_ten_failures_in_a_row_open_it(breaker: Breaker) -> None:
    for _ in range(9):
        breaker.failed(DOWN)
    assert not breaker.open
    breaker.failed(DOWN)

    assert breaker.open
    assert breaker.state == "open"


def test_a_success_between_starts_the_row_anew(breaker: Breaker) -> None:
    for _ in range(9):
        breaker.failed(DOWN)
    breaker.succeeded()
    breaker.failed(DOWN)

    assert breaker.closed


def test_half_of_the_last_twenty_open_it(breaker: Breaker) -> None:
    for _ in range(9):
        breaker.succeeded()
        breaker.failed(DOWN)
    breaker.succeeded()
    assert breaker.closed
    breaker.failed(DOWN)

    assert breaker.open


def test_few_failures_among_many_calls_leave_it_closed(breaker: Breaker) -> None:
    for _ in range(50):
        breaker.succeeded()
        breaker.succeeded()
        breaker.failed(DOWN)

    assert breaker.closed


def test_one_outage_opens_it_at_once(breaker: Breaker) -> None:
    breaker.failed(OUT)

    assert breaker.open
    assert breaker.reason == "403"


@pytest.mark.parametrize("error", [RefusedError("no"), RateLimitedError("slowly")])
def test_refusals_and_rate_limits_show_life(
    breaker: Breaker, error: RefusedError | RateLimitedError
) -> None:
    for _ in range(100):
        breaker.failed(error)

    assert breaker.closed


def test_while_open_a_call_is_refused_at_once_and_no_try_is_counted(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.failed(OUT)
    clock.now += 10

    with pytest.raises(UnreachableError, match="fluent of acme is out: 403") as caught:
        breaker.enter()

    assert caught.value.outage
    assert not caught.value.sent
    assert caught.value.retry_after == pytest.approx(20.0)


def test_after_its_wait_one_probe_passes_and_closes_it(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(OUT)
    clock.now += 30
    assert breaker.state == "half-open"

    breaker.enter()
    with pytest.raises(UnreachableError):
        breaker.enter()
    breaker.succeeded()

    assert breaker.closed
    breaker.enter()


def test_each_failed_probe_doubles_the_wait_up_to_five_minutes(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.failed(OUT)
    waits = []
    for _ in range(6):
        assert breaker.retry_at is not None
        waits.append(breaker.retry_at - clock.now)
        clock.now = breaker.retry_at
        breaker.enter()
        breaker.failed(DOWN)

    assert waits == [30, 60, 120, 240, 300, 300]


def test_late_answers_neither_close_an_open_breaker_nor_prolong_it(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.failed(OUT)
    retry_at = breaker.retry_at
    clock.now += 5
    breaker.failed(DOWN)
    breaker.succeeded()

    assert breaker.open
    assert breaker.retry_at == retry_at


def test_a_probe_that_never_ends_gives_way_to_another(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(OUT)
    clock.now += 30
    breaker.enter()
    assert breaker.open
    clock.now += 60

    breaker.enter()
    breaker.succeeded()

    assert breaker.closed


def test_the_registry_tells_what_is_paused(clock: Clock) -> None:
    breakers = Breakers(None, clock)
    assert breakers.of("acme", "fluent") is breakers.of("acme", "fluent")
    breakers.of("acme", "commercetools").failed(OUT)
    breakers.of("other", "fluent").succeeded()

    assert breakers.paused() == {"acme/*"}
    assert breakers.is_open("acme")
    assert not breakers.is_open("other")
    assert {b.system for b in breakers.all()} == {"fluent", "commercetools"}

    clock.now += 30
    assert breakers.paused() == set()
    assert breakers.is_open("acme")
