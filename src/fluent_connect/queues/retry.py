"""What becomes of a failure: pure, so that time and chance come in as arguments."""

import socket
import traceback
from collections.abc import Sequence

import msgspec

from fluent_connect.model.errors import (
    MalformedError,
    MissingParentError,
    NoRouteError,
    RefusedError,
    RetryableError,
    Skip,
    UnprocessableError,
)
from fluent_connect.model.outcome import Dead, Later, Parked, Skipped
from fluent_connect.queues.store import Delivery, StoreError

_PASSING = (RetryableError, StoreError, ConnectionError, TimeoutError, socket.gaierror)
"""What may pass by itself: our own words for it, and the runtime's for a call without an answer."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a failed delivery is tried again, and when no more.

    All times are seconds. Waits move by up to `jitter` (a share) to either side.

    waits:           after the n-th try; the try after the last wait is the last one.
    retry_after_cap: what the other system may ask for at most.
    bug_waits:       the same as `waits`, for exceptions that nobody foresaw and unknown codes.
    stale_waits:     between reads that are older than what was notified; none of them is a try.
    stale_deadline:  from then on a stale read is a try like any other, unless whoever raised it
                     said when to come again: then it ends the waiting as well.
    outage_wait:     while the other system is out; no try is counted.
    park_waits:      between looks at whether what a parcel waits for is there after all.
    parent_deadline: how long a missing parent is waited for.
    route_wait:      between looks at whether there is a route by now; there is no deadline.
    """

    waits: Sequence[float] = (
        *(1.0, 5.0, 30.0, 120.0, 600.0, 1800.0),
        *(3600.0, 7200.0, 14400.0, 28800.0, 43200.0, 86400.0),
    )
    jitter: float = 0.2
    retry_after_cap: float = 3600.0
    bug_waits: Sequence[float] = (1.0, 30.0)
    stale_waits: Sequence[float] = (0.1, 1.0, 5.0, 30.0)
    stale_deadline: float = 3600.0
    outage_wait: float = 30.0
    park_waits: Sequence[float] = (60.0, 300.0, 900.0)
    parent_deadline: float = 3 * 86400.0
    route_wait: float = 900.0

    def admit(self, delivery: Delivery) -> None:
        """Raise UnprocessableError for what had all its tries, and came to no end in the last ones.

        A process that ends while a handler runs cannot say so: without this, a message that makes
        it end would do so for ever.
        """
        if delivery.tries > len(self.waits) + 1:
            ended = "the process ended while it ran"
            raise UnprocessableError(f"gave up after {delivery.tries - 1} tries: {ended}")

    def next(
        self, delivery: Delivery, error: Exception, *, now: float, chance: float, outage: bool
    ) -> Skipped | Later | Parked | Dead:
        """Return the fate of a delivery whose station raised `error`.

        `chance` is from 0 to 1. `outage`: the breaker of the system that failed is open.
        """
        match error:
            case Skip():
                return Skipped(str(error))
            case UnprocessableError():
                return Dead(_named(error), told(error))
            case MissingParentError():
                return self._parent(delivery, error, now, chance)
            case NoRouteError(name=name, since=since):
                wait = self._spread(self.route_wait, chance)
                return Parked(str(error), f"route/{name}", since, wait)
            case _ if isinstance(error, _PASSING):
                return self._passing(delivery, error, now, chance, outage=outage)
        return self._tries(delivery, error, self.bug_waits, chance)

    def _parent(
        self, delivery: Delivery, error: MissingParentError, now: float, chance: float
    ) -> Parked | Dead:
        if _elapsed(delivery, now) >= self.parent_deadline:
            return Dead(f"parent never came: {error}", told(error))
        wait = self._spread(_step(self.park_waits, delivery.parks + 1), chance)
        return Parked(str(error), error.waits_for, error.since, wait)

    def _passing(
        self, delivery: Delivery, error: Exception, now: float, chance: float, *, outage: bool
    ) -> Later | Dead:
        if outage or getattr(error, "outage", False):
            wait = self._asked(error, self._spread(self.outage_wait, chance), chance)
            return Later(wait, told(error), counts=False)
        if not getattr(error, "counts", not isinstance(error, StoreError)):
            elapsed = _elapsed(delivery, now)
            if elapsed < self.stale_deadline or getattr(error, "retry_after", None) is not None:
                wait = self._asked(error, self._stale(elapsed, chance), chance)
                return Later(wait, told(error), counts=False)
        few = getattr(error, "few_tries", False)
        return self._tries(delivery, error, self.bug_waits if few else self.waits, chance)

    def _tries(
        self, delivery: Delivery, error: Exception, waits: Sequence[float], chance: float
    ) -> Later | Dead:
        if delivery.tries > len(waits):
            return Dead(f"gave up after {delivery.tries} tries: {_named(error)}", traced(error))
        step = self._spread(_step(waits, delivery.tries), chance)
        return Later(self._asked(error, step, chance), told(error))

    def _stale(self, elapsed: float, chance: float) -> float:
        """Return the wait that belongs to a message first read `elapsed` seconds ago."""
        passed = 0.0
        for wait in self.stale_waits:
            passed += wait
            if elapsed < passed:
                return self._spread(wait, chance)
        return self._spread(self.stale_waits[-1], chance)

    def _asked(self, error: Exception, wait: float, chance: float) -> float:
        """Return `wait`, or what the other system asked for if that is longer; never less."""
        asked: float | None = getattr(error, "retry_after", None)
        if asked is None:
            return wait
        return max(wait, min(asked, self.retry_after_cap) * (1 + self.jitter * chance))

    def _spread(self, wait: float, chance: float) -> float:
        return wait * (1 + self.jitter * (2 * chance - 1))


class AbortedError(Exception):
    """A handler raised what would end the process, or its task, in place of an error: a bug."""


def aborted(error: BaseException) -> AbortedError:
    """Return the bug that a SystemExit, KeyboardInterrupt, GeneratorExit or CancelledError is."""
    made = AbortedError(f"the handler raised {type(error).__name__}")
    made.__cause__ = error
    return made


def told(error: Exception) -> str:
    """Return an error as one line that names it, even if it cannot be printed."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001 - a partner's `__str__`
        return f"{name}: cannot be printed"


def traced(error: Exception) -> str:
    """Return the traceback of a bug; of an error that was raised on purpose, its line."""
    if isinstance(error, _PASSING):
        return told(error)
    return "".join(traceback.format_exception(error)).rstrip()


def _named(error: Exception) -> str:
    if isinstance(error, MalformedError):
        return f"malformed: {error}"
    if isinstance(error, RefusedError):
        return f"refused: {error}"
    return str(error) if isinstance(error, (UnprocessableError, RetryableError)) else told(error)


def _elapsed(delivery: Delivery, now: float) -> float:
    return 0.0 if delivery.first_tried is None else now - delivery.first_tried


def _step(waits: Sequence[float], number: int) -> float:
    return waits[min(max(number, 1), len(waits)) - 1]
