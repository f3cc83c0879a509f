"""Messages of the journal as they were queued, with what is still kept of what the sender sent."""

from collections.abc import Mapping

import msgspec

from fluent_connect.app.build import externals, route_table
from fluent_connect.app.config.result import Config
from fluent_connect.app.handlers import Handlers
from fluent_connect.journal.messages import MessageRow
from fluent_connect.listener import queueing
from fluent_connect.listener.envelopes import unwrap
from fluent_connect.listener.external import ExternalDoor, take
from fluent_connect.model.codec import decode_json
from fluent_connect.model.errors import ConnectError, MalformedError
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.store import Store


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the journal, and for how many of its like it stands.

    `body`: whether the sender's request is still kept; without it nothing is known of what it said
    beside the resource (`journal.record` decides how long it is kept).
    """

    message: Message
    at: float
    repeats: int
    unit: str
    body: bool


class Records:
    """Reads messages back from a store, with the doors of a configuration."""

    def __init__(self, store: Store, config: Config, handlers: Handlers) -> None:
        self._store = store
        routes = route_table(config.routes, handlers)
        self._doors = externals(config.doors, config.accounts, routes)

    async def message(self, row: MessageRow) -> Recorded:
        """Return the message that a row tells of."""
        parcel = await self._store.original(row.unit)
        said = _said(parcel, self._doors, row) if parcel is not None else {}
        about = Reference(row.type_id, row.resource) if row.resource else None
        message = Message(
            id=row.id,
            name=row.name,
            key=lane(row.account, row.retailer, about or row.id),
            account=row.account,
            retailer=row.retailer,
            project_key=row.project_key or None,
            resource=about,
            kind=row.kind,
            version=row.version,
            sequence=row.sequence,
            notification=row.notification,
            cause=row.cause,
            attributes=said,
        )
        return Recorded(
            message=message,
            at=row.at,
            repeats=row.repeats,
            unit=row.unit,
            body=parcel is not None,
        )

    async def payload(self, unit: str) -> Mapping[str, object] | None:
        """Return the JSON object that the sender sent, while its bytes are kept."""
        parcel = await self._store.original(unit)
        if parcel is None:
            return None
        try:
            value = decode_json(parcel.body)
        except MalformedError:
            return None
        return value if isinstance(value, dict) else None


def _said(
    parcel: Parcel, doors: Mapping[str, ExternalDoor], row: MessageRow
) -> Mapping[str, object]:
    """Return what the sender said beside the resource; nothing if it cannot be read any more."""
    door = doors.get(parcel.headers.get("door", "default"))
    try:
        if door is not None:
            return take(door, parcel, row.at).message.attributes
        parts = unwrap(parcel.body, parcel.headers, batch="part" not in parcel.headers)
        return queueing.attributes(parts[0]) if len(parts) == 1 else {}
    except ConnectError:
        return {}
