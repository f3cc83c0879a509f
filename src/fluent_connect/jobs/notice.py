"""What operators are to be told: the parcels of the notification queue."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from fluent_connect.model.codec import encode
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.parcel import NOTIFICATION_QUEUE, Parcel, Put

Level = Literal["info", "warning", "error"]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A title in one line, and what stands behind it. Never a customer's data.

    `id`: the same notice has the same one, so that whoever is told can leave repeats out.
    """

    id: str
    title: str
    level: Level = "warning"
    account: str = ""
    retailer: str = ""
    source: str = ""
    details: Mapping[str, object] = {}


_decoder = msgspec.json.Decoder(Notice)


def put(notice: Notice) -> Put:
    """Return what puts a notice on the notification queue."""
    group = f"{notice.account}/{notice.source}" if notice.account else ""
    parcel = Parcel(id=notice.id, key="", body=encode(notice), rank="bulk", group=group)
    return Put(NOTIFICATION_QUEUE, parcel)


def decode(body: bytes) -> Notice:
    """Return the notice in a parcel. Raise MalformedError if it holds none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"not a notice: {error}") from error
