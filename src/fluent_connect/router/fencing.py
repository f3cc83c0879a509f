"""What a fence lets pass, and what it says of a state just read. Pure."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.message_handler import Change, Refresh
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Fence, Newer

_encode = msgspec.json.Encoder(enc_hook=repr).encode
_PIECE = 2047
"""Bytes below which hashlib does not give the interpreter's lock away; to get it back takes longer
than to hash them."""


def digest(value: object) -> str:
    """Return 16 hexadecimal digits that differ wherever `value`, as JSON, differs."""
    text = memoryview(_encode(value))
    sums = hashlib.blake2b(text[:_PIECE], digest_size=8)
    for at in range(_PIECE, len(text), _PIECE):
        sums.update(text[at : at + _PIECE])
    return sums.hexdigest()


def number(message: Message, *, event: bool) -> int | None:
    """Return what orders the messages of a resource: its version, or an event's sequence."""
    if event and message.sequence is not None:
        return message.sequence
    return message.version


SKIPPED = "skipped: "


def skipped_for_good(fence: Fence | None, fingerprint: str) -> str | None:
    """Return why nothing is ever to be done for the resource by this mapping, or None."""
    if fence is None or fence.fingerprint != fingerprint:
        return None
    return fence.output.removeprefix(SKIPPED) if fence.output.startswith(SKIPPED) else None


def superseded(
    message: Message, fence: Fence | None, fingerprint: str, *, event: bool = False
) -> str | None:
    """Return what has overtaken the message, or None if it must be looked at.

    Below the fence nothing passes. At the fence pass: whatever asks for a second look (refresh,
    repair, replay), a mapping that has changed since, and a deletion not yet carried out.
    """
    if fence is None:
        return None
    told = number(message, event=event)
    if told is None:
        return "its deletion" if fence.deleted and message.cause == "refresh" else None
    if told > fence.version:
        return None
    if told == fence.version and _again(message, fence, fingerprint, event=event):
        return None
    return f"{'sequence' if event else 'version'} {fence.version}"


def _again(message: Message, fence: Fence, fingerprint: str, *, event: bool) -> bool:
    if event:
        return message.cause in {"repair", "replay"}
    if message.cause not in {"notification", "external", "job"}:
        return True
    if fence.deleted:
        # Found gone, with nothing done about it: the deletion itself may ask for more (an erasure).
        return message.deletes and not fence.output
    return message.deletes or fence.fingerprint != fingerprint


def stale(
    message: Message,
    version: int | None,
    dependencies: Mapping[str, int],
    fence: Fence | None,
) -> str | None:
    """Return why a state just read is older than what is known to exist, or None."""
    for known_of in (fence.dependencies if fence else {}, message.dependencies):
        for resource, read in dependencies.items():
            if read < known_of.get(resource, read):
                return f"stale read: {resource} at version {read}, but {known_of[resource]} exists"
    if version is None:
        return None
    known = max(message.version or 0, fence.version if fence else 0)
    if version >= known:
        return None
    return f"stale read: version {version}, but {known} exists"


def unchanged(
    changes: Sequence[Change], message: Message, version: int | None, old: Fence | None, new: Fence
) -> bool:
    """Say whether Fluent holds all this already: the same was brought about at a lower version.

    Only upserts can be compared so; an event or a refresh is meant anew each time. A look at a
    later time was scheduled when the same output was brought about.
    """
    return (
        old is not None
        and not old.deleted
        and version is not None
        and version > old.version
        and old.output == new.output
        and old.fingerprint == new.fingerprint
        and message.cause in {"notification", "refresh", "job"}
        and all(isinstance(change, Upsert) or _later(change) for change in changes)
    )


def _later(change: Change) -> bool:
    return isinstance(change, Refresh) and change.at > 0


LOOK = "look"
"""Under this name a fence keeps, beside the versions, when the resource is looked at again."""


def scheduled(change: Refresh, message: Message, fence: Fence | None) -> bool:
    """Say whether the look that `change` asks for has been scheduled for that time already."""
    if fence is None or change.resource != message.resource or not _later(change):
        return False
    return fence.dependencies.get(LOOK) == int(change.at)


def look(changes: Sequence[Change], message: Message) -> Mapping[str, int]:
    """Return when the message's own resource is to be looked at again, as a fence keeps it."""
    found = [
        int(change.at)
        for change in changes
        if isinstance(change, Refresh) and change.at > 0 and change.resource == message.resource
    ]
    return {LOOK: found[0]} if found else {}


def newer(key: str, new: Fence, old: Fence | None) -> Newer:
    """Return the guard for what was applied; at the fence only if it was read so and let pass."""
    return Newer(key, new, or_equal=old is not None and new.version == old.version)


def doubted(key: str, old: Fence) -> Newer:
    """Return the fence as it stood, with nothing known of what Fluent holds by now."""
    return Newer(key, msgspec.structs.replace(old, output=""), or_equal=True)
