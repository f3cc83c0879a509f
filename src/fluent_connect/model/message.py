"""The unit of work on the Event Queue."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from fluent_connect.model.notification import DELETIONS, Reference

Cause = Literal["notification", "refresh", "job", "repair", "replay", "fluent", "external"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of work on the Event Queue, addressed to one Fluent account.

    `id` is stable: the same change gets the same id. `name` is what the Message Router reads.
    `key` is the lane: messages of one key reach a handler one at a time. `attributes` holds what
    the sender said beside the resource (a notification's user-provided identifiers, the fields of
    an external webhook), never the whole payload: that stays readable as the original bytes.
    `only`: the accounts that its door feeds; none = all. `dependencies`: versions, by
    `typeId/id`, of other resources that made a refresh necessary.
    """

    id: str
    name: str
    key: str
    account: str
    retailer: str
    project_key: str | None = None
    resource: Reference | None = None
    kind: str = ""
    version: int | None = None
    sequence: int | None = None
    notification: str | None = None
    cause: Cause = "notification"
    attributes: Mapping[str, object] = {}
    only: tuple[str, ...] = ()
    dependencies: Mapping[str, int] = {}

    @property
    def deletes(self) -> bool:
        """Say whether the message tells that its resource is gone."""
        return self.kind in DELETIONS


def lane(account: str, retailer: str, resource: Reference | str) -> str:
    """Return the key of the lane in which all messages of `resource` run, one at a time."""
    return f"{account}/{retailer}/{resource}"
