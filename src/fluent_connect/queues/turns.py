"""Whose turn it is among the deliveries in hand: live first, and bulk makes room for it."""

import time
from collections import deque
from collections.abc import Callable

from fluent_connect.queues.store import Delivery

_SHARE = 32
"""While there is live traffic, bulk has this part of the places; one at least."""
_CALM = 10.0
"""Seconds without a live delivery after which bulk may have all places again."""


class Turns:
    """Deliveries that wait for a worker.

    Live ones go first. As long as live ones came within the last 10 s, bulk is worked on in one
    place of 32 alone: calls of many at once to one system hold up each other.
    """

    def __init__(self, places: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = max(1, places // _SHARE)
        self._clock = clock
        self._live: deque[Delivery] = deque()
        self._bulk: deque[Delivery] = deque()
        self._at_bulk = 0
        self._calm_from = 0.0

    def add(self, delivery: Delivery) -> None:
        """Have a delivery wait for its turn."""
        if delivery.parcel.rank == "bulk":
            self._bulk.append(delivery)
        else:
            self._live.append(delivery)
            self._calm_from = self._clock() + _CALM

    def next(self) -> Delivery | None:
        """Return whose turn it is; None if nobody's is. Tell `ended` when it was worked on."""
        if self._live:
            return self._live.popleft()
        if not self._bulk:
            return None
        if self._at_bulk >= self._most and self._clock() < self._calm_from:
            return None
        self._at_bulk += 1
        return self._bulk.popleft()

    def ended(self, delivery: Delivery) -> None:
        """Take note that a delivery is worked on no more."""
        if delivery.parcel.rank == "bulk":
            self._at_bulk -= 1

    def clear(self) -> None:
        """Forget all that wait."""
        self._live.clear()
        self._bulk.clear()
