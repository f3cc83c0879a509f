"""What a commercetools Subscription must send for the routes there are, and how to make it do so.

Facts are those of commercetools' Subscriptions API: a Subscription takes Messages of a resource
(all or named types), changes of a resource, and Events; its destination and what it sends can be
changed in place, its format cannot.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

CHANGES = frozenset({"ResourceCreated", "ResourceUpdated", "ResourceDeleted"})
"""Kinds of notification that a subscription to a resource's changes sends."""
_SAID = frozenset(
    {
        *("approval-flow", "approval-rule", "associate-role", "business-unit", "category"),
        *("customer", "customer-email-token", "customer-group", "customer-password-token"),
        *("inventory-entry", "order", "payment", "product", "product-selection"),
        *("product-tailoring", "quote", "quote-request", "review", "shopping-list"),
        *("staged-quote", "standalone-price", "store"),
    }
)
"""Resources that have Messages to subscribe to."""
_OF_EVENTS = frozenset({"import-api", "checkout", "checkout-api"})
"""Resource types that Events are about: there is nothing else of them."""
_SECRET = ("secret", "key", "connectionstring", "password")
_HIDDEN = "***"

Health = Literal[
    "Healthy",
    "TemporaryError",
    "ConfigurationError",
    "ConfigurationErrorDeliveryStopped",
    "ManuallySuspended",
]
Selection = Mapping[str, frozenset[str]]
"""typeId -> the Message types that are sent; none = all."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A Subscription as the API gives it; secrets of its destination come back hidden."""

    id: str = ""
    version: int = 0
    key: str | None = None
    destination: Mapping[str, Any] = {}
    messages: Sequence[Mapping[str, Any]] = ()
    changes: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()
    format: Mapping[str, Any] = {}
    status: str = "Healthy"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a Subscription shall send, and where to."""

    key: str
    destination: Mapping[str, Any]
    format: str = "Platform"
    messages: Selection = {}
    changes: frozenset[str] = frozenset()
    events: Selection = {}

    def draft(self, key: str | None = None) -> dict[str, object]:
        """Return what creates it."""
        return {
            "key": key or self.key,
            "destination": dict(self.destination),
            "format": _format(self.format),
            "messages": _entries(self.messages),
            "changes": [{"resourceTypeId": each} for each in sorted(self.changes)],
            "events": _entries(self.events),
        }


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it shall be: `+` is missing, `-` is too much, `~` is otherwise."""

    sign: Literal["+", "-", "~"]
    what: str
    told: str = ""


def selected(
    entries: Iterable[tuple[str, Collection[str]]],
) -> tuple[Selection, frozenset[str], Selection]:
    """Return the Messages, changes and Events that just these typeIds and kinds need.

    No kinds: everything there is of the typeId.
    """
    messages: dict[str, frozenset[str]] = {}
    events: dict[str, frozenset[str]] = {}
    changes: set[str] = set()
    for type_id, kinds in entries:
        named = frozenset(kinds)
        into = events if type_id in _OF_EVENTS else messages
        if type_id not in _OF_EVENTS and (not named or named & CHANGES):
            changes.add(type_id)
        said = named - CHANGES
        if (said or not named) and (type_id in _SAID or type_id in _OF_EVENTS or said):
            into[type_id] = _joined(into.get(type_id), said)
    return messages, frozenset(changes), events


def differences(found: Subscription | None, wanted: Wanted) -> list[Difference]:
    """Return what is not as it shall be; nothing if all is."""
    if found is None:
        found = Subscription(format=_format(wanted.format))
        told = [Difference("+", f"subscription {wanted.key}", _destination(wanted.destination))]
    else:
        told = _elsewhere(found, wanted)
    told += _selection("messages", _selected(found.messages), wanted.messages)
    held = frozenset(str(each.get("resourceTypeId", "")) for each in found.changes)
    told += [Difference("+", f"changes {each}") for each in sorted(wanted.changes - held)]
    told += [Difference("-", f"changes {each}") for each in sorted(held - wanted.changes)]
    return [*told, *_selection("events", _selected(found.events), wanted.events)]


