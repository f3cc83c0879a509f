"""What is asked of every scheme: one way to prove who is knocking."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Knock(msgspec.Struct, frozen=True):
    """A request at a door: header names in lower case, the body as it came (none: not read yet)."""

    headers: Mapping[bytes, bytes]
    body: bytes = b""
    query: bytes = b""


class Scheme(Protocol):
    """One way to prove who is knocking."""

    @property
    def needs_body(self) -> bool:
        """Say whether the body is part of the proof; if not, it is asked for before it is read."""
        ...

    def passes(self, knock: Knock, now: float) -> bool:
        """Say whether the proof holds, at `now` (seconds since the epoch).

        Raise RetryableError while that cannot be told: the sender is asked to return. Never wait.
        """
        ...
