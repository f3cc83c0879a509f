"""Attributes as Fluent takes them: name, type and a value that is never null."""

from collections.abc import Mapping

from fluent_connect.mapping.text import clean, cut

_INTEGER = 2**31

Attribute = Mapping[str, object]


def attributes(values: Mapping[str, object]) -> list[Attribute]:
    """Return one attribute for each value that says something; empty ones are left out."""
    made = (attribute(name, value) for name, value in values.items())
    return [each for each in made if each is not None]


def attribute(name: str, value: object) -> Attribute | None:
    """Return the attribute, its type told by its value; None if there is nothing to say."""
    short = cut(name, 255)
    if short is None:
        return None
    if isinstance(value, str):
        value = clean(value)
    kind = _type(value)
    return None if kind is None else {"name": short, "type": kind, "value": value}


def _type(value: object) -> str | None:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "INTEGER" if -_INTEGER <= value < _INTEGER else "JSON"
    if isinstance(value, str):
        return "STRING"
    if value is None or value in ({}, [], ()):
        return None
    return "JSON"
