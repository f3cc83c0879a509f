"""A clock that goes only when a test says so."""


class FixedClock:
    """Call it for the time in seconds since the epoch; it stands still until `advance`."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds
