"""When a job is due: every so often, by cron, and on the two days when the clock jumps."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from fluent_connect.jobs.schedule import Schedule, checked
from fluent_connect.model.errors import ConfigError

BERLIN = ZoneInfo("Europe/Berlin")


def dues(schedule: Schedule, start: str, end: str) -> list[str]:
    """Return when the schedule is due in (start, end], in Berlin's local time with its offset."""
    moment, last = (datetime.fromisoformat(each).timestamp() for each in (start, end))
    found = []
    while (moment := schedule.after(moment)) <= last:
        found.append(datetime.fromtimestamp(moment, BERLIN).isoformat())
    return found


def test_every_so_often_falls_on_the_same_times_in_every_process() -> None:
    quarter = Schedule(every=900)
    assert dues(quarter, "2026-03-01T10:07:31+00:00", "2026-03-01T10:31:00+00:00") == [
        "2026-03-01T11:15:00+01:00",
        "2026-03-01T11:30:00+01:00",
    ]
    assert quarter.after(900.0) == 1800.0


@pytest.mark.parametrize(
    ("cron", "day", "found"),
    [
        # The night in which 02:00 to 03:00 is left out: due right after the gap, once.
        ("30 2 * * *", "2026-03-29", ["2026-03-29T03:00:00+02:00"]),
        # The night in which 02:00 to 03:00 comes twice: due once, the first time.
        ("30 2 * * *", "2026-10-25", ["2026-10-25T02:30:00+02:00"]),
        # Neither of these times is touched by the jump.
        ("0 1,4 * * *", "2026-03-29", ["2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00"]),
        ("0 1,4 * * *", "2026-10-25", ["2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00"]),
    ],
)
def test_a_time_that_daylight_saving_skips_or_repeats_is_due_once(
    cron: str, day: str, found: list[str]
) -> None:
    schedule = Schedule(cron=cron, zone="Europe/Berlin")
    start = datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=BERLIN).isoformat()
    end = datetime.fromisoformat(f"{day}T23:59:59").replace(tzinfo=BERLIN).isoformat()
    assert dues(schedule, start, end) == found


def test_what_is_due_every_hour_is_due_25_and_23_times_on_those_days() -> None:
    hourly = Schedule(cron="0 * * * *", zone="Europe/Berlin")
    assert len(dues(hourly, "2026-10-25T00:30:00+02:00", "2026-10-25T23:30:00+01:00")) == 24
    assert len(dues(hourly, "2026-03-29T00:30:00+01:00", "2026-03-29T23:30:00+02:00")) == 22


def test_a_time_zone_moves_what_is_due() -> None:
    at_two = "0 2 * * *"
    utc, berlin = Schedule(cron=at_two), Schedule(cron=at_two, zone="Europe/Berlin")
    assert utc.after(0.0) - berlin.after(0.0) == 3600.0


@pytest.mark.parametrize(
    ("cron", "zone", "why"),
    [
        ("61 * * * *", "UTC", "Bad minute"),
        ("daily", "UTC", "no cron expression"),
        ("0 0 31 2 *", "UTC", "is n"),
        ("0 0 * * *", "Europe/Berln", "no time zone is called 'Europe/Berln'"),
        ("0 0 * * *", "../etc", "no time zone"),
    ],
)
def test_what_cannot_be_scheduled_is_told(cron: str, zone: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        checked(cron, zone)
