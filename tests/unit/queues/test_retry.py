import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.model.errors import (
    ConflictError,
    MalformedError,
    MissingParentError,
    NoRouteError,
    RateLimitedError,
    RefusedError,
    RetryableError,
    Skip,
    UnprocessableError,
    UnreachableError,
)
from fluent_connect.model.outcome import Dead, Later, Parked, Skipped
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery

NOW = 1_000_000.0
POLICY = RetryPolicy()


def delivery(tries: int = 1, *, age: float | None = None, parks: int = 0) -> Delivery:
    parcel = Parcel(id="p.0", key="acme/1/order/o1", body=b"{}")
    first = None if age is None else NOW - age
    return Delivery(EVENT_QUEUE, parcel, tries, first, "lease", NOW + 30, parks)


def fate(
    error: Exception, given: Delivery | None = None, *, chance: float = 0.5, outage: bool = False
) -> Skipped | Later | Parked | Dead:
    return POLICY.next(given or delivery(), error, now=NOW, chance=chance, outage=outage)


def wait(error: Exception, given: Delivery | None = None, *, chance: float = 0.5) -> float:
    found = fate(error, given, chance=chance)
    assert isinstance(found, Later)
    return found.after


def unknown_code() -> RetryableError:
    error = RetryableError("code X9999E")
    error.few_tries = True
    return error


def test_a_skip_is_skipped_with_its_reason() -> None:
    assert fate(Skip("not exportable")) == Skipped("not exportable")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MalformedError("not JSON"), "malformed: not JSON"),
        (RefusedError("C0122E"), "refused: C0122E"),
        (UnprocessableError("no order number"), "no order number"),
    ],
)
def test_what_no_retry_can_help_is_dead_at_once(error: Exception, reason: str) -> None:
    found = fate(error)
    assert isinstance(found, Dead)
    assert found.reason == reason


def test_a_missing_parent_parks_the_parcel_on_its_ref() -> None:
    error = MissingParentError("category", "c1")
    error.waits_for, error.since = "acme/1/category/c1", 7
    assert fate(error) == Parked("Fluent has no category c1 yet", "acme/1/category/c1", 7, 60.0)


@pytest.mark.parametrize(("parks", "after"), [(0, 60.0), (1, 300.0), (2, 900.0), (9, 900.0)])
def test_a_parked_parcel_is_looked_at_less_and_less_often(parks: int, after: float) -> None:
    found = fate(MissingParentError("category", "c1"), delivery(parks=parks))
    assert isinstance(found, Parked)
    assert found.after == after


def test_a_parent_that_never_came_is_dead_after_the_deadline() -> None:
    found = fate(MissingParentError("category", "c1"), delivery(age=3 * 86400.0))
    assert isinstance(found, Dead)
    assert found.reason == "parent never came: Fluent has no category c1 yet"


def test_without_a_route_it_waits_for_the_route_with_no_deadline() -> None:
    found = fate(NoRouteError("acme.unheard", since=3), delivery(age=9e9, parks=900))
    assert found == Parked("no route takes acme.unheard", "route/acme.unheard", 3, 900.0)


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("503"),
        RateLimitedError("429"),
        ConflictError("409"),
        ConnectionResetError("reset"),
        TimeoutError("too long"),
        socket.gaierror("no such host"),
    ],
)
def test_what_may_pass_by_itself_is_tried_by_the_schedule(error: Exception) -> None:
    waits = [wait(error, delivery(tries)) for tries in range(1, 13)]
    assert waits == list(POLICY.waits)


def test_the_schedule_spans_about_two_days() -> None:
    assert sum(POLICY.waits) == 51 * 3600 + 42 * 60 + 36


def test_it_is_given_up_after_the_last_wait() -> None:
    found = fate(UnreachableError("503"), delivery(13))
    assert found == Dead("gave up after 13 tries: 503", "UnreachableError: 503")


def test_jitter_moves_a_wait_by_a_fifth_to_either_side() -> None:
    waits = [wait(UnreachableError("503"), delivery(2), chance=chance) for chance in (0.0, 1.0)]
    assert waits == pytest.approx([4.0, 6.0])


def test_a_longer_retry_after_is_honoured() -> None:
    assert wait(RateLimitedError("429", retry_after=20), chance=0.0) == 20


