"""What makes SQL the owner of a parcel that a broker hands out, once however often it comes."""

from collections.abc import Sequence

from fluent_connect.model.fact import Fact, Received, Sent
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Outcome, Unseen
from fluent_connect.model.parcel import CT_QUEUE, Parcel, Put
from fluent_connect.queues.label import arrived
from fluent_connect.queues.store import Delivery, Write


def outbox(queue: str) -> str:
    """Return the name of the SQL queue in which puts for `queue` stand until they arrived."""
    return f"{queue}!outbox"


def adoption(delivery: Delivery, now: float) -> Write:
    """Return the write that makes what the broker handed out SQL's own, once."""
    queue = delivery.queue
    ours = arrived(delivery.parcel)
    if ours is None:
        return _foreign(delivery, dict(delivery.parcel.headers), now)
    token, parcel = ours
    return Write(
        Outcome(
            guards=(Unseen(f"{queue}!{token}"),),
            puts=(Put(queue, parcel),),
            facts=(Sent(outbox(queue), (parcel.id,)),),
        )
    )


def bare(delivery: Delivery, now: float) -> Write:
    """Return the adoption of what cannot be stored as it is: its bytes alone."""
    return _foreign(delivery, {}, now)


def _foreign(delivery: Delivery, headers: dict[str, str], now: float) -> Write:
    """Return the adoption of what others put on the queue: accepted from now on."""
    headers.setdefault("door", delivery.queue)
    sent = delivery.parcel
    parcel = Parcel(new_id(), "", sent.body, headers)
    received = Received(parcel.id, headers["door"], now, len(sent.body))
    facts: Sequence[Fact] = (received,) if delivery.queue == CT_QUEUE else ()
    return Write(
        Outcome(
            guards=(Unseen(f"{delivery.queue}!{sent.id!a}"),),
            puts=(Put(delivery.queue, parcel),),
            facts=facts,
        )
    )
