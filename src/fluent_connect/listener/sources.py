"""Where a field of an external webhook is taken from: a pointer, a header, or a constant."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fluent_connect.model.errors import ConfigError


class Pointer(msgspec.Struct, frozen=True):
    """A place in the body (JSON Pointer, RFC 6901), already taken apart."""

    steps: tuple[str, ...]


class Header(msgspec.Struct, frozen=True):
    """A header of the request, in lower case."""

    name: str


class Constant(msgspec.Struct, frozen=True):
    """The same for every request."""

    value: str


Source = Pointer | Header | Constant


def source(text: str) -> Source:
    """Return what `/a/0/b`, `header:<name>` or `constant:<text>` stands for.

    Anything else is a constant. Raise ConfigError for an empty one.
    """
    if text.startswith("/"):
        steps = text[1:].split("/")
        return Pointer(tuple(step.replace("~1", "/").replace("~0", "~") for step in steps))
    kind, colon, rest = text.partition(":")
    if colon and kind in {"header", "constant"}:
        text = rest.strip()
    if not text:
        raise ConfigError("a source is a /pointer, `header:<name>` or `constant:<text>`")
    return Header(text.lower()) if colon and kind == "header" else Constant(text)


def find(where: Source, body: Any, headers: Mapping[str, str]) -> Any:
    """Return what stands there; None if nothing does."""
    if isinstance(where, Constant):
        return where.value
    if isinstance(where, Header):
        return headers.get(where.name)
    return _follow(where.steps, body)


def _follow(steps: tuple[str, ...], value: Any) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step[:9]) < len(value):
            value = value[int(step[:9])]
        else:
            return None
    return value
