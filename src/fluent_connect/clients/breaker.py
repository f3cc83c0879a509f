"""Stops calls to a system that gives no answers, so that an outage costs no message its tries."""

import time
from collections.abc import Callable
from typing import Literal

import msgspec

from fluent_connect.model.errors import ConnectError, UnreachableError

_WINDOW = 20
_MASK = (1 << _WINDOW) - 1
_PROBED_WITHIN = 1.0
"""Seconds after which those whom a probe keeps waiting look again."""


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens, and when it lets one call try again (seconds).

    It opens after `in_a_row` failures, or when half of the last 20 calls failed, and at once when
    the other system lets nobody in. The wait doubles with each probe that fails.
    """

    in_a_row: int = 10
    wait: float = 30.0
    longest_wait: float = 300.0
    probe_timeout: float = 60.0
    """After this long a probe that came to no end is given up, and another may go."""


class Breaker:
    """Counts what becomes of the calls to one system for one account. Clock: seconds."""

    def __init__(
        self,
        account: str,
        system: str,
        settings: BreakerSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.account = account
        self.system = system
        self.closed = True
        """Read on every call: nothing else is asked while it holds."""
        self.reason = ""
        self.retry_at: float | None = None
        """When the next probe may go; None while closed."""
        self._settings = settings or BreakerSettings()
        self._clock = clock
        self._wait = self._settings.wait
        self._probing_until = 0.0
        self._streak = 0
        self._history = 0
        self._seen = 0

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """Return open, half-open (time for a probe, or one is out), or closed."""
        if self.closed:
            return "closed"
        return "open" if self._clock() < (self.retry_at or 0.0) else "half-open"

    @property
    def open(self) -> bool:
        """Say whether a call would be refused now."""
        if self.closed:
            return False
        now = self._clock()
        return now < (self.retry_at or 0.0) or now < self._probing_until

    def enter(self) -> None:
        """Let a call pass, or raise UnreachableError (an outage: no try is counted) at once."""
        if self.closed:
            return
        if self.open:
            raise UnreachableError(
                f"{self.system} of {self.account} is out: {self.reason}",
                outage=True,
                sent=False,
                retry_after=self._refused_for(),
            )
        self._probing_until = self._clock() + self._settings.probe_timeout

    def _refused_for(self) -> float:
        """Return when to come again: after the wait, or shortly, to see what the probe came to."""
        left = (self.retry_at or 0.0) - self._clock()
        return left if left > 0 else _PROBED_WITHIN

    def succeeded(self) -> None:
        """Note a usable answer. Only a probe's answer closes an open breaker."""
        if self.closed:
            self._streak = 0
            self._history = (self._history << 1) & _MASK
            self._seen += 1
        elif self._probing_until:
            self._close()

    def failed(self, error: ConnectError) -> None:
        """Note a failure. Only an UnreachableError is one; any other answer shows life."""
        if not isinstance(error, UnreachableError):
            self.succeeded()
        elif self.closed:
            self._streak += 1
            self._seen += 1
            self._history = ((self._history << 1) | 1) & _MASK
            if error.outage or self._is_enough():
                self._open(error)
        elif self._probing_until:
            self._wait = min(self._wait * 2, self._settings.longest_wait)
            self._open(error)

    def _is_enough(self) -> bool:
        half = self._seen >= _WINDOW and self._history.bit_count() * 2 >= _WINDOW
        return half or self._streak >= self._settings.in_a_row

    def _open(self, error: ConnectError) -> None:
        self.closed = False
        self.reason = str(error)
        self._probing_until = 0.0
        self.retry_at = self._clock() + self._wait

    def _close(self) -> None:
        self.closed, self.reason, self.retry_at = True, "", None
        self._probing_until, self._wait = 0.0, self._settings.wait
        self._streak = self._history = self._seen = 0


class Breakers:
    """All breakers of the process: what is paused, and why."""

    def __init__(
        self, settings: BreakerSettings | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def of(self, account: str, system: str) -> Breaker:
        """Return the one breaker of this account and system."""
        key = (account, system)
        if key not in self._breakers:
            self._breakers[key] = Breaker(account, system, self._settings, self._clock)
        return self._breakers[key]

    def all(self) -> tuple[Breaker, ...]:
        """Return every breaker that there is."""
        return tuple(self._breakers.values())

    def paused(self) -> set[str]:
        """Return the group patterns ("acme/*") whose messages would only fail now."""
        return {f"{b.account}/*" for b in self._breakers.values() if not b.closed and b.open}

    def is_open(self, account: str) -> bool:
        """Say whether a system of this account is out: open, or not proved well again."""
        return any(b.account == account and not b.closed for b in self._breakers.values())
