"""The frames of AMQP 0-9-1 in which parcels travel: written many at a time, read as they come.

A frame is its kind, channel and size, its payload and an end (section 2.3.5 of the specification);
a message is three or more of them: a method, the properties and the body (4.2.6).
"""

import struct
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

import pamqp.frame
from pamqp.exceptions import PAMQPException
from pamqp.header import ContentHeader

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.label import pack

HEADER = "fluent-connect"
"""The header that holds what `label.pack` makes."""
METHOD, PROPERTIES, BODY = 1, 2, 3
DELIVER, RETURN, ACK, NACK = (
    bytes((0, 60, 0, number))  # class `basic`
    for number in (60, 50, 80, 120)
)
HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"
HEAD = Struct(">BHL")
"""Kind, channel, and size of the payload."""
SHORTEST = HEAD.size + 1
TAG = Struct(">Q")
SIZE = Struct(">HHQ")
"""How properties begin: class, weight, and size of the body."""

_END = b"\xce"
_PUBLISH = b"\x00\x3c\x00\x28\x00\x00\x00"  # Basic.Publish to the default exchange
_MANDATORY = b"\x01"
_FLAGS = Struct(">H")
_LONG = Struct(">L")
_CONTENT_TYPE, _HEADERS, _PERSISTENT, _CORRELATION, _MESSAGE = (
    1 << 15,
    1 << 13,
    1 << 12,
    1 << 10,
    1 << 7,
)
_ENCODING = 1 << 14
_SHORT = 255
_OURS = bytes((len(HEADER),)) + HEADER.encode() + b"S"
"""How a table begins that holds our header; where nothing else follows, it is all there is."""


class Properties(NamedTuple):
    """What is written on a message beside its body."""

    headers: Mapping[str, object] = {}
    message_id: str | None = None
    content_type: str | None = None


def publish(channel: int, queue: str, message_id: bytes, parcel: Parcel, largest: int) -> bytes:
    """Return all frames of a put that has to be kept on disk, and returned if no queue takes it.

    `largest`: bytes of a frame that the server takes.
    """
    key = queue.encode()
    method = _PUBLISH + bytes((len(key),)) + key + _MANDATORY
    step, body = largest - SHORTEST, parcel.body
    return b"".join(
        (
            _frame(METHOD, channel, method),
            _frame(PROPERTIES, channel, _written(message_id, parcel)),
            *(_frame(BODY, channel, body[i : i + step]) for i in range(0, len(body), step)),
        )
    )


def packed(payload: bytes) -> bytes | None:
    """Return what `label.pack` made, if there is nothing else among the headers of a message."""
    at = SIZE.size + _FLAGS.size
    flags = _number(payload, SIZE.size, at)
    if flags & _ENCODING or not flags & _HEADERS:
        return None
    if flags & _CONTENT_TYPE:
        at += 1 + _number(payload, at, at + 1)
    table = at + _LONG.size
    end = table + _number(payload, at, table)
    start = table + len(_OURS) + _LONG.size
    whole = start + _number(payload, start - _LONG.size, start) == end <= len(payload)
    return payload[start:end] if whole and payload.startswith(_OURS, table) else None


def read(payload: bytes) -> Properties:
    """Return what is written on a message; nothing, if it cannot be read."""
    try:
        _, _, header = pamqp.frame.unmarshal(_frame(PROPERTIES, 1, payload))
    except (PAMQPException, ValueError, LookupError, struct.error):
        return Properties()
    if not isinstance(header, ContentHeader):
        return Properties()
    found = header.properties
    return Properties(found.headers or {}, found.message_id, found.content_type)


def _written(message_id: bytes, parcel: Parcel) -> bytes:
    flags = _HEADERS | _PERSISTENT | _MESSAGE
    content_type = parcel.headers.get("content-type", "").encode()
    correlation = parcel.id.encode()
    label = pack(parcel)
    parts = [_OURS, _LONG.pack(len(label)), label, b"\x02"]
    parts.insert(0, _LONG.pack(sum(map(len, parts[:3]))))
    if content_type and len(content_type) <= _SHORT:
        flags |= _CONTENT_TYPE
        parts.insert(0, _short(content_type))
    if correlation and len(correlation) <= _SHORT:
        flags |= _CORRELATION
        parts.append(_short(correlation))
    parts.append(_short(message_id))
    return SIZE.pack(60, 0, len(parcel.body)) + _FLAGS.pack(flags) + b"".join(parts)


def _number(payload: bytes, start: int, end: int) -> int:
    return int.from_bytes(payload[start:end], "big")


def _short(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return HEAD.pack(kind, channel, len(payload)) + payload + _END
