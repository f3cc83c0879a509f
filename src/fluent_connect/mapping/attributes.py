"""Attributes as Fluent takes them: name, type and a value that is never null."""

from collections.abc import Mapping

from fluent_connect.mapping.text import cut
from fluent_connect.mapping.values import DEFAULTS, Choices, Typed, typed

Attribute = Mapping[str, object]


def attributes(values: Mapping[str, object], choices: Choices = DEFAULTS) -> list[Attribute]:
    """Return one attribute for each value that says something; empty ones are left out."""
    made = (attribute(name, value, choices) for name, value in values.items())
    return [each for each in made if each is not None]


def attribute(name: str, value: object, choices: Choices | None = None) -> Attribute | None:
    """Return the attribute, its type told by its value; None if there is nothing to say."""
    short = cut(name, 255)
    if short is None:
        return None
    made = value if isinstance(value, Typed) else typed(value, choices or DEFAULTS)
    return None if made is None else {"name": short, "type": made.type, "value": made.value}
