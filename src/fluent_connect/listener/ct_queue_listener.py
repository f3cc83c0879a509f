"""The station between the ct-queue and the Event Queue."""

import time
from collections.abc import Callable, Mapping, Sequence

from fluent_connect.listener import queueing
from fluent_connect.listener.account_mapping import AccountMap
from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.listener.envelopes import unwrap
from fluent_connect.listener.external import ExternalDoor, take
from fluent_connect.listener.parse import parse
from fluent_connect.listener.route_mapping import RouteMap
from fluent_connect.model.carry import carried, queued
from fluent_connect.model.errors import ConnectError, Skip
from fluent_connect.model.fact import Fact, Split, Told
from fluent_connect.model.killpoint import reach
from fluent_connect.model.notification import Notification
from fluent_connect.model.outcome import Done, Outcome, Skipped, Unseen
from fluent_connect.model.parcel import CT_QUEUE, Parcel, Put
from fluent_connect.queues.store import Delivery


class CTQueueListener:
    """Turn what came in at a door into messages for handlers, or say why there are none.

    receiver: a partner's look at each notification.
    doors:    per door of commercetools the only accounts that it feeds; absent = all.
    external: doors of other systems, by name.
    """

    def __init__(
        self,
        routes: RouteMap,
        accounts: AccountMap,
        *,
        receiver: CTExternalMessageReceiver | None = None,
        doors: Mapping[str, Sequence[str]] = {},
        external: Mapping[str, ExternalDoor] = {},
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._routes = routes
        self._accounts = accounts
        self._receiver = receiver or CTExternalMessageReceiver()
        self._doors = doors
        self._external = external
        self._clock = clock

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Return what becomes of one parcel. Raise MalformedError if it cannot be read."""
        parcel = delivery.parcel
        external = self._external.get(_door(parcel))
        if external is not None:
            outcome = self._foreign(parcel, external)
        else:
            parts = unwrap(parcel.body, parcel.headers, batch="part" not in parcel.headers)
            outcome = self._one(parcel, parts[0]) if len(parts) == 1 else self._split(parcel, parts)
        reach("listener:decided")
        return outcome

    def _split(self, parcel: Parcel, parts: Sequence[bytes]) -> Outcome:
        """Put each part of a batch back as a parcel of its own; the batch is accounted for."""
        if not parts:
            return Outcome(fate=Skipped("empty batch"))
        puts = tuple(Put(CT_QUEUE, _part(parcel, index, body)) for index, body in enumerate(parts))
        ids = tuple(put.parcel.id for put in puts)
        split = Split(parcel.id, ids, _door(parcel), self._clock())
        return Outcome(fate=Done(f"{len(ids)} parts"), puts=puts, facts=(split,))

    def _one(self, parcel: Parcel, body: bytes) -> Outcome:
        """Take one notification; what fails is told all the same, and leaves no inbox key."""
        notification = parse(body)
        told = queueing.told(notification, parcel, self._clock())
        try:
            return self._routed(notification, parcel, body, told)
        except Skip as skip:
            guards = queueing.guards(notification, self._project(notification))
            return Outcome(fate=Skipped(str(skip)), guards=guards, facts=(told,))
        except ConnectError as error:
            return Outcome(error=error, facts=(told,))

    def _routed(
        self, notification: Notification, parcel: Parcel, body: bytes, told: Told
    ) -> Outcome:
        said = queueing.attributes(body)
        if not notification.is_test:
            self._receiver.receive(notification)
        mapping = self._routes.match(notification)
        guards = queueing.guards(notification, self._project(notification))
        if isinstance(mapping, Skipped):
            found = queueing.known(parcel.id, said)
            return Outcome(fate=mapping, guards=guards, facts=(told, *found))
        door = _door(parcel)
        only = tuple(self._doors.get(door, ()))
        targets = self._accounts.candidates(notification, accounts=only, door=door)
        made = queueing.messages(notification, parcel, mapping, targets, said, only=only)
        facts: list[Fact] = [told, *(queued(message, told.at) for message in made)]
        for message in made:
            facts.extend(queueing.known(message.id, said))
        puts = tuple(
            carried(message, parcel, origin=parcel.id, ordered=mapping.ordered) for message in made
        )
        return Outcome(fate=_done(len(made)), guards=guards, puts=puts, facts=facts)

    def _foreign(self, parcel: Parcel, door: ExternalDoor) -> Outcome:
        """Take a request of an external system."""
        taken = take(door, parcel, _received(parcel, self._clock()))
        message, at = taken.message, self._clock()
        about = message.resource
        told = Told(
            id=parcel.id,
            notification_id=taken.id,
            kind=message.name,
            project_key="",
            type_id=about.type_id if about is not None else "",
            resource=about.id if about is not None else "",
            version=message.version,
            sequence=None,
            at=at,
        )
        return Outcome(
            fate=_done(1),
            guards=tuple(Unseen(key) for key in taken.keys),
            puts=(
                carried(message, parcel, origin=parcel.id, ordered=message.name in door.ordered),
            ),
            facts=(told, queued(message, at)),
        )

    def _project(self, notification: Notification) -> str | None:
        return notification.project_key or self._accounts.only_project


def _part(parcel: Parcel, index: int, body: bytes) -> Parcel:
    headers = {
        name: value for name, value in parcel.headers.items() if name in {"door", "traceparent"}
    }
    return Parcel(
        id=f"{parcel.id}-{index}",
        key="",
        body=body,
        headers={**headers, "part": str(index)},
        rank=parcel.rank,
    )


def _door(parcel: Parcel) -> str:
    return parcel.headers.get("door", "default")


def _done(count: int) -> Done:
    return Done("1 message" if count == 1 else f"{count} messages")


def _received(parcel: Parcel, now: float) -> float:
    """Return when the request came in, which its id tells; a retry must find the same keys."""
    try:
        return int(parcel.id[:12], 16) / 1000
    except ValueError:
        return now
