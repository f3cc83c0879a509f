"""The queues that SQS needs: made, set right and checked by their attributes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fluent_connect.queues.engines.sqs.address import FIFO, Address
from fluent_connect.queues.engines.sqs.link import AbsentError, Link, failing
from fluent_connect.queues.store import Setting

RECEIVES = 50
"""Received in vain so often, a message goes to the dead-letter queue: what kills its reader."""
VISIBILITY = 30
_RETENTION = 14 * 86400
_LARGEST = 256 * 1024
_FIX = "fluent-connect queues ensure"
_GIVEN_UP = "ApproximateNumberOfMessages"


async def settle(link: Link, name: str, place: Address, *, change: bool) -> Sequence[Setting]:
    """Return how the queue and its dead-letter queue stand; `change`: set right what is not.

    `name`: what we call the queue.
    """
    with failing(f"look at {place.queue}"):
        dead = Address(place.dlq, "", place.region, place.endpoint, place.account)
        held, given_up = await _queue(link, name, dead, _attributes(dead, None), change=change)
        target = given_up.get("QueueArn")
        found, _ = await _queue(link, name, place, _attributes(place, target), change=change)
        if given_up:
            found.append(_count(name, place, int(given_up[_GIVEN_UP])))
        return [*found, *held]


async def _queue(
    link: Link, name: str, place: Address, wanted: Mapping[str, str], *, change: bool
) -> tuple[list[Setting], Mapping[str, Any]]:
    """Return how a queue stands, and its attributes; none if there is no such queue."""
    made = False
    link.forget(place)
    try:
        await link.url(place)
    except AbsentError:
        if not change:
            return [_missing(name, place)], {}
        client = await link.client()
        await client.create_queue(QueueName=place.queue, Attributes=dict(wanted))
        made = True
    told = await _read(link, place)
    wrong = {key: value for key, value in wanted.items() if not _holds(key, value, told.get(key))}
    changeable = {key: value for key, value in wrong.items() if key != "FifoQueue"}
    if change and changeable:
        client = await link.client()
        await client.set_queue_attributes(QueueUrl=await link.url(place), Attributes=changeable)
    mended = changeable if change else {}
    settings = [
        _setting(name, place, key, value, told.get(key), made=made, mended=key in mended)
        for key, value in wanted.items()
    ]
    return settings, told


async def _read(link: Link, place: Address) -> Mapping[str, Any]:
    client = await link.client()
    told = await client.get_queue_attributes(QueueUrl=await link.url(place), AttributeNames=["All"])
    attributes: Mapping[str, Any] = told["Attributes"]
    return attributes


def _attributes(place: Address, target: str | None) -> dict[str, str]:
    wanted = {"MessageRetentionPeriod": str(_RETENTION)}
    if place.queue.endswith(FIFO):
        wanted["FifoQueue"] = "true"
    if not place.dlq:
        return wanted
    # commercetools asks for 256 KB of a queue that it fills.
    wanted |= {"VisibilityTimeout": str(VISIBILITY), "MaximumMessageSize": str(_LARGEST)}
    policy = {"deadLetterTargetArn": target or place.dlq, "maxReceiveCount": str(RECEIVES)}
    return wanted | {"RedrivePolicy": json.dumps(policy)}


def _holds(key: str, wanted: str, found: str | None) -> bool:
    """Say whether an attribute is as good as the one that is wanted."""
    if found is None:
        return False
    if key == "RedrivePolicy":
        ours, theirs = json.loads(wanted), json.loads(found)
        return bool(theirs["deadLetterTargetArn"].endswith(ours["deadLetterTargetArn"]))
    if wanted.isdigit():
        return int(found) >= int(wanted)
    return found == wanted


_LOST = {
    "MessageRetentionPeriod": "what commercetools put and nobody took for longer than that",
    "RedrivePolicy": "what is received in vain until its retention is over",
    "VisibilityTimeout": "nothing: what is slow is received twice, and dropped as a duplicate",
    "MaximumMessageSize": "notifications above that size: commercetools cannot put them",
    "FifoQueue": "nothing: lanes are the journal's",
}


def _setting(
    name: str,
    place: Address,
    key: str,
    wanted: str,
    found: str | None,
    *,
    made: bool,
    mended: bool,
) -> Setting:
    good = _holds(key, wanted, found)
    return Setting(
        queue=name,
        what=f"{place.queue} {key}",
        wanted=wanted,
        found=found or "not set",
        state="made" if made or mended else "ok" if good else "doubt",
        lost="" if good or made or mended else _LOST[key],
        fix="" if good or made or mended else _FIX,
    )


def _missing(name: str, place: Address) -> Setting:
    return Setting(
        queue=name,
        what=f"queue {place.queue}",
        wanted="there",
        found="no such queue",
        state="missing" if place.dlq else "doubt",
        lost="nothing of ours: puts wait in the journal" if place.dlq else _LOST["RedrivePolicy"],
        fix=_FIX,
    )


def _count(name: str, place: Address, count: int) -> Setting:
    return Setting(
        queue=name,
        what="given up by SQS",
        wanted="0",
        found=str(count),
        state="doubt" if count else "ok",
        lost="nothing until their retention is over, but nobody works on them" if count else "",
        fix=f"look at them in {place.dlq}, and start a redrive" if count else "",
    )
