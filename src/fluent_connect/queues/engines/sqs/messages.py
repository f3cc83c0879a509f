"""How a parcel is written as a message of SQS, and read from one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.foreign import foreign
from fluent_connect.queues.label import LABEL, pack, unpack

ATTRIBUTE = "fluent-connect"
"""The message attribute that holds what `label.pack` makes."""
LARGEST = 256 * 1024
"""Bytes of a message, and of the messages of one call together."""
BATCH = 10
_ASIDE = 1024
"""Bytes kept for names and types of attributes, group and deduplication id."""
LARGEST_PARCEL = LARGEST - _ASIDE
_EMPTY = "-"
"""An empty body, which SQS does not take; never the Base64 of anything."""
_GROUP = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-]{1,128}")


def entry(number: int, sent: Parcel, *, fifo: bool) -> dict[str, Any]:
    """Return a parcel, whose body is text, as one entry of a batch.

    In a FIFO queue its lane is its group; however often one put is sent, it arrives once in five
    minutes.
    """
    message = {
        "Id": str(number),
        "MessageBody": sent.body.decode("ascii") or _EMPTY,
        "MessageAttributes": {ATTRIBUTE: {"DataType": "Binary", "BinaryValue": pack(sent)}},
    }
    if fifo:
        message["MessageGroupId"] = _group(sent.key or sent.id)
        message["MessageDeduplicationId"] = _digest(sent.headers.get(LABEL, sent.id))
    return message


def calls(parcels: Sequence[Parcel]) -> Iterator[list[int]]:
    """Yield the places of parcels that go into one call: ten, and 256 KiB, at most."""
    batch: list[int] = []
    size = 0
    for place, parcel in enumerate(parcels):
        more = len(parcel.body) + len(pack(parcel)) + _ASIDE
        if batch and (len(batch) == BATCH or size + more > LARGEST):
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += more
    if batch:
        yield batch


def parcel(message: Mapping[str, Any]) -> Parcel:
    """Return what a message carries; of what others sent, its id is the one that SQS gave it."""
    attributes = message.get("MessageAttributes", {})
    text: str = message["Body"]
    packed = attributes.get(ATTRIBUTE, {}).get("BinaryValue")
    ours = unpack(packed) if isinstance(packed, bytes) else None
    if ours is not None:
        id_, headers = ours
        return Parcel(id_, "", b"" if text == _EMPTY else text.encode(), headers)
    told = ((name, value.get("StringValue", "")) for name, value in attributes.items())
    return foreign(message["MessageId"], text.encode(), told)


def _group(key: str) -> str:
    return key if _GROUP.fullmatch(key) else _digest(key)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=32).hexdigest()
