"""How long a delivery is still ours."""

from collections.abc import Callable


class Lease:
    """The time left in which a handler may act for its delivery."""

    __slots__ = ("_clock", "_until")

    def __init__(self, until: Callable[[], float], clock: Callable[[], float]) -> None:
        self._until = until
        self._clock = clock

    def left(self) -> float:
        """Return the seconds left; renewals count. Make no call that could take longer."""
        return self._until() - self._clock()
