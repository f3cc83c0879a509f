"""From a notification and whom it is for to what is put, guarded and remembered. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fluent_connect.listener.account_mapping import Target
from fluent_connect.listener.parse import CHANGES
from fluent_connect.listener.route_mapping import RouteMapping
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.fact import Fact, Known, Told
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Notification, sequence_key
from fluent_connect.model.outcome import Unseen
from fluent_connect.model.parcel import Parcel

_INDEXED = (
    ("order-number", "orderNumber"),
    ("customer-number", "customerNumber"),
    ("sku", "sku"),
    ("key", "key"),
)


class _Identified(msgspec.Struct):
    """What a message carries of a notification, read without decoding the rest."""

    resource_user_provided_identifiers: dict[str, object] = msgspec.field(
        default_factory=dict, name="resourceUserProvidedIdentifiers"
    )
    data_erasure: bool = msgspec.field(default=False, name="dataErasure")
    sku: object = None
    """Of a standalone price: once it is deleted, nobody else tells whose it was."""


_identified = msgspec.json.Decoder(_Identified).decode


def guards(notification: Notification, project: str | None) -> Sequence[Unseen]:
    """Return the inbox keys that a notification must not have been met by."""
    resource = notification.resource
    if notification.kind in CHANGES:
        kind_version = f"{notification.kind}|{notification.version}"
        return (Unseen(f"{project}|{_of(notification)}|{kind_version}"),)
    own = Unseen(f"{project}|{notification.id}")
    if resource is None or notification.sequence is None:
        return (own,)
    return own, Unseen(sequence_key(project, resource, notification.sequence))


def attributes(body: bytes) -> Mapping[str, object]:
    """Return what the sender said beside the resource. Raise MalformedError for wrong types."""
    try:
        found = _identified(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"not a notification: {error}") from error
    said = found.resource_user_provided_identifiers
    if isinstance(found.sku, str):
        said = {**said, "sku": found.sku}
    return {**said, "dataErasure": True} if found.data_erasure else said


def messages(
    notification: Notification,
    parcel: Parcel,
    mapping: RouteMapping,
    targets: Sequence[Target],
    said: Mapping[str, object],
    *,
    only: tuple[str, ...] = (),
) -> list[Message]:
    """Return one message for each target, addressed to it. `only`: what the door feeds."""
    about = notification.resource or f"event/{notification.id}"
    return [
        Message(
            id=f"{parcel.id}.{index}",
            name=mapping.route,
            key=lane(target.account, target.retailer, about),
            account=target.account,
            retailer=target.retailer,
            project_key=target.project_key,
            resource=notification.resource,
            kind=notification.kind,
            version=notification.version,
            sequence=notification.sequence,
            notification=parcel.id,
            attributes=said,
            only=only,
        )
        for index, target in enumerate(targets)
    ]


def told(notification: Notification, parcel: Parcel, at: float) -> Told:
    """Return what the journal keeps of a notification."""
    resource = notification.resource
    return Told(
        id=parcel.id,
        notification_id=notification.id,
        kind=notification.kind,
        project_key=notification.project_key or "",
        type_id=resource.type_id if resource is not None else "",
        resource=resource.id if resource is not None else "",
        version=notification.version,
        sequence=notification.sequence,
        at=at,
    )


def known(id_: str, said: Mapping[str, object]) -> Iterator[Fact]:
    """Yield by which values the unit `id_` is found, beside its own ids, which `Told` holds."""
    for kind, field in _INDEXED:
        value = said.get(field)
        if isinstance(value, str) and value:
            yield Known(id_, kind, value)


def _of(notification: Notification) -> str:
    resource = notification.resource
    return f"{resource.type_id}|{resource.id}" if resource is not None else ""
