"""When a job is due: every so often, or by a cron expression in a time zone. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from fluent_connect.model.errors import ConfigError


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """`every` so many seconds, counted from 1970 so that all processes agree; or by `cron`.

    A time that daylight saving leaves out is due right after the gap, one that it repeats is due
    once.
    """

    every: float | None = None
    cron: str | None = None
    zone: str = "UTC"

    def after(self, moment: float) -> float:
        """Return the first time after `moment` at which the job is due, since the epoch."""
        if self.cron is None:
            every = self.every or 1.0
            return (moment // every + 1) * every
        local = datetime.fromtimestamp(moment, ZoneInfo(self.zone))
        return next(CronSim(self.cron, local)).timestamp()


def checked(cron: str, zone: str) -> None:
    """Raise ConfigError for an expression that nobody can read, or that is never due."""
    try:
        where = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"no time zone is called {zone!r}") from error
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=where)))
    except CronSimError as error:
        raise ConfigError(f"{cron!r} is no cron expression: {error}") from error
    except StopIteration:
        raise ConfigError(f"{cron!r} is never due") from None
