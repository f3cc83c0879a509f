"""The watchdog: it looks at the loop by a clock that the test sets."""

import threading

import pytest
from structlog.testing import capture_logs

from e2e.harness import until
from fluent_connect.app.watchdog import EXIT_BLOCKED, Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_blocked_loop_is_told_once_and_ended_after_the_time_out() -> None:
    clock, ends, steps = Clock(), list[int](), list[str]()
    watchdog = Watchdog(
        lambda: 5.0,
        before_end=lambda: steps.append("spared"),
        end=ends.append,
        clock=clock,
    )
    with capture_logs() as lines:
        clock.now += 0.9
        watchdog.look()
        assert not lines
        clock.now += 0.2
        watchdog.look()
        watchdog.look()
        assert [line["event"] for line in lines] == ["loop blocked"]
        assert "watchdog.look()" in lines[0]["stack"]
        clock.now += 5.8
        watchdog.look()
        assert not ends
        clock.now += 0.2
        watchdog.look()
    assert (ends, steps) == ([EXIT_BLOCKED], ["spared"])
    assert watchdog.lag == pytest.approx(6.85)


def test_what_goes_wrong_before_the_end_does_not_prevent_it() -> None:
    clock, ends = Clock(), list[int]()

    def broken() -> None:
        raise RuntimeError("the store is gone")

    watchdog = Watchdog(lambda: 0.0, before_end=broken, end=ends.append, clock=clock)
    clock.now += 3.0
    with capture_logs(), pytest.raises(RuntimeError):
        watchdog.look()
    assert ends == [EXIT_BLOCKED]


async def test_a_running_loop_beats_until_the_watchdog_is_stopped() -> None:
    clock = Clock()
    watchdog = Watchdog(lambda: 60.0, end=lambda _: None, clock=clock)
    watchdog.start()
    clock.now += 0.5
    await until(lambda: not watchdog.lag)
    watchdog.stop()
    await until(lambda: "watchdog" not in {one.name for one in threading.enumerate()})
