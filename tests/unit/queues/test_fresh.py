"""What is remembered of what was just put: of each queue its own, and the next to be taken."""

import pytest

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.sqlite import fresh as module
from fluent_connect.queues.engines.sqlite.fresh import Fresh


def parcel(number: int, size: int = 10) -> Parcel:
    return Parcel(f"{number}", "", b"x" * size)


def test_a_parcel_is_handed_over_once() -> None:
    fresh = Fresh()
    fresh.keep("q", parcel(1))
    assert fresh.pop("q", "1") == parcel(1)
    assert fresh.pop("q", "1") is None
    assert fresh.pop("other", "1") is None


def test_of_a_long_queue_the_beginning_is_kept() -> None:
    fresh = Fresh()
    for number in range(3000):
        fresh.keep("q", parcel(number))
    assert fresh.pop("q", "0") is not None
    assert fresh.pop("q", "2999") is None
    fresh.keep("q", parcel(3000))
    assert fresh.pop("q", "3000") is not None


def test_large_bodies_are_few_and_leave_other_queues_alone() -> None:
    fresh = Fresh()
    for number in range(10):
        fresh.keep("q", parcel(number, 1024 * 1024))
    fresh.keep("other", parcel(1))
    assert [fresh.pop("q", str(number)) is not None for number in range(10)] == [True] * 8 + [
        False
    ] * 2
    assert fresh.pop("other", "1") is not None


def test_what_nobody_takes_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Fresh()
    for number in range(3000):
        fresh.keep("q", parcel(number))
    monkeypatch.setattr(module, "_STALE", -1.0)
    fresh.keep("q", parcel(3000))
    assert fresh.pop("q", "0") is None
    assert fresh.pop("q", "3000") is not None


def test_what_is_due_later_is_not_kept() -> None:
    fresh = Fresh()
    fresh.keep("q", Parcel("1", "", b"x", not_before=5.0))
    assert fresh.pop("q", "1") is None
