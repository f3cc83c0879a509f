"""Fluent's Event API (`/api/v4.1/event/…`)."""

from typing import Any

import msgspec

from fluent_connect.clients.fluent.model import Event, Pushed
from fluent_connect.clients.http import Answer, Door, Trace
from fluent_connect.clients.redact import words
from fluent_connect.clients.statuses import error_of
from fluent_connect.model.errors import RefusedError

_NOT_DONE = ("FAILED", "NO_MATCH")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Accepted(msgspec.Struct):
    eventId: str | int | None = None  # noqa: N815 - Fluent's name
    id: str | int | None = None
    eventStatus: str = ""  # noqa: N815 - Fluent's name


_accepted = msgspec.json.Decoder(_Accepted)


async def send_event(door: Door, retailer: str, event: Event, trace: Trace) -> Pushed:
    """Send an event of the account and retailer. RefusedError if a sync one is not carried out."""
    kind = "sync" if event.sync else "async"
    path = f"/api/v4.1/event/{kind}"
    body = _encode(_body(door.account, retailer, event))
    label = f"{path} {event.name}"
    answer = await door.call("POST", path, trace, body=body, label=label, keep=True, accept=(400,))
    accepted = _read(answer) if answer.body else _Accepted()
    if accepted is not None and accepted.eventStatus in _NOT_DONE:
        said = f"{accepted.eventStatus}: {words(answer.body)}"
        raise RefusedError(f"fluent event {event.name} came to {said}", status=answer.status)
    if answer.status == 400:  # noqa: PLR2004
        raise door.learn(error_of(f"fluent event {event.name}", answer))
    if accepted is None:
        raise door.unreadable(trace, answer, "not JSON, or cut off")
    number = accepted.eventId if accepted.eventId is not None else accepted.id
    ref = event.entity_ref or event.entity_id or ""
    return Pushed(event.entity_type, ref, None if number is None else str(number), "sent")


def _body(account: str, retailer: str, event: Event) -> dict[str, Any]:
    fields = {
        "name": event.name,
        "type": "NORMAL",
        "accountId": account,
        "retailerId": retailer,
        "entityType": event.entity_type,
        "entityRef": event.entity_ref,
        "entityId": event.entity_id,
        "entitySubtype": event.entity_subtype,
        "rootEntityType": event.root_entity_type,
        "rootEntityRef": event.root_entity_ref,
        "rootEntityId": event.root_entity_id,
        "attributes": event.attributes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _read(answer: Answer) -> _Accepted | None:
    try:
        return _accepted.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
