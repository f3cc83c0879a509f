"""From a change to the notifications that a subscription would send, in the Platform format."""

import uuid
from collections.abc import Iterator

import msgspec

from fluent_connect.sandbox.commercetools.kinds import Json, user_provided
from fluent_connect.sandbox.commercetools.project import Project, Told

MESSAGES = (
    "order",
    "product",
    "payment",
    "customer",
    "inventory-entry",
    "standalone-price",
    "store",
)
CHANGES = (
    "category",
    "customer",
    "product",
    "product-type",
    "tax-category",
    "channel",
    "type",
    "shipping-method",
)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notification: its payload, and what it is about."""

    id: str
    """The Message's id; for changes one that is derived of the version."""
    type_id: str
    resource: str
    kind: str
    version: int
    payload: Json
    number: int = 0
    """Of a Message its number among those of the resource."""


def notices(project: Project, told: Told) -> Iterator[Notice]:
    """Yield all notifications of a change: its Messages in order, then the change itself."""
    resource = told.resource
    type_id = told.kind.type_id
    first = told.old_version + 1 if told.change != "ResourceCreated" else int(resource["version"])
    for offset, message in enumerate(told.messages):
        version = first if told.change != "ResourceUpdated" else first + offset
        yield _message(project, told, message, version)
    common = _common(project, told)
    payload: Json = {"notificationType": told.change, **common, "version": resource["version"]}
    if told.change == "ResourceUpdated":
        payload["oldVersion"] = told.old_version
    payload["modifiedAt"] = resource["lastModifiedAt"]
    if told.data_erasure:
        payload["dataErasure"] = True
    yield Notice(
        id=f"{resource['id']}-{told.change}-{resource['version']}",
        type_id=type_id,
        resource=resource["id"],
        kind=told.change,
        version=int(resource["version"]),
        payload=payload,
    )


def test_notice(project: Project, subscription: Json) -> Notice:
    """Return the notification that tries a new subscription out."""
    id_ = subscription["id"]
    payload = {
        "notificationType": "ResourceCreated",
        "projectKey": project.key,
        "resource": {"typeId": "subscription", "id": id_},
        "resourceUserProvidedIdentifiers": {},
        "version": 1,
        "modifiedAt": subscription["createdAt"],
    }
    return Notice(
        id=f"{id_}-test",
        type_id="subscription",
        resource=id_,
        kind="ResourceCreated",
        version=1,
        payload=payload,
    )


def _message(project: Project, told: Told, message: Json, version: int) -> Notice:
    resource = told.resource
    id_ = str(uuid.uuid4())
    number = project.next_sequence(told.kind.type_id, resource["id"])
    payload = {
        "notificationType": "Message",
        "id": id_,
        "version": 1,
        "sequenceNumber": number,
        **_common(project, told),
        "resourceVersion": version,
        **message,
        "createdAt": resource["lastModifiedAt"],
        "lastModifiedAt": resource["lastModifiedAt"],
    }
    return Notice(
        id=id_,
        type_id=told.kind.type_id,
        resource=resource["id"],
        kind=message["type"],
        version=version,
        payload=payload,
        number=number,
    )


def _common(project: Project, told: Told) -> Json:
    return {
        "projectKey": project.key,
        "resource": {"typeId": told.kind.type_id, "id": told.resource["id"]},
        "resourceUserProvidedIdentifiers": user_provided(told.kind, told.resource),
    }
