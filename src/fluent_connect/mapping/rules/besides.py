"""Two fillings of one input: what is always sent, and what a create carries besides."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.mapping.rules.tracing import Origin

_ATTRIBUTES = "attributes"
_FIRST = re.compile(r"[^.\[]+")
_NUMBER = re.compile(rf"{_ATTRIBUTES}\[(\d+)\]")


def besides(made: dict[str, object], more: Mapping[str, Any]) -> dict[str, object]:
    """Add to `made` what it does not have, attributes one by one; return it."""
    new = [more[_ATTRIBUTES][number] for number in _new_attributes(made, more)]
    for name, value in more.items():
        made.setdefault(name, value)
    held: Any = made.get(_ATTRIBUTES)
    if held is not more.get(_ATTRIBUTES):
        held += new
    return made


def moved(
    origins: Sequence[Origin], made: Mapping[str, object], more: Mapping[str, Any]
) -> Iterator[Origin]:
    """Yield the origins of what `besides` would add, with the paths that it will have there."""
    held: Any = made.get(_ATTRIBUTES, ())
    places = {old: len(held) + new for new, old in enumerate(_new_attributes(made, more))}
    for each in origins:
        first, number = _FIRST.match(each.path), _NUMBER.match(each.path)
        if number is not None and int(number[1]) in places:
            there = f"{_ATTRIBUTES}[{places[int(number[1])]}]{each.path[number.end() :]}"
            yield msgspec.structs.replace(each, path=there)
        elif first is not None and first[0] not in made and number is None:
            yield each


def _new_attributes(made: Mapping[str, Any], more: Mapping[str, Any]) -> list[int]:
    """Return the places of the attributes that are not in `made` yet."""
    known = {each["name"] for each in made.get(_ATTRIBUTES, ())}
    return [n for n, each in enumerate(more.get(_ATTRIBUTES, ())) if each["name"] not in known]
