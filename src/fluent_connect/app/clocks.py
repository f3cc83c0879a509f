"""Whether this host's clock can be trusted with refusing somebody."""

import time
from collections.abc import Callable

_OFF = 60.0
_JUMP_LASTS = 3600.0


class ClockWatch:
    """Holds our clock against that of others, and against itself.

    What others say counts until they say something else. Where nobody says anything, a jump of more
    than a minute against the clock that only goes forward is a doubt for an hour: then the new time
    is taken for right.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._base = wall() - steady()
        self._off = 0.0
        self._jumped: float | None = None

    def told(self, theirs: float, ours: float) -> None:
        """Take what time it was there when it was `ours` here."""
        self._off = ours - theirs
        self._settle()

    def doubt(self) -> str:
        """Return why the clock cannot be trusted; "" if it can."""
        moved = self._wall() - self._steady() - self._base
        off = self._off + moved
        if abs(off) <= _OFF:
            self._jumped = None
            return ""
        if abs(moved) > _OFF:
            self._jumped = self._steady() if self._jumped is None else self._jumped
            if self._steady() - self._jumped > _JUMP_LASTS:
                self._off = 0.0
                self._settle()
                return ""
        return f"this host's clock seems to be off by {abs(off):.0f} s"

    def _settle(self) -> None:
        self._base = self._wall() - self._steady()
        self._jumped = None
