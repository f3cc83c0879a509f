"""The operator of collections: one object or value for each element."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import msgspec.inspect as mi

from fluent_connect.mapping.rules import options, shapes
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.conditions import condition
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.mapping.rules.operators.objects import fields
from fluent_connect.mapping.rules.paths import Run, Scope
from fluent_connect.mapping.rules.rule import Condition, Frame, MistakenError, Rule
from fluent_connect.mapping.rules.shapes import Shape
from fluent_connect.mapping.rules.values import as_list, says
from fluent_connect.model.yaml import Table

_MAKES = ("rule", "fields", "use")


class Entry(msgspec.Struct, frozen=True):
    """An entry of a table, where `each` goes through one."""

    key: str
    value: Any


def each(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return a list: what a rule makes of each element that a condition lets pass."""
    found = compiling.option(table, "each", frame)
    made = [key for key in _MAKES if key in table.entries]
    if len(made) != 1:
        what = "`each` makes its elements by one of `rule`, `fields` and `use`"
        raise MistakenError(table.keys["each"], what, "add one of them, or keep one")
    element = _element(found, table)
    name = options.text(table, "as")
    if name is None and made != ["use"]:
        raise MistakenError(table.keys["each"], "`each` does not name its element", "add as: line")
    if name in frame.roots:
        place = table.entries["as"].place
        raise MistakenError(place, f"{name!r} is a root already", "choose another name")
    inner = frame.beside(name or "", element)
    holds = None
    if "where" in table.entries:
        holds = condition(compiling, table.entries["where"], inner)
    rule = _maker(compiling, made[0], table, inner, element)
    run = (
        _traced(found.run, holds, rule, table)
        if compiling.traced
        else _each(found.run, holds, rule)
    )
    return Rule(run, found.reads, shapes.list_of(shapes.either_none(shapes.ANYTHING)))


def _element(found: Rule, table: Table) -> Shape:
    element = shapes.element(found.shape)
    if element is not None:
        return element
    if shapes.entry(found.shape) is not None:
        return shapes.shape_of(Entry)
    what = f"`each` takes a list, and this is {shapes.told(found.shape)}"
    raise MistakenError(table.entries["each"].place, what, "name a path to a list")


def _maker(compiling: Compiling, key: str, table: Table, frame: Frame, element: Shape) -> Run:
    if key == "rule":
        return compiling.option(table, "rule", frame).run
    if key == "fields":
        return fields(compiling, table, frame).run
    return _used(compiling, table, element)


def _used(compiling: Compiling, table: Table, element: Shape) -> Run:
    target = options.text(table, "use") or ""
    place = table.entries["use"].place
    if target not in compiling.blocks.tables:
        known = list(compiling.blocks.tables)
        fix = hint(target, known, f"there are: {', '.join(known)}")
        raise MistakenError(place, f"no target is called {target!r}", fix)
    kinds = [one.cls for one in shapes.parts(element) if isinstance(one, mi.StructType)]
    wanted = compiling.targets.get(target)
    source = kinds[0] if kinds else wanted.source if wanted else None
    if source is None or (wanted and kinds and not issubclass(kinds[0], wanted.source)):
        what = f"the target {target!r} is not filled from such elements"
        raise MistakenError(place, what, "use `fields:` here")
    fill = compiling.filled(target, source)
    return lambda scope: fill((scope[0], scope[-1]))


def _values(found: Any) -> Sequence[Any]:
    if found.__class__ is list:
        listed: Sequence[Any] = found
        return listed
    if isinstance(found, Mapping):
        return [Entry(str(key), value) for key, value in found.items()]
    return as_list(found)


def _each(source: Run, holds: Condition | None, make: Run) -> Run:
    def run(scope: Scope) -> Any:
        made = []
        for element in _values(source(scope)):
            inner = (*scope, element)
            if holds is not None and not holds(inner):
                continue
            value = make(inner)
            if says(value):
                made.append(value)
        return made

    return run


def _traced(source: Run, holds: Condition | None, make: Run, table: Table) -> Run:
    def run(scope: Scope) -> Any:
        made: list[Any] = []
        recorder = scope[0].recorder
        for element in _values(source(scope)):
            inner = (*scope, element)
            if holds is not None and not holds(inner):
                continue
            mark = recorder.enter(f"[{len(made)}]")
            value = make(inner)
            if says(value):
                made.append(value)
                recorder.leave(mark, table.keys["each"])
            else:
                recorder.drop()
        return made

    return run


MAKERS = {"each": each}
