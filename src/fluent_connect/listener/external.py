"""Webhooks of any other system: a JSON body becomes a message by configuration. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.listener.account_mapping import Target
from fluent_connect.listener.sources import Constant, Header, Pointer, Source, find
from fluent_connect.model.codec import decode_json
from fluent_connect.model.errors import MalformedError, UnprocessableError
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.model.parcel import Parcel

_OWN = frozenset({"id", "name", "accountId", "retailerId", "entityId", "entityRef", "entityType"})
"""The fields of the vendor's SDK, which need no configuration."""
REQUIRED_OF_FLUENT = ("id", "name", "accountId", "retailerId", "entityId", "entityType")
"""What each webhook of Fluent's carries (the vendor's webhook schema; `entityRef` may be empty)."""
_WINDOW = 6 * 3600
_WINDOWS = 4
_LONGEST = 512


class ExternalDoor(msgspec.Struct, frozen=True, kw_only=True):
    """How the requests of one door become messages; what is None is taken from the SDK's fields.

    key_from:     messages of one key reach the handler one at a time; else the entity's.
    id_from:      a request with a known id is a duplicate; else the digest of the body is known
                  for about a day.
    account_from: "account" or "account/retailer".
    """

    name: str
    targets: Sequence[Target]
    name_from: Source | None = None
    key_from: Source | None = None
    id_from: Source | None = None
    version_from: Source | None = None
    account_from: Source | None = None
    ordered: frozenset[str] = frozenset()
    """The names whose handler is an event handler."""
    required: Sequence[str] = ()
    """Fields without which a request is malformed."""

    @property
    def headers(self) -> frozenset[str]:
        """Return the headers that the endpoint must keep for this door."""
        froms = (
            self.name_from,
            self.key_from,
            self.id_from,
            self.version_from,
            self.account_from,
        )
        return frozenset(one.name for one in froms if isinstance(one, Header))


class Taken(msgspec.Struct, frozen=True):
    """A request of an external system: its own id, the keys of the inbox, and the message."""

    id: str
    keys: Sequence[str]
    message: Message


def take(door: ExternalDoor, parcel: Parcel, at: float) -> Taken:
    """Return the message that the request is.

    Raise MalformedError if it is no JSON or has no name, UnprocessableError if no account of the
    door is meant.
    """
    body = decode_json(parcel.body)
    read = _Reader(body, parcel.headers)
    absent = [field for field in door.required if read.text(None, field) is None]
    if absent:
        raise MalformedError(f"the door {door.name} finds no {', '.join(absent)} in this request")
    name = read.text(door.name_from, "name")
    if name is None:
        raise MalformedError(f"the door {door.name} finds no message name in this request")
    target = _target(door, read)
    resource = read.resource()
    key = read.text(door.key_from, "")
    told = read.text(door.id_from, "id")
    id_ = told or hashlib.sha256(parcel.body).hexdigest()
    keys = [f"{door.name}|{id_}"] if told else _passing(f"{door.name}|sha256:{id_}", at)
    lane_of = key or resource or f"external/{parcel.id}"
    message = Message(
        id=f"{parcel.id}.0",
        name=name,
        key=lane(target.account, target.retailer, lane_of),
        account=target.account,
        retailer=target.retailer,
        project_key=target.project_key or None,
        resource=resource,
        version=read.version(door.version_from),
        notification=parcel.id,
        cause="external",
        attributes=_attributes(body),
    )
    return Taken(id_, keys, message)


class _Reader:
    """Finds the fields of one request."""

    def __init__(self, body: Any, headers: Mapping[str, str]) -> None:
        self._body = body
        self._headers = headers

    def text(self, where: Source | None, field: str) -> str | None:
        """Return a text or number as text; None if there is none."""
        value = find(where or Pointer((field,)), self._body, self._headers)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = str(value)
        if len(text) > _LONGEST:
            raise MalformedError(f"longer than {_LONGEST} characters: {text[:40]}…")
        return text or None

    def version(self, where: Source | None) -> int | None:
        """Return the version; None if the system has none."""
        text = self.text(where or Constant(""), "")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and int(text[:17]) <= 2**53):
            raise MalformedError(f"not a version: {text}")
        return int(text[:17])

    def resource(self) -> Reference | None:
        """Return the entity that the SDK's fields name."""
        type_id = self.text(None, "entityType")
        id_ = self.text(None, "entityId") or self.text(None, "entityRef")
        return Reference(type_id, id_) if type_id and id_ else None

    def account(self, where: Source | None) -> tuple[str | None, str | None]:
        """Return account and retailer, as far as they are named."""
        if where is None:
            return self.text(None, "accountId"), self.text(None, "retailerId")
        account, _, retailer = (self.text(where, "") or "").partition("/")
        return account or None, retailer or None


def _target(door: ExternalDoor, read: _Reader) -> Target:
    account, retailer = read.account(door.account_from)
    meant = {
        (one.account, one.retailer): one
        for one in door.targets
        if account in {None, one.account} and retailer in {None, one.retailer}
    }
    if len(meant) != 1:
        named = f"{account or 'any account'}, {retailer or 'any retailer'}"
        raise UnprocessableError(
            f"{len(meant)} accounts of the door {door.name} are meant by: {named}"
        )
    return next(iter(meant.values()))


def _passing(key: str, at: float) -> list[str]:
    """Return keys that meet those of the same body for 18 hours at least, for 24 at most."""
    first = int(at // _WINDOW)
    return [f"{key}|{first + window}" for window in range(_WINDOWS)]


def _attributes(body: Any) -> dict[str, object]:
    """Return `attributes`; else the single values that stand beside the SDK's own fields."""
    if not isinstance(body, dict):
        return {}
    own = body.get("attributes")
    if isinstance(own, dict):
        return own
    return {
        name: value
        for name, value in body.items()
        if name not in _OWN and not isinstance(value, dict | list)
    }
