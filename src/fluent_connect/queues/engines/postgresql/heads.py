"""Where the next take of each queue begins: past what was taken, which the index still holds.

Between two vacuums the entries of a hundred thousand parcels that are gone can stand before the
first that is ready. So a take begins where the last one ended, in each group and rank. That is a
hint only this process has: what others put before it is found by a look from the very beginning,
once a second and when they tell of something.
"""

import re
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

Branch = tuple[str, int]
"""A group and a rank."""
Place = tuple[str, str, int, float]
"""Where a parcel stands: its queue, group, rank and time."""
_FIRST = float("-inf")
_LOOK_AGAIN = 0.25
"""Seconds between two looks from the beginning that others make necessary."""


class Head:
    """What this process knows of a queue. `due`: when to look at it next, if nothing is told."""

    def __init__(self) -> None:
        self.due: float | None = None
        self.stale = True
        self._looked = _FIRST
        self._quiet: tuple[str, ...] | None = None
        self._lows: dict[Branch, float] = {}

    def put(self, branch: Branch, due: float) -> None:
        """Know of a parcel that is ready at a time."""
        self._lows[branch] = min(self._lows.get(branch, due), due)
        self._quiet = None

    def hear(self) -> None:
        """Know that another process has made something ready, old or new."""
        self._quiet = None
        if time.monotonic() - self._looked > _LOOK_AGAIN:
            self.stale = True

    def doubt(self) -> None:
        """Know nothing any more."""
        self.stale, self._quiet = True, None

    def looked(self, found: Iterable[tuple[str, int, float]]) -> None:
        """Know the first parcel of each branch, ready or not."""
        self._lows = {(group, rank): due for group, rank, due in found}
        self._looked = time.monotonic()
        self.stale, self._quiet = False, None

    def wanted(self, paused: tuple[str, ...], now: float) -> bool:
        """Say whether there may be something for a take that leaves these groups alone."""
        return self._quiet != paused or (self.due is not None and self.due <= now)

    def open(self, paused: tuple[str, ...]) -> Sequence[tuple[str, int, float]]:
        """Return the branches to look into, and from when on."""
        return [
            (group, rank, low)
            for (group, rank), low in self._lows.items()
            if not any(_pattern(each).fullmatch(group) for each in paused)
        ]

    def took(self, branch: Branch, due: float) -> None:
        """Know that a parcel is out, and all before it."""
        self._lows[branch] = max(self._lows.get(branch, due), due)

    def emptied(self, paused: tuple[str, ...], due: float | None) -> None:
        """Know that nothing is ready until a time."""
        self._quiet, self.due = paused, due


class Heads:
    """What this process knows of each queue."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}

    def __getitem__(self, queue: str) -> Head:
        head = self._heads.get(queue)
        if head is None:
            head = self._heads[queue] = Head()
        return head

    def back(self, places: Iterable[Place]) -> set[str]:
        """Know of what is ready once more; return the queues of it."""
        queues = set()
        for queue, group, rank, due in places:
            self[queue].put((group, rank), due)
            queues.add(queue)
        return queues

    def doubt(self) -> None:
        """Know nothing of any queue."""
        for head in self._heads.values():
            head.doubt()


@lru_cache(1000)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
