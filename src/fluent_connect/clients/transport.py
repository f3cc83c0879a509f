"""What carries one HTTP request out and its answer back; small, so that a test brings its own."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. `url` is absolute and already percent-encoded."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer, read whole. Header names are found in any case, or in lower case.

    A transport may leave the headers of a success (2xx) away.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Transport(Protocol):
    """Sends requests; keeps connections; follows no redirect; knows nothing of meanings."""

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        """Return the whole answer within `timeout` seconds.

        Raise UnreachableError if there is none, with `sent=False` only where the request certainly
        never left.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