def test_a_shorter_retry_after_does_not_shorten_the_wait() -> None:
    assert wait(RateLimitedError("429", retry_after=1), delivery(5)) == 600


def test_nobody_may_ask_for_more_than_an_hour() -> None:
    assert wait(RateLimitedError("429", retry_after=9e9), chance=0.0) == 3600


def test_an_outage_is_no_try() -> None:
    found = fate(UnreachableError("503"), delivery(99), outage=True)
    assert found == Later(30.0, "UnreachableError: 503", counts=False)


def test_a_refused_sign_in_is_an_outage() -> None:
    found = fate(UnreachableError("401", outage=True), delivery(99))
    assert found == Later(30.0, "UnreachableError: 401", counts=False)


def test_an_outage_does_not_excuse_a_bug() -> None:
    assert fate(ValueError("x"), outage=True) == Later(1.0, "ValueError: x")


@pytest.mark.parametrize(
    ("age", "after"),
    [(None, 0.1), (0.0, 0.1), (0.15, 1.0), (1.2, 5.0), (6.2, 30.0), (40.0, 30.0), (3599.0, 30.0)],
)
def test_a_stale_read_is_repeated_soon_and_is_no_try(age: float | None, after: float) -> None:
    found = fate(RetryableError("stale", counts=False), delivery(age=age))
    assert found == Later(after, "RetryableError: stale", counts=False)


def test_a_read_that_stays_stale_becomes_a_try() -> None:
    stale = RetryableError("stale", counts=False)
    assert fate(stale, delivery(2, age=3600.0)) == Later(5.0, "RetryableError: stale")


def test_who_says_when_to_come_again_uses_up_no_tries_ever() -> None:
    waiting = RetryableError("no order number yet", retry_after=900, counts=False)
    found = fate(waiting, delivery(age=2 * 86400.0), chance=0.0)
    assert found == Later(900.0, "RetryableError: no order number yet", counts=False)


@pytest.mark.parametrize("error", [ValueError("x"), unknown_code()])
def test_what_nobody_foresaw_gets_a_few_tries(error: Exception) -> None:
    assert [wait(error, delivery(tries)) for tries in (1, 2)] == [1.0, 30.0]
    assert isinstance(fate(error, delivery(3)), Dead)


def test_a_dead_bug_keeps_its_traceback() -> None:
    try:
        raise KeyError("lineItems")  # noqa: TRY301 - a traceback is wanted
    except KeyError as error:
        found = fate(error, delivery(3))
    assert isinstance(found, Dead)
    assert found.reason == "gave up after 3 tries: KeyError: 'lineItems'"
    assert "test_a_dead_bug_keeps_its_traceback" in found.error


chances = st.floats(0, 1)
failures = st.sampled_from(
    [UnreachableError("503"), RateLimitedError("429", retry_after=40), ValueError(), unknown_code()]
)


@given(failures, st.integers(1, 20), chances)
def test_every_wait_is_bounded(error: Exception, tries: int, chance: float) -> None:
    found = fate(error, delivery(tries), chance=chance)
    assert isinstance(found, Dead) or 0 < found.after <= 86400 * 1.2  # type: ignore[union-attr]


@given(failures, st.integers(1, 20), chances)
def test_waits_never_fall(error: Exception, tries: int, chance: float) -> None:
    first, second = (fate(error, delivery(n), chance=chance) for n in (tries, tries + 1))
    assert isinstance(second, Dead) or first.after <= second.after  # type: ignore[union-attr]


@given(st.floats(0, 4e3), st.floats(0, 4e3), chances)
def test_stale_waits_never_fall_while_they_are_no_tries(
    one: float, other: float, chance: float
) -> None:
    stale = RetryableError("stale", counts=False)
    ages = [age for age in sorted((one, other)) if age < POLICY.stale_deadline]
    waits = [wait(stale, delivery(age=age), chance=chance) for age in ages]
    assert waits == sorted(waits)


def test_what_ended_the_process_in_all_its_tries_is_not_run_again() -> None:
    last = len(POLICY.waits) + 1
    POLICY.admit(delivery(last))
    with pytest.raises(UnprocessableError, match="the process ended while it ran") as caught:
        POLICY.admit(delivery(last + 1))
    assert isinstance(fate(caught.value, delivery(last + 1)), Dead)
