"""Which deliveries this store has handed out, so that most need not be looked up when they end."""

from collections.abc import Iterable


class Leases:
    """The epoch of each parcel that is out, and until when nobody else can have taken it.

    While a lease has not run out nobody takes the parcel: what stands here and is in time needs
    no look at the file. Anything else is looked up.
    """

    def __init__(self) -> None:
        self._out: dict[int, tuple[int, float]] = {}

    def begin(self, seq: int, epoch: int, until: float) -> None:
        """Remember a parcel that is handed out, or whose lease is renewed."""
        self._out[seq] = (epoch, until)

    def end(self, seqs: Iterable[int]) -> None:
        """Forget parcels that came back."""
        for seq in seqs:
            self._out.pop(seq, None)

    def clear(self) -> None:
        """Be sure of nothing: rows went that may have been out."""
        self._out.clear()

    def standing(self, seqs: Iterable[int], now: float) -> tuple[dict[int, int], list[int]]:
        """Return the epochs that surely stand, and those parcels that must be looked up."""
        sure: dict[int, int] = {}
        unsure: list[int] = []
        for seq in seqs:
            epoch, until = self._out.get(seq, (0, 0.0))
            if until > now:
                sure[seq] = epoch
            else:
                unsure.append(seq)
        return sure, unsure
