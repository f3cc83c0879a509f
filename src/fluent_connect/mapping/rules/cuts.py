"""What did not fit whole."""

import msgspec


class Cut(msgspec.Struct, frozen=True):
    """A text that was cut: the field, the place of its rule, and both lengths."""

    field: str
    at: str
    before: int
    after: int

    @property
    def told(self) -> str:
        """What was done, without the field."""
        return f"cut from {self.before} to {self.after}"

    def __str__(self) -> str:
        return f"{self.field} {self.told}"
