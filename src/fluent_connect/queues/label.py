"""What is written on a parcel for its way over a broker: all that a broker may not carry."""

import base64
import binascii
from collections.abc import Mapping

import msgspec

from fluent_connect.model.codec import encode
from fluent_connect.model.parcel import Parcel, Rank
from fluent_connect.queues.store import Capabilities

LABEL = "fc-label"


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """`put` is unique to one put of a parcel, so that however often it is sent, it arrives once.

    `since`: the parcel's `not_before`, which is past: it goes before what was put after that.
    """

    put: str
    key: str = ""
    rank: Rank = "live"
    group: str = ""
    origin: str | None = None
    encoded: bool = False
    since: float = 0.0


_decode = msgspec.json.Decoder(Label).decode
_unpack = msgspec.json.Decoder(tuple[str, dict[str, str]]).decode


def wire(parcel: Parcel, put: str, capabilities: Capabilities) -> Parcel:
    """Return what the broker carries: id, key, body and headers hold all there is to know."""
    label = _label(parcel, put, encoded=capabilities.text_only)
    body = base64.b64encode(parcel.body) if capabilities.text_only else parcel.body
    return Parcel(parcel.id, parcel.key, body, {**parcel.headers, LABEL: label})


def fits(sent: Parcel, capabilities: Capabilities) -> bool:
    """Say whether the broker can carry this: body, key, and what `pack` makes of the rest."""
    packed = len(pack(sent))
    whole = len(sent.body) + len(sent.key.encode()) + packed
    return whole <= capabilities.largest_body and packed <= capabilities.largest_headers


def pack(sent: Parcel) -> bytes:
    """Return id and headers as the one piece of JSON that stands beside the body on the way."""
    return encode((sent.id, sent.headers))


def unpack(packed: bytes | str) -> tuple[str, Mapping[str, str]] | None:
    """Return the id and the headers; None if we did not pack this."""
    try:
        return _unpack(packed)
    except (msgspec.DecodeError, UnicodeError):
        return None


def outbox_row(parcel: Parcel, put: str, due: float) -> Parcel:
    """Return the row that stands for a parcel on its way, in a lane of its own.

    Id, headers and body are the parcel's, so that a store may keep them once for both rows.
    """
    key = _label(parcel, put, encoded=False)
    return msgspec.structs.replace(parcel, key=key, group="", not_before=due)


def from_outbox(row: Parcel) -> tuple[str, Parcel]:
    """Return the put and the parcel that a row of the outbox stands for."""
    label = _decode(row.key)
    return label.put, msgspec.structs.replace(
        row, key=label.key, group=label.group, not_before=label.since
    )


def arrived(sent: Parcel) -> tuple[str, Parcel] | None:
    """Return the put and the parcel that was put; None if it was not put by us."""
    try:
        label = _decode(sent.headers[LABEL])
        body = base64.b64decode(sent.body, validate=True) if label.encoded else sent.body
    except (KeyError, msgspec.DecodeError, binascii.Error):
        return None
    headers = {name: value for name, value in sent.headers.items() if name != LABEL}
    return label.put, Parcel(
        id=sent.id,
        key=label.key,
        body=body,
        headers=headers,
        rank=label.rank,
        group=label.group,
        not_before=label.since,
        origin=label.origin,
    )


def _label(parcel: Parcel, put: str, *, encoded: bool) -> str:
    since = parcel.not_before
    label = Label(put, parcel.key, parcel.rank, parcel.group, parcel.origin, encoded, since)
    return encode(label).decode()
