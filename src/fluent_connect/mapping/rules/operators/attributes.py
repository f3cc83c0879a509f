"""The attributes of a target: named ones by rules, others spread from a table."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from fluent_connect.mapping.rules import options, shapes
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.modifiers import is_null
from fluent_connect.mapping.rules.paths import Run, Scope
from fluent_connect.mapping.rules.placed import is_placed, placed
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.mapping.rules.values import as_list, as_text, as_type, plain, says
from fluent_connect.mapping.rules.words import MODIFIERS, TYPES
from fluent_connect.mapping.text import clean, cut
from fluent_connect.mapping.values import Typed, typed
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Leaf, Node, Place, Table

_NAME = 255
_FAST = frozenset({str, int, bool, float})
Attribute = dict[str, Any]
Several = Callable[[Scope], Iterable[tuple[str, Attribute, str]]]
"""Make attributes: the name, the attribute, and what it was called where it was read."""


class _Line(NamedTuple):
    """One line: either one attribute, or several by their names."""

    name: str
    one: Callable[[Scope], Attribute | None] | None
    several: Several | None
    label: str
    place: Place


def attributes(compiling: Compiling, table: Table, frame: Frame) -> Run:
    """Return a list of attributes, in the order of the lines; named ones win over spread ones."""
    lines = []
    for name, node in table.entries.items():
        inner = frame.of(name)
        try:
            if is_null(node):
                continue
            if isinstance(node, Table) and "spread" in node.entries:
                removed = {each for each, held in table.entries.items() if is_null(held)}
                several = _spread(compiling, node, inner, removed)
                lines.append(_Line(name, None, several, inner.label, table.keys[name]))
            else:
                one = _named(compiling, name, node, inner, table.keys[name])
                lines.append(_Line(name, one, None, inner.label, table.keys[name]))
        except MistakenError as error:
            compiling.mistaken(error.place, error.what, error.fix)
    return _traced(lines) if compiling.traced else _plain(lines)


def _plain(lines: list[_Line]) -> Run:
    steps = tuple((line.name, line.one, line.several) for line in lines)
    told = {line.name: line for line in lines}

    def run(scope: Scope) -> Any:
        made: dict[str, Attribute] = {}
        line = ""
        try:
            for line, one, several in steps:
                if one is not None:
                    found = one(scope)
                    if found is not None:
                        made[line] = found
                elif several is not None:
                    for name, each, _ in several(scope):
                        made.setdefault(name, each)
        except UnprocessableError as error:
            if is_placed(error):
                raise
            raise placed(error, told[line].label, told[line].place) from error
        return list(made.values())

    return run


def _traced(lines: list[_Line]) -> Run:
    def run(scope: Scope) -> Any:
        made: dict[str, tuple[Attribute, Place, tuple[str, ...], str]] = {}
        recorder, cuts = scope[0].recorder, scope[0].cuts
        for line in lines:
            mark, before = len(recorder.reads), len(cuts)
            try:
                found = _found(line, scope)
            except UnprocessableError as error:
                if is_placed(error):
                    raise
                raise placed(error, line.label, line.place) from error
            reads = tuple(recorder.reads[mark:])
            del recorder.reads[mark:]
            note = ", ".join(each.told for each in cuts[before:])
            for name, each, read in found:
                if line.one is not None:
                    made[name] = (each, line.place, reads, note)
                elif name not in made:
                    made[name] = (each, line.place, tuple(f"{one}.{read}" for one in reads), "")
        for index, (_, place, reads, note) in enumerate(made.values()):
            mark = recorder.enter(f"[{index}]")
            recorder.reads += reads
            recorder.leave(mark, place, note)
        return [each for each, _, _, _ in made.values()]

    return run


def _found(line: _Line, scope: Scope) -> list[tuple[str, Attribute, str]]:
    if line.several is not None:
        return list(line.several(scope))
    found = line.one(scope) if line.one is not None else None
    return [] if found is None else [(line.name, found, "")]


def _named(
    compiling: Compiling, name: str, node: Node, frame: Frame, place: Place
) -> Callable[[Scope], Attribute | None]:
    short = cut(name, _NAME)
    if short != name:
        fix = f"use at most {_NAME} characters, without control characters"
        raise MistakenError(place, "this name is no name of an attribute", fix)
    kind = options.one_of(node, "type", TYPES) if isinstance(node, Table) else None
    rule = compiling.rule(node, frame, raw=True)
    return _attribute(name, rule, kind)


def _attribute(name: str, rule: Rule, kind: str | None) -> Callable[[Scope], Attribute | None]:
    run = rule.run

    def make(scope: Scope) -> Attribute | None:
        value = run(scope)
        return None if value is None else _made(name, value, kind, scope[0].choices)

    return make


def _made(name: str, value: Any, kind: str | None, choices: Any) -> Attribute | None:
    if value is None:
        return None
    if kind is None and value.__class__ is str:
        text = clean(value)
        return None if text is None else {"name": name, "type": "STRING", "value": text}
    if value.__class__ is Typed:
        if kind is None:
            return {"name": name, "type": value.type, "value": value.value}
        value = value.value
    elif value.__class__ not in _FAST:
        value = plain(value)
    if not says(value):
        return None
    if kind is not None:
        made = as_type(kind, value)
        return None if made is None else {"name": name, "type": kind, "value": made}
    known = typed(value, choices)
    return None if known is None else {"name": name, "type": known.type, "value": known.value}


def _spread(compiling: Compiling, table: Table, frame: Frame, removed: set[str]) -> Several:
    compiling.operator(table, [each for each in MODIFIERS if each != "type"])
    node = table.entries["spread"]
    if not isinstance(node, Leaf) or node.text is None:
        fix = "write spread: a.custom.fields"
        raise MistakenError(table.keys["spread"], "`spread` takes a path", fix)
    found = compiling.path(node.text, node.place, frame, raw=True)
    if shapes.entry(found.shape) is None and shapes.element(found.shape) is None:
        what = f"`spread` takes a table, and this is {shapes.told(found.shape)}"
        raise MistakenError(node.place, what, "name a path to custom fields")
    pattern = options.text(table, "name") or "{name}"
    if "{name}" not in pattern:
        fix = 'write "custom.{name}"'
        raise MistakenError(table.entries["name"].place, "all would have one name", fix)
    only, without = options.words(table, "only"), options.words(table, "except") or ()
    kind = options.one_of(table, "type", TYPES)
    inner = found.run

    def several(scope: Scope) -> Iterable[tuple[str, Attribute, str]]:
        for name, value in _entries(inner(scope)):
            if name in without or (only is not None and name not in only):
                continue
            called = cut(pattern.replace("{name}", name), _NAME)
            if called is None or called in removed:
                continue
            made = _made(called, value, kind, scope[0].choices)
            if made is not None:
                yield called, made, name

    return several


def _entries(found: Any) -> Iterable[tuple[str, Any]]:
    """Return names and values: of a table, or of a list of elements that have both."""
    if found is None:
        return
    if isinstance(found, Mapping):
        yield from ((str(name), value) for name, value in found.items())
        return
    for each in as_list(found):
        if isinstance(each, Mapping):
            name, value = each.get("name"), each.get("value")
        else:
            name, value = getattr(each, "name", None), getattr(each, "value", None)
        label = as_text(name) if isinstance(name, str) else None
        if label is not None:
            yield label, plain(value) if isinstance(value, msgspec.Struct) else value


def _no_spread(compiling: Compiling, table: Table, frame: Frame) -> Rule:  # noqa: ARG001
    what, fix = "`spread` stands under `attributes:` alone", 'write "*": { spread: … } there'
    raise MistakenError(table.keys["spread"], what, fix)


MAKERS = {"spread": _no_spread}
