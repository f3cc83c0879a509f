"""How much of bodies that are still coming in is kept at once."""

FREE = 64 * 1024
"""Bytes of each body that are always kept: most bodies are smaller."""
MOST = 64 * 1024 * 1024


class Room:
    """Bytes for all bodies together beyond what each has free; a stranger may send without end."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most

    def take(self, size: int) -> bool:
        """Say whether there is room for so many more bytes; if so, they are the caller's."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give(self, size: int) -> None:
        """Take them back."""
        self._left += size
