"""CloudEvents 1.0 in JSON and in HTTP's binary mode: what an event says of itself, and its data."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw

from fluent_connect.model.errors import MalformedError

_VERSIONS = frozenset({"1.0", "0.3"})
_REQUIRED = ("id", "source", "type")
_TEXTS = frozenset({"datacontenttype", "dataschema", "subject", "time"})
_DATA = frozenset({"data", "data_base64"})
_NAME = re.compile(r"[a-z0-9]+")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+\s*(;.*)?", re.ASCII | re.DOTALL)
_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]"
    r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_INT32 = range(-(2**31), 2**31)

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_value = msgspec.json.Decoder().decode
_text = msgspec.json.Decoder(str).decode


class CloudEvent(msgspec.Struct, frozen=True):
    """What an event says of itself (extensions included), and its data; None if it has none."""

    attributes: Mapping[str, object]
    data: bytes | None


def structured(body: bytes) -> CloudEvent:
    """Return the event that a JSON object is. Raise MalformedError if the specification says no."""
    members = _members(body)
    attributes = dict(_attributes(members))
    _check(attributes)
    if members.keys() >= _DATA:
        raise MalformedError("a CloudEvent holds `data` or `data_base64`")
    if "data_base64" in members:
        return CloudEvent(attributes, _decoded(_text(members["data_base64"])))
    return CloudEvent(attributes, bytes(members["data"]) if "data" in members else None)


def binary(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Return the event whose attributes are headers (`ce-…`) and whose data is the body.

    Raise MalformedError if the specification says no.
    """
    attributes: dict[str, object] = {
        name[3:]: value for name, value in headers.items() if name.startswith("ce-")
    }
    if headers.get("content-type"):
        attributes["datacontenttype"] = headers["content-type"]
    _check(attributes)
    return CloudEvent(attributes, body or None)


def is_binary(headers: Mapping[str, str]) -> bool:
    """Say whether the headers say that the body is an event's data."""
    told = headers.get("content-type", "").strip().lower()
    return "ce-specversion" in headers and not told.startswith("application/cloudevents")


def _attributes(members: Mapping[str, Raw]) -> Iterator[tuple[str, object]]:
    """Yield what the members say; null is as if it were not there."""
    for name, raw in members.items():
        if name not in _DATA and (value := _value(raw)) is not None:
            yield name, value


def _check(attributes: Mapping[str, object]) -> None:
    version = attributes.get("specversion")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise MalformedError(f"CloudEvents {version!r} is not known here")
    for name in _REQUIRED:
        value = attributes.get(name)
        if not (isinstance(value, str) and value):
            raise MalformedError(f"a CloudEvent without {name}")
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise MalformedError(f"an attribute of a CloudEvent cannot be called {name[:40]!r}")
        if not _fits(name, value):
            raise MalformedError(f"the {name} of a CloudEvent cannot be {str(value)[:40]!r}")


def _fits(name: str, value: object) -> bool:
    if name in _TEXTS and not (isinstance(value, str) and value):
        return False
    match name:
        case "time":
            return _TIME.fullmatch(str(value)) is not None
        case "datacontenttype":
            return _MEDIA_TYPE.fullmatch(str(value)) is not None
    return isinstance(value, str | bool) or (isinstance(value, int) and value in _INT32)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"not base64: {error}") from error
