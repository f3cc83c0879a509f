"""What the door answers: the messages of ASGI, made once."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

_JSON = (b"content-type", b"application/json")
_ID_LENGTH = 32
_USUAL_WAIT = 30

ACCEPTED: Mapping[str, Any] = {
    "type": "http.response.start",
    "status": 202,
    "headers": [_JSON, (b"content-length", str(len(b'{"id":""}') + _ID_LENGTH).encode())],
}


class Reply:
    """An answer other than 202: its status, and the two messages that tell it.

    soon: it may be another one in a moment, once a key is here that is being fetched.
    """

    __slots__ = ("body", "headers", "soon", "start", "status", "text")

    def __init__(
        self, status: int, why: str, *headers: tuple[bytes, bytes], soon: bool = False
    ) -> None:
        text = b'{"error":%b}' % msgspec.json.encode(why)
        self._make(status, text, (_JSON, *headers))
        self.soon = soon

    @classmethod
    def json(cls, status: int, text: bytes) -> "Reply":
        """Return an answer that says this."""
        reply = cls.__new__(cls)
        reply._make(status, text, (_JSON,))
        return reply

    @classmethod
    def empty(cls, status: int, *headers: tuple[bytes, bytes]) -> "Reply":
        """Return an answer that is all in its headers."""
        reply = cls.__new__(cls)
        reply._make(status, b"", headers)
        return reply

    def _make(self, status: int, text: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
        length = (b"content-length", str(len(text)).encode())
        self.status = status
        self.headers = [length, *headers]
        self.text = text
        self.soon = False
        self.start = {
            "type": "http.response.start",
            "status": status,
            "headers": self.headers,
        }
        self.body = {"type": "http.response.body", "body": text}


_CLOSE = (b"connection", b"close")
_LATER = (b"retry-after", b"5")

UNSIGNED = Reply(401, "signature or key missing or wrong")
NO_DOOR = Reply(404, "no such door")
NOT_POST = Reply(405, "POST only", (b"allow", b"POST"))
SLOW = Reply(408, "the body took too long", _CLOSE)
TOO_LARGE = Reply(413, "body too large", _CLOSE)
NOT_JSON = Reply(415, "send JSON", (b"accept", b"application/json"))
ENCODED = Reply(415, "send it uncompressed", (b"accept-encoding", b"identity"))
CROWDED = Reply(503, "too many large bodies at once", _LATER, _CLOSE)
TOO_MANY = Reply(429, "more a second than this door takes", (b"retry-after", b"1"))
PAUSED = Reply(503, "not taking any more now", _LATER)
UNDECIDED = Reply(503, "this door cannot tell yet who may knock", _LATER)
UNSTORED = Reply(503, "could not be stored", _LATER)


def undecided(why: str, seconds: float | None, *, soon: bool = False) -> Reply:
    """Return the answer while it cannot be told whether a proof holds: come again."""
    later = (b"retry-after", str(max(1, round(seconds or _USUAL_WAIT))).encode())
    return Reply(503, f"this door cannot tell yet: {why}", later, soon=soon)
