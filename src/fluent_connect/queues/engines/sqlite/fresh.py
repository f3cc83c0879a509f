"""Parcels that were put a moment ago: most are taken at once, and need not be read for that."""

from fluent_connect.model.parcel import Parcel

_MOST = 2_048
_BYTES = 8 * 1024 * 1024


class Fresh:
    """The latest parcels put through this store, up to 2,048 and 8 MiB.

    A parcel never changes once it is put, so what stands here is what the file holds. Each is
    handed over once: later takes read the file.
    """

    def __init__(self) -> None:
        self._parcels: dict[tuple[str, str], Parcel] = {}
        self._size = 0

    def keep(self, queue: str, parcel: Parcel) -> None:
        """Remember a parcel that is being put; beyond the bounds the oldest is forgotten."""
        if parcel.not_before:
            return
        self.pop(queue, parcel.id)
        self._parcels[queue, parcel.id] = parcel
        self._size += len(parcel.body)
        while len(self._parcels) > _MOST or self._size > _BYTES:
            oldest = self._parcels.pop(next(iter(self._parcels)))
            self._size -= len(oldest.body)

    def pop(self, queue: str, id: str) -> Parcel | None:
        """Return the parcel, and forget it."""
        parcel = self._parcels.pop((queue, id), None)
        if parcel is not None:
            self._size -= len(parcel.body)
        return parcel
