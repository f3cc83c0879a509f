"""Which missing parents were asked for just now."""

from collections.abc import Callable

_WITHIN = 30.0
"""Seconds; less than the first wait of what is parked, which looks again by itself."""
_MOST = 10_000


class Repairs:
    """Lets one message ask for a missing parent where many miss it at the same time.

    In memory: a parent that nobody was asked for after all (a crash, a commit that was refused) is
    asked for again by the next look of what is parked.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: dict[str, float] = {}

    def wanted(self, ref: str) -> bool:
        """Say whether the parent is to be asked for; it counts as asked for then."""
        now = self._clock()
        last = self._asked.pop(ref, None)
        fresh = last is not None and now - last < _WITHIN
        self._asked[ref] = last if last is not None and fresh else now
        if len(self._asked) > _MOST:
            del self._asked[next(iter(self._asked))]
        return not fresh