def actions(
    found: Subscription, wanted: Wanted, *, rotate: bool = False
) -> list[dict[str, object]]:
    """Return the update actions that make `found` what is wanted, but for its format.

    `rotate`: the destination is among them even if nothing but its hidden secrets can differ.
    """
    draft = wanted.draft()
    made: list[dict[str, object]] = []
    if _selected(found.messages) != dict(wanted.messages):
        made.append({"action": "setMessages", "messages": draft["messages"]})
    if {each.get("resourceTypeId") for each in found.changes} != set(wanted.changes):
        made.append({"action": "setChanges", "changes": draft["changes"]})
    if _selected(found.events) != dict(wanted.events):
        made.append({"action": "setEvents", "events": draft["events"]})
    if rotate or _moved(found.destination, wanted.destination):
        made.append({"action": "changeDestination", "destination": draft["destination"]})
    if found.key != wanted.key:
        made.append({"action": "setKey", "key": wanted.key})
    return made


def reformatted(found: Subscription, wanted: Wanted) -> bool:
    """Say whether the format differs: then another Subscription has to take its place."""
    return bool(found.format.get("type", "Platform") != wanted.format)


def shown(destination: Mapping[str, Any]) -> dict[str, Any]:
    """Return a destination without its secrets."""
    return {name: _HIDDEN if _is_secret(name) else value for name, value in destination.items()}


def _joined(held: frozenset[str] | None, more: frozenset[str]) -> frozenset[str]:
    if held is None:
        return more
    return held | more if held and more else frozenset()


def _entries(selection: Selection) -> list[dict[str, object]]:
    return [
        {"resourceTypeId": type_id, "types": sorted(kinds)}
        for type_id, kinds in sorted(selection.items())
    ]


def _selected(entries: Sequence[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    return {
        str(each.get("resourceTypeId", "")): frozenset(each.get("types") or ()) for each in entries
    }


def _selection(what: str, held: Selection, wanted: Selection) -> list[Difference]:
    told = []
    for type_id in sorted({*held, *wanted}):
        name = f"{what} {type_id}"
        if type_id not in held:
            told.append(Difference("+", name, ", ".join(sorted(wanted[type_id])) or "all"))
        elif type_id not in wanted:
            told.append(Difference("-", name, ", ".join(sorted(held[type_id])) or "all"))
        elif held[type_id] != wanted[type_id]:
            told.append(Difference("~", name, _changed(held[type_id], wanted[type_id])))
    return told


def _changed(held: frozenset[str], wanted: frozenset[str]) -> str:
    if not held or not wanted:
        return f"{'all' if not held else len(held)} -> {'all' if not wanted else len(wanted)}"
    added = [f"+{each}" for each in sorted(wanted - held)]
    return " ".join([*added, *(f"-{each}" for each in sorted(held - wanted))])


def _elsewhere(found: Subscription, wanted: Wanted) -> list[Difference]:
    told = []
    if found.key != wanted.key:
        told.append(Difference("~", "key", f"{found.key} -> {wanted.key}"))
    if reformatted(found, wanted):
        was = found.format.get("type", "Platform")
        told.append(Difference("~", "format", f"{was} -> {wanted.format}: made anew beside it"))
    if _moved(found.destination, wanted.destination):
        was = _destination(found.destination)
        told.append(Difference("~", "destination", f"{was} -> {_destination(wanted.destination)}"))
    return told


def _moved(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Say whether the destination is another one; secrets, which come back hidden, do not count."""
    return any(held.get(name) != value for name, value in wanted.items() if not _is_secret(name))


def _destination(destination: Mapping[str, Any]) -> str:
    rest = [str(v) for k, v in destination.items() if k != "type" and not _is_secret(k)]
    return " ".join([str(destination.get("type", "?")), *rest])


def _is_secret(name: str) -> bool:
    return name.lower().endswith(_SECRET)


def _format(name: str) -> dict[str, object]:
    version = {"cloudEventsVersion": "1.0"} if name == "CloudEvents" else {}
    return {"type": name, **version}
