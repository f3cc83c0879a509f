"""Which notifications pass, and under which message name. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.model.notification import Notification
from fluent_connect.model.outcome import Skipped

TEST = Skipped("test")
FILTERED = Skipped("filtered")
UNMAPPED = Skipped("unmapped")
STAGED = Skipped("staged")
"""An edit that customers do not see yet: publishing tells of it."""


class RouteMapping(msgspec.Struct, frozen=True, kw_only=True):
    """Notifications about one type of resource, and the route that they take.

    name:             the resource's `typeId`; for an Event without resource its `resourceType`.
    route:            the message's name on the Event Queue.
    inclusion_filter: the kinds that pass; none = all.
    skip:             instead of a route: they are skipped, for this reason.
    ordered:          the route's handler is an event handler.
    props:            of the entry; `staged: pass` lets Messages of staged edits pass.
    """

    name: str
    route: str = ""
    inclusion_filter: frozenset[str] = frozenset()
    skip: str = ""
    ordered: bool = False
    props: Mapping[str, str] = {}


class RouteMap:
    """The entries of `route-mapping`, in their order: the first that fits decides."""

    def __init__(self, entries: Sequence[RouteMapping]) -> None:
        self._by_name: dict[str, list[RouteMapping]] = {}
        for entry in entries:
            self._by_name.setdefault(entry.name, []).append(entry)

    def match(self, notification: Notification) -> RouteMapping | Skipped:
        """Return the entry that takes the notification, or why none does."""
        if notification.is_test:
            return TEST
        entries = self._by_name.get(_name(notification))
        if not entries:
            return UNMAPPED
        for entry in entries:
            if not entry.inclusion_filter or notification.kind in entry.inclusion_filter:
                if (
                    notification.payload.get("staged") is True
                    and entry.props.get("staged") != "pass"
                ):
                    return STAGED
                return Skipped(entry.skip) if entry.skip else entry
        return FILTERED


def _name(notification: Notification) -> str:
    if notification.resource is not None:
        return notification.resource.type_id
    return str(notification.payload.get("resourceType", ""))
