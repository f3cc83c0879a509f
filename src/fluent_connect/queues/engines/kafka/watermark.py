"""Up to where all of a partition is acknowledged, whatever the order of the acknowledgements."""


class Watermark:
    """The offsets of one partition that were handed out, from its assignment to its end.

    A group commits one offset a partition: what lies before it never comes again. So it may only
    pass what is acknowledged without a gap.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._open: set[int] = set()
        self._next = 0
        self._committed = 0

    def hand_out(self, offset: int) -> None:
        """Take note that an offset is out."""
        self._open.add(offset)
        self._next = max(self._next, offset + 1)

    def done(self, offset: int) -> None:
        """Take note that an offset is acknowledged."""
        self._open.discard(offset)

    def holds(self, offset: int) -> bool:
        """Say whether an offset is out."""
        return offset in self._open

    def rewind(self, offset: int) -> None:
        """Take note that all from this offset on will be handed out again."""
        self._open = {each for each in self._open if each < offset}
        self._next = min(self._next, offset)

    def to_commit(self) -> int | None:
        """Return the offset to commit, if it has moved: all before it is acknowledged."""
        reached = min(self._open, default=self._next)
        return reached if reached > self._committed else None

    def committed(self, offset: int) -> None:
        """Take note that an offset is committed."""
        self._committed = max(self._committed, offset)
