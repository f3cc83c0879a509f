"""The queues that RabbitMQ needs, made and checked by declaring them."""

from collections.abc import Sequence
from typing import Literal

from aio_pika.abc import AbstractChannel, FieldValue
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from fluent_connect.queues.engines.rabbitmq.link import Link, failing, told
from fluent_connect.queues.store import Setting

DELIVERY_LIMIT = 50
"""Handed out in vain so often, a parcel goes to the queue of the dead: what kills its reader."""
_Arguments = dict[str, FieldValue]
_State = Literal["ok", "made", "missing", "differs"]
_FIX = "fluent-connect queues ensure"


def dead_of(queue: str) -> str:
    """Return the name of the queue that takes what a queue gives up."""
    return f"{queue}.dead"


def arguments(queue: str) -> _Arguments:
    """Return how the queue is declared: kept by a quorum, refusing when full, dropping nothing."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_of(queue),
        "x-dead-letter-strategy": "at-least-once",
    }


def dead_arguments() -> _Arguments:
    """Return how a queue of the dead is declared; nothing reads it but people."""
    return {"x-queue-type": "quorum"}


async def declare(link: Link, queue: str) -> None:
    """Make what the queue needs, where it is missing. Raise StoreError where it differs."""
    with failing(f"declare {queue}"):
        channel = await link.channel(confirms=False)
        await channel.declare_queue(dead_of(queue), durable=True, arguments=dead_arguments())
        await channel.declare_queue(queue, durable=True, arguments=arguments(queue))
        await channel.close()


async def settle(link: Link, name: str, queue: str, *, change: bool) -> Sequence[Setting]:
    """Return how the queue and its queue of the dead stand; `change`: make what is missing.

    `name`: what we call the queue.
    """
    with failing(f"look at {queue}"):
        dead, wanted = dead_of(queue), "what is given up is kept for people to look at"
        found = await _stand(link, dead, dead_arguments(), change=change)
        first = await _stand(link, queue, arguments(queue), change=change)
        settings = [
            _setting(name, f"queue {queue}", _written(arguments(queue)), *first),
            _setting(name, f"queue {dead}", wanted, *found),
        ]
        if found[0] == "ok":
            settings.append(await _given_up(link, name, queue))
        return [*settings, _members(name, queue)]


async def _stand(link: Link, name: str, wanted: _Arguments, *, change: bool) -> tuple[_State, str]:
    """Return the state of a queue, and what was found."""
    missing = False
    channel = await link.channel(confirms=False)
    try:
        await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        missing = True
    if missing and not change:
        return "missing", "no such queue"
    channel = await _again(link, channel)
    try:
        await channel.declare_queue(name, durable=True, arguments=wanted)
    except ChannelPreconditionFailed as error:
        return "differs", told(error)
    await channel.close()
    return ("made" if missing else "ok"), _written(wanted)


async def _again(link: Link, channel: AbstractChannel) -> AbstractChannel:
    """Return the channel, or a new one: an error closes a channel."""
    return await link.channel(confirms=False) if channel.is_closed else channel


def _setting(name: str, what: str, wanted: str, state: _State, found: str) -> Setting:
    lost, fix = "", ""
    if state == "missing":
        lost, fix = "nothing: puts wait in the journal until it is there", _FIX
    elif state == "differs":
        lost = "what a quorum would keep, or what is handed out in vain too often"
        fix = "settings of a queue cannot change: drain and delete it, then " + _FIX
    return Setting(
        queue=name,
        what=what,
        wanted=wanted,
        found=found,
        state=state,
        lost=lost,
        fix=fix,
    )


async def _given_up(link: Link, name: str, queue: str) -> Setting:
    channel = await link.channel(confirms=False)
    declared = await channel.declare_queue(dead_of(queue), passive=True)
    count = declared.declaration_result.message_count or 0
    await channel.close()
    return Setting(
        queue=name,
        what="given up by the broker",
        wanted="0",
        found=str(count),
        state="doubt" if count else "ok",
        lost="nothing yet, but nobody works on them" if count else "",
        fix=f"look at them in {dead_of(queue)}, and move them back to {queue}" if count else "",
    )


def _members(name: str, queue: str) -> Setting:
    return Setting(
        queue=name,
        what="nodes",
        wanted="a leader, and 3 or more, so that one may be lost",
        found="AMQP does not tell; without a leader puts and takes get no answer",
        state="unknown",
        lost="with one node, what others put there goes with its disk; ours stands in the journal",
        fix="rabbitmq-queues quorum_status " + queue,
    )


def _written(arguments: _Arguments) -> str:
    pairs = (f"{key} {value!s}" for key, value in arguments.items() if value != "")
    return ", ".join(("durable", *pairs))
