"""What was delivered lately, so that a parcel that parks a moment too late is not left waiting."""

from collections import OrderedDict
from collections.abc import Iterable

_KEPT = 20_000


class Wakes:
    """Numbers deliveries, and remembers the latest number of each ref.

    Kept in memory: one process serves a SQLite store, and a parcel that parks in another one is
    looked at again after a minute all the same. A ref that was forgotten counts as delivered since
    any number older than the oldest that is remembered: a look in vain does no harm.
    """

    def __init__(self) -> None:
        self.number = 0
        self._forgotten = 0
        self._numbers: OrderedDict[str, int] = OrderedDict()

    def note(self, refs: Iterable[str]) -> None:
        """Remember that these exist now."""
        for ref in refs:
            self.number += 1
            self._numbers[ref] = self.number
            self._numbers.move_to_end(ref)
        while len(self._numbers) > _KEPT:
            self._forgotten = self._numbers.popitem(last=False)[1]

    def since(self, ref: str, number: int) -> bool:
        """Say whether `ref` was (or may have been) delivered after `number`."""
        return self._numbers.get(ref, 0) > number or number < self._forgotten
