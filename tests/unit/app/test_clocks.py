from fluent_connect.app.clocks import ClockWatch


class Times:
    """A clock on the wall, and one that only goes forward."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.steady = 5.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def watch() -> tuple[Times, ClockWatch]:
    times = Times()
    return times, ClockWatch(lambda: times.wall, lambda: times.steady)


def test_a_clock_that_goes_is_trusted() -> None:
    times, clock = watch()
    times.pass_(1_000_000)
    assert clock.doubt() == ""


def test_a_clock_that_others_contradict_is_not_until_they_agree() -> None:
    times, clock = watch()
    clock.told(times.wall + 30, times.wall)
    assert clock.doubt() == ""
    clock.told(times.wall + 3600, times.wall)
    assert "off by 3600 s" in clock.doubt()
    times.pass_(100_000)
    assert clock.doubt()
    clock.told(times.wall - 2, times.wall)
    assert clock.doubt() == ""


def test_a_clock_that_is_put_right_is_trusted_again() -> None:
    times, clock = watch()
    clock.told(times.wall + 3600, times.wall)
    times.wall += 3600
    assert clock.doubt() == ""


def test_a_jump_is_doubted_for_an_hour_or_until_it_is_undone() -> None:
    times, clock = watch()
    times.wall -= 3600
    assert "off by 3600 s" in clock.doubt()
    times.pass_(3599)
    assert clock.doubt()
    times.wall += 3600
    assert clock.doubt() == ""
    times.wall += 3600
    assert clock.doubt()
    times.pass_(3601)
    assert clock.doubt() == ""
    assert clock.doubt() == ""
