"""Messages that the router puts on the Event Queue: refreshes of owners and missing parents."""

from collections.abc import Mapping

import msgspec

from fluent_connect.model.carry import carried, queued
from fluent_connect.model.fact import Queued
from fluent_connect.model.message import Cause, Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import Parcel, Put
from fluent_connect.router.fencing import digest
from fluent_connect.router.routes import Bound

_AHEAD = 86400.0
"""Seconds: whatever was put since then is overtaken."""


class Emitted(msgspec.Struct, frozen=True):
    """A put, and the fact that accounts for it."""

    put: Put
    fact: Queued


def emit(
    parent: Message,
    carrier: Parcel,
    route: Bound,
    resource: Reference,
    *,
    suffix: str,
    cause: Cause,
    at: float,
    kind: str = "",
    dependencies: Mapping[str, int] = {},
    attributes: Mapping[str, object] = {},
    due: float = 0.0,
) -> Emitted:
    """Return the message that has `route` look at `resource`, on the resource's own lane.

    `kind`: of the notification, where it is about that very resource; `dependencies`: what it is
    about, where that is another one. The same parent and suffix make the same id, so that a repeat
    is a repeat. `due`: not before this time; such a message is accounted for by itself, for what
    brought it about came to its end long before.
    """
    message = Message(
        id=f"look-{digest([parent.id, suffix])}" if due else f"{parent.id}.{suffix}",
        name=route.name,
        key=lane(parent.account, parent.retailer, resource),
        account=parent.account,
        retailer=parent.retailer,
        project_key=parent.project_key,
        only=parent.only,
        resource=resource,
        kind=kind,
        notification=None if due else parent.notification,
        cause=cause,
        dependencies=dependencies,
        attributes=attributes,
    )
    origin = None if due else carrier.origin
    put = carried(message, carrier, origin=origin, ordered=route.ordered, due=due)
    return Emitted(put, queued(message, at))


def ahead(emitted: Emitted, now: float) -> Emitted:
    """Return the message so that it goes before what waits already: others wait for it."""
    parcel = msgspec.structs.replace(emitted.put.parcel, not_before=now - _AHEAD)
    return msgspec.structs.replace(emitted, put=msgspec.structs.replace(emitted.put, parcel=parcel))


def with_emitted(outcome: Outcome, *emitted: Emitted) -> Outcome:
    """Return the outcome with these messages put and accounted for."""
    if not emitted:
        return outcome
    puts = (*outcome.puts, *(each.put for each in emitted))
    facts = (*outcome.facts, *(each.fact for each in emitted))
    return msgspec.structs.replace(outcome, puts=puts, facts=facts)
