"""How long a delivery is still ours."""

import asyncio
from collections.abc import Callable

UNSURE = float("-inf")
"""Until when a delivery is ours that the store cannot vouch for at the moment."""
_LOOKS, _PAUSE = 60, 0.05
"""A process that stood still is heard of again at once; one that is cut off is not within 3 s."""


class Lease:
    """The time left in which a handler may act for its delivery."""

    __slots__ = ("_clock", "_until")

    def __init__(self, until: Callable[[], float], clock: Callable[[], float]) -> None:
        self._until = until
        self._clock = clock

    def left(self) -> float:
        """Return the seconds left; renewals count. Make no call that could take longer."""
        return self._until() - self._clock()

    async def covers(self, seconds: float) -> bool:
        """Say whether at least so many seconds are left; wait a moment for a store to be sure."""
        for _ in range(_LOOKS):
            left = self.left()
            if left > UNSURE:
                return left >= seconds
            await asyncio.sleep(_PAUSE)
        return False
