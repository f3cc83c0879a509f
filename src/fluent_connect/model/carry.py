"""How a message goes onto the Event Queue, and the fact that accounts for it there."""

from collections.abc import Mapping

from fluent_connect.model.codec import encode
from fluent_connect.model.fact import Queued
from fluent_connect.model.message import Message
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel, Put, Rank


def carried(
    message: Message, by: Parcel, *, origin: str | None, ordered: bool, due: float = 0.0
) -> Put:
    """Return the put of a message that came out of the parcel `by`: same rank, same trace.

    `due`: it is not handed out before this time.
    """
    trace = by.headers.get("traceparent")
    headers = {"traceparent": trace} if trace else {}
    return addressed(
        message, rank=by.rank, ordered=ordered, due=due, headers=headers, origin=origin
    )


def addressed(
    message: Message,
    *,
    rank: Rank,
    ordered: bool,
    due: float = 0.0,
    headers: Mapping[str, str] = {},
    origin: str | None = None,
) -> Put:
    """Return the put of a message; `due`: it is not handed out before this time."""
    return Put(
        EVENT_QUEUE,
        Parcel(
            id=message.id,
            key=message.key,
            body=encode(message),
            headers=headers,
            rank=rank,
            group=f"{message.account}/{message.name}",
            not_before=due,
            ordered=ordered,
            origin=origin,
        ),
    )


def queued(message: Message, at: float) -> Queued:
    """Return the fact that accounts for a message."""
    resource = message.resource
    return Queued(
        id=message.id,
        notification=message.notification,
        name=message.name,
        account=message.account,
        retailer=message.retailer,
        type_id=resource.type_id if resource is not None else "",
        resource=resource.id if resource is not None else "",
        version=message.version,
        cause=message.cause,
        at=at,
    )
