"""From bytes to a Notification: the five shapes of commercetools' Platform format."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fluent_connect.model.codec import decode_json
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.notification import Notification, Reference

CHANGES = frozenset({"ResourceCreated", "ResourceUpdated", "ResourceDeleted"})

_Word = Annotated[str, Meta(min_length=1, max_length=512)]
_Number = Annotated[int, Meta(ge=0, le=2**53)]


class _Resource(msgspec.Struct, rename="camel"):
    type_id: _Word
    id: _Word


class _NotIncluded(msgspec.Struct, rename="camel"):
    payload_type: _Word | None = None


class _Wire(msgspec.Struct, rename="camel"):
    """The fields that all shapes share; what else a notification says is not decoded."""

    notification_type: str | None = None
    project_key: _Word | None = None
    id: _Word | None = None
    type: _Word | None = None
    version: _Number | None = None
    sequence_number: _Number | None = None
    resource: _Resource | None = None
    resource_version: _Number | None = None
    payload_not_included: _NotIncluded | None = None
    staged: Any = None


_wire = msgspec.json.Decoder(_Wire).decode


class Payload(Mapping[str, object]):
    """All that a notification says, decoded when somebody looks. Raises MalformedError then."""

    __slots__ = ("_body", "_known", "_values")

    def __init__(self, body: bytes, known: Mapping[str, object] = {}) -> None:
        self._body = body
        self._known = known
        self._values: dict[str, object] | None = None

    def _read(self) -> dict[str, object]:
        if self._values is None:
            self._values = decode_json(self._body)
        return self._values

    def get(self, key: str, default: Any = None) -> Any:
        """Return what stands under a name; what was read already needs no decoding."""
        return self._known[key] if key in self._known else self._read().get(key, default)

    def __getitem__(self, key: str) -> object:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def parse(body: bytes) -> Notification:
    """Return what the notification in `body` says. Raise MalformedError if it is none."""
    try:
        wire = _wire(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"not a notification: {error}") from error
    kind = wire.notification_type
    if kind == "Message" or (kind is None and wire.sequence_number is not None):
        return _message(wire, body)
    if kind in CHANGES:
        return _change(wire, kind, body)
    if kind == "Event":
        return _event(wire, body)
    raise MalformedError(f"not a notification: notificationType is {kind!r}")


def _message(wire: _Wire, body: bytes) -> Notification:
    left_out = wire.payload_not_included
    kind = wire.type or (left_out.payload_type if left_out is not None else None)
    if wire.id is None or wire.resource is None or kind is None:
        raise MalformedError("a Message without id, resource or type")
    return Notification(
        id=wire.id,
        kind=kind,
        project_key=wire.project_key,
        resource=Reference(wire.resource.type_id, wire.resource.id),
        version=wire.resource_version,
        sequence=wire.sequence_number,
        payload=Payload(body, {"staged": wire.staged}),
    )


def _change(wire: _Wire, kind: Any, body: bytes) -> Notification:
    if wire.resource is None or wire.version is None or wire.project_key is None:
        raise MalformedError(f"a {kind} without resource, version or projectKey")
    resource = Reference(wire.resource.type_id, wire.resource.id)
    return Notification(
        id=f"{resource.type_id}:{resource.id}:{kind}:{wire.version}",
        kind=kind,
        project_key=wire.project_key,
        resource=resource,
        version=wire.version,
        payload=Payload(body, {"staged": wire.staged}),
    )


def _event(wire: _Wire, body: bytes) -> Notification:
    if wire.id is None or wire.type is None:
        raise MalformedError("an Event without id or type")
    resource = wire.resource
    return Notification(
        id=wire.id,
        kind=wire.type,
        project_key=wire.project_key,
        resource=Reference(resource.type_id, resource.id) if resource is not None else None,
        payload=Payload(body, {"staged": wire.staged}),
    )
