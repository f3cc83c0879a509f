"""How many requests a second a door takes."""

import time
from collections.abc import Callable


class Bucket:
    """Lets `rate` requests a second through, and as many at once after a quiet second.

    rate: 0 = as many as come.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._most = max(1.0, rate)
        self._left = self._most
        self._clock = clock
        self._at = clock() if rate else 0.0

    def take(self) -> bool:
        """Say whether one more may pass now."""
        if not self.rate:
            return True
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
