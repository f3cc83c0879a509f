"""The pieces that compilation passes on: rules, frames, and what is wrong with one rule."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fluent_connect.mapping.rules.paths import Root, Run
from fluent_connect.mapping.rules.shapes import ANYTHING, Shape
from fluent_connect.model.yaml import Place

Inputs = Callable[[str], Mapping[str, str] | None]
"""Return the fields of a Fluent input type, each with its own type's name; None: not known."""
Condition = Callable[[tuple[Any, ...]], bool]


class Rule(msgspec.Struct, frozen=True):
    """A compiled rule: how to make the value, what it reads, and what the value can be."""

    run: Run
    reads: tuple[str, ...] = ()
    shape: Shape = msgspec.field(default_factory=lambda: ANYTHING)


NOTHING = Rule(lambda _: None)
"""Stands for a rule that could not be compiled, so that the others still are."""


class Frame(msgspec.Struct, frozen=True):
    """What a rule can see.

    roots: what paths begin with. size: how many places the scope has. label: the field that is
    filled, as messages call it. input: the Fluent type whose fields are filled, "" = not known.
    """

    roots: Mapping[str, Root]
    size: int
    label: str
    depth: int = 0
    input: str = ""

    def of(self, field: str, *, input: str = "") -> "Frame":
        """Return the frame of one field of what is filled."""
        label = f"{self.label}.{field}" if self.label else field
        return msgspec.structs.replace(self, label=label, depth=self.depth + 1, input=input)

    def deeper(self) -> "Frame":
        """Return the frame of a rule within a rule."""
        return msgspec.structs.replace(self, depth=self.depth + 1)

    def beside(self, name: str, shape: Shape) -> "Frame":
        """Return the frame in which `name` is the element that is at hand."""
        roots = {**self.roots, name: Root(self.size, "", shape)}
        return msgspec.structs.replace(self, roots=roots, size=self.size + 1, depth=self.depth + 1)


class MistakenError(Exception):
    """One rule cannot be compiled."""

    def __init__(self, place: Place, what: str, fix: str) -> None:
        super().__init__(what)
        self.place = place
        self.what = what
        self.fix = fix
