"""What commercetools says happened: the notification, as a subscription tells it."""

from collections.abc import Mapping

import msgspec

DELETIONS = frozenset(
    {
        "ResourceDeleted",
        "ProductDeleted",
        "OrderDeleted",
        "CustomerDeleted",
        "StandalonePriceDeleted",
    }
)


class Reference(msgspec.Struct, frozen=True):
    """One resource of one system: its type (commercetools' `typeId`) and its id."""

    type_id: str
    id: str

    def __str__(self) -> str:
        return f"{self.type_id}/{self.id}"


def sequence_key(project: str | None, resource: Reference, number: int) -> str:
    """Return the inbox key of the Message with this number among those of a resource."""
    return f"{project}|{resource.type_id}|{resource.id}|#{number}"


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One change in commercetools, as a subscription tells it.

    `kind` is the Message type ("OrderCreated"), the `notificationType` of a change
    ("ResourceUpdated"), or the type of an Event. `version` is the resource's version (a
    Message's `resourceVersion`, never its own `version`, which is always 1). `id` is the
    Message's or Event's own; a change has none, so it gets one derived from what identifies it.
    """

    id: str
    kind: str
    project_key: str | None
    resource: Reference | None
    version: int | None = None
    sequence: int | None = None
    payload: Mapping[str, object]

    @property
    def deletes(self) -> bool:
        """Say whether this tells that the resource is gone."""
        return self.kind in DELETIONS

    @property
    def is_test(self) -> bool:
        """Say whether this is what commercetools sends to try a new subscription."""
        return self.resource is not None and self.resource.type_id == "subscription"
