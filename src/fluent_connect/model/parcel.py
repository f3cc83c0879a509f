"""What a queue carries: bytes, an id, a key, and nothing that it would have to understand."""

from collections.abc import Mapping
from typing import Literal

import msgspec

CT_QUEUE = "ct-queue"
EVENT_QUEUE = "event-queue"
BATCH_QUEUE = "batch-queue"
NOTIFICATION_QUEUE = "notification-queue"
QUEUES = (CT_QUEUE, EVENT_QUEUE, BATCH_QUEUE, NOTIFICATION_QUEUE)

Rank = Literal["live", "bulk"]


class Parcel(msgspec.Struct, frozen=True):
    """What is handed in to a queue.

    key:        its lane; at most one parcel of a key is out at a time. "" = no lane.
    headers:    of the request or of the message (ce-*, content-type, door, traceparent).
    rank:       live goes before bulk.
    group:      "account/name" of a message, job or notice, else "": what a pause or breaker stops.
    not_before: not handed out before this time (seconds since the epoch); where that is past, it
                goes before what was put since then, on engines that can.
    ordered:    an `event` lane: a retrying or dead parcel holds all later ones of its key.
    origin:     id of the ct-queue parcel that it came from, whose bytes are kept for as long as
                a parcel refers to them.
    """

    id: str
    key: str
    body: bytes
    headers: Mapping[str, str] = {}
    rank: Rank = "live"
    group: str = ""
    not_before: float = 0.0
    ordered: bool = False
    origin: str | None = None


class Put(msgspec.Struct, frozen=True):
    """A parcel, and the queue that it goes to."""

    queue: str
    parcel: Parcel
