"""Parcels that were put a moment ago: most are taken at once, and need not be read for that."""

import time

from fluent_connect.model.parcel import Parcel

_MOST = 2_048
_BYTES = 8 * 1024 * 1024
_STALE = 30.0


class Fresh:
    """Parcels put through this store lately: of each queue up to 2,048 and 8 MiB.

    A parcel never changes once it is put, so what stands here is what the file holds. Each is
    handed over once: later takes read the file. A queue gives the oldest first, so beyond the
    bounds it is the new ones that are not kept, unless the oldest stood here for half a minute:
    nobody takes those.
    """

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}

    def keep(self, queue: str, parcel: Parcel) -> None:
        """Remember a parcel that is being put."""
        if parcel.not_before:
            return
        shelf = self._shelves.get(queue)
        if shelf is None:
            shelf = self._shelves[queue] = _Shelf()
        shelf.keep(parcel)

    def pop(self, queue: str, id: str) -> Parcel | None:
        """Return the parcel, and forget it."""
        shelf = self._shelves.get(queue)
        return None if shelf is None else shelf.pop(id)


class _Shelf:
    """What is remembered of one queue."""

    __slots__ = ("_parcels", "_size")

    def __init__(self) -> None:
        self._parcels: dict[str, tuple[Parcel, float]] = {}
        self._size = 0

    def keep(self, parcel: Parcel) -> None:
        self.pop(parcel.id)
        now = time.monotonic()
        size = len(parcel.body)
        while len(self._parcels) >= _MOST or self._size + size > _BYTES:
            oldest = next(iter(self._parcels), None)
            if oldest is None or now - self._parcels[oldest][1] < _STALE:
                return
            self.pop(oldest)
        self._parcels[parcel.id] = (parcel, now)
        self._size += size

    def pop(self, id: str) -> Parcel | None:
        kept = self._parcels.pop(id, None)
        if kept is None:
            return None
        self._size -= len(kept[0].body)
        return kept[0]
