"""Paths such as `order.lineItems[0].variant.sku`: checked against types, compiled to getters."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from fluent_connect.mapping.rules import shapes
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.mapping.rules.shapes import Shape
from fluent_connect.mapping.rules.values import as_list
from fluent_connect.mapping.values import Typed

Scope = tuple[Any, ...]
"""What rules see at run time: the mapper, then the source, then elements that `each` is at."""
Run = Callable[[Scope], Any]
_STEP = re.compile(r"\.?(?P<name>[^.\[\]\s{}\"']+)|\[(?P<inside>[^\[\]]+)\]")
_EVERY = "*"


class Root(msgspec.Struct, frozen=True):
    """Where a path begins: a place of the scope, an attribute of what is there, and its shape."""

    index: int
    attribute: str
    shape: Shape


class Compiled(msgspec.Struct, frozen=True):
    """A path as a getter (None where anything on it is None), and what can stand at its end."""

    run: Run
    shape: Shape


class PathError(Exception):
    """A path leads nowhere; `fix` says what to write."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


class _Hop(msgspec.Struct, frozen=True):
    """One step: by an attribute of a known struct, else by a function."""

    shape: Shape
    attribute: str = ""
    go: Callable[[Any], Any] | None = None


def compiled(text: str, roots: Mapping[str, Root], *, raw: bool = False) -> Compiled:
    """Return the getter of a path. Raise PathError if no source can have it.

    raw: leave a value that knows its Fluent type (`Typed`) as it is.
    """
    steps = _parsed(text)
    root = roots.get(steps[0])
    if root is None:
        known = ", ".join(roots)
        near = hint(steps[0], roots, "")
        otherwise = f"begin with one of {known}; a constant is written {{ value: {text} }}"
        raise PathError(f"no path begins with {steps[0]!r}", near or otherwise)
    hops, shape, said = [], root.shape, steps[0]
    if root.attribute:
        hops.append(_Hop(shape, root.attribute))
    every = 0
    for step in steps[1:]:
        hop = _hop(step, shape, said)
        every += step == f"[{_EVERY}]"
        if step == f"[{_EVERY}]" and every > 1:
            raise PathError(f"{text!r} has [*] twice", "use `each` within `each`")
        hops.append(hop)
        shape, said = hop.shape, f"{said}{step if step.startswith('[') else '.' + step}"
    if every:
        return _of_every(root, steps, hops, shape)
    run = _getter(root.index, hops)
    return Compiled(run if raw or not shapes.is_free(shape) else _bare(run), shape)


def _parsed(text: str) -> Sequence[str]:
    """Return the steps; those in brackets keep their brackets."""
    steps, end = [], 0
    while end < len(text):
        match = _STEP.match(text, end)
        if match is None or (end == 0) is not (match[0] == match["name"]):
            break
        steps.append(match["name"] or f"[{match['inside']}]")
        end = match.end()
    if not steps or end < len(text):
        fix = f"write a path such as order.orderNumber, or {{ value: {text!r} }} for a constant"
        raise PathError(f"{text!r} is no path", fix)
    return steps


def _hop(step: str, shape: Shape, said: str) -> _Hop:
    if step.startswith("["):
        return _inside(step[1:-1], shape, said)
    known = shapes.fields(shape)
    field = shapes.spelled(known, step)
    if field is not None:
        attribute, deeper = field
        several = len(shapes.parts(shape)) > 1
        return _Hop(deeper, go=shapes.dynamic(step)) if several else _Hop(deeper, attribute)
    below = shapes.entry(shape)
    if below is not None and not known:
        go = shapes.dynamic(step) if shapes.is_free(shape) else lambda table: table.get(step)
        return _Hop(shapes.either_none(below), go=go)
    raise _nowhere(step, shape, said)


def _nowhere(step: str, shape: Shape, said: str) -> PathError:
    known = shapes.fields(shape)
    if known:
        what = f"{said} has no {step!r}"
        return PathError(what, hint(step, known, "it has: " + ", ".join(known)))
    if shapes.element(shape) is not None:
        fix = f"write {said}[0].{step}, {said}[*].{step}, or use `each`"
        return PathError(f"{said} is a list", fix)
    return PathError(f"{said} is {shapes.told(shape)}: nothing stands below it", f"end at {said}")


def _inside(word: str, shape: Shape, said: str) -> _Hop:
    table = shapes.entry(shape)
    if table is not None and not shapes.is_free(shape):
        return _Hop(shapes.either_none(table), go=lambda value: value.get(word))
    element = shapes.element(shape)
    if element is None:
        fix = f"write {said}.{word}"
        raise PathError(f"{said} is {shapes.told(shape)}, not a list", fix)
    if word == _EVERY:
        return _Hop(element)
    if re.fullmatch(r"-?\d+", word):
        return _Hop(shapes.either_none(element), go=_at(int(word)))
    name = shapes.label(element)
    if name is None and not shapes.is_free(element):
        what = f"the elements of {said} have no name, so none is called {word!r}"
        raise PathError(what, f"write {said}[0]")
    return _Hop(shapes.either_none(element), go=shapes.dynamic(word))


def _at(index: int) -> Callable[[Any], Any]:
    def go(values: Any) -> Any:
        listed = isinstance(values, Sequence) and not isinstance(values, str)
        return values[index] if listed and -len(values) <= index < len(values) else None

    return go


def _getter(index: int, hops: Sequence[_Hop]) -> Run:
    """Return a getter of as few calls as the types allow: None is looked for where it can be."""
    groups = _grouped(hops)
    if not groups:
        return lambda scope: scope[index]
    first, rest = groups[0], groups[1:]
    if not rest:
        return lambda scope: first(scope[index])
    if len(rest) == 1:
        second = rest[0]

        def two(scope: Scope) -> Any:
            value = first(scope[index])
            return None if value is None else second(value)

        return two

    def more(scope: Scope) -> Any:
        value = first(scope[index])
        for group in rest:
            if value is None:
                return None
            value = group(value)
        return value

    return more


def _grouped(hops: Sequence[_Hop]) -> list[Callable[[Any], Any]]:
    """Return the steps, attributes that cannot be None on the way as one."""
    groups: list[Callable[[Any], Any]] = []
    names: list[str] = []
    for hop in hops:
        if hop.go is None:
            names.append(hop.attribute)
            if not shapes.may_lack(hop.shape):
                continue
        if names:
            groups.append(attrgetter(".".join(names)))
            names = []
        if hop.go is not None:
            groups.append(hop.go)
    if names:
        groups.append(attrgetter(".".join(names)))
    return groups


def _of_every(root: Root, steps: Sequence[str], hops: Sequence[_Hop], shape: Shape) -> Compiled:
    """Return the getter of a path with [*]: a list, one value for each element that has one."""
    at = steps.index(f"[{_EVERY}]") - 1 + bool(root.attribute)
    values, inner = _getter(root.index, hops[:at]), _getter(0, hops[at + 1 :])

    def run(scope: Scope) -> Any:
        found = (inner((each,)) for each in as_list(values(scope)))
        return [_value(each) for each in found if each is not None]

    return Compiled(run, shapes.list_of(shape))


def _bare(run: Run) -> Run:
    return lambda scope: _value(run(scope))


def _value(found: Any) -> Any:
    return found.value if found.__class__ is Typed else found
