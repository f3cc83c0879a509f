"""Objects: fields by name, the whole of a target, and nested ones."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.mapping.rules.modifiers import is_null
from fluent_connect.mapping.rules.operators.attributes import attributes
from fluent_connect.mapping.rules.paths import Root, Run, Scope
from fluent_connect.mapping.rules.placed import is_placed, placed
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.mapping.rules.shapes import fields as fields_of
from fluent_connect.mapping.rules.shapes import is_free, is_object, shape_of
from fluent_connect.mapping.rules.values import plain, says
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Place, Table

_GIVEN = {"account": str, "retailer": str, "project": str | None, "props": Mapping[str, str]}
_ATTRIBUTES = "attributes"


class Line(NamedTuple):
    """One field: its name, how to make it, and where that is told."""

    name: str
    run: Run
    label: str
    place: Place


def fill(compiling: Compiling, target: str, source: type) -> Run:
    """Return what fills a target from a source of this type, the mapper standing first."""
    block = compiling.blocks.tables[target]
    known = compiling.targets.get(target)
    frame = Frame(_roots(compiling, source), 2, target, input=known.input if known else "")
    lines = []
    fields, named = block.entries.get("fields"), block.entries.get(_ATTRIBUTES)
    if isinstance(fields, Table):
        lines = _lines(compiling, fields, frame)
    if isinstance(named, Table):
        inner = frame.of(_ATTRIBUTES)
        place = block.keys[_ATTRIBUTES]
        _known_field(compiling, _ATTRIBUTES, place, frame)
        run = attributes(compiling, named, inner)
        lines.append(Line(_ATTRIBUTES, run, inner.label, place))
    return _object(lines, traced=compiling.traced)


def _roots(compiling: Compiling, source: type) -> dict[str, Root]:
    roots = {name: Root(0, name, shape_of(kind)) for name, kind in _GIVEN.items()}
    if compiling.settings is not None:
        roots["settings"] = Root(0, "settings", shape_of(compiling.settings))
    for name, (attribute, shape) in fields_of(shape_of(source)).items():
        roots[name] = Root(1, attribute, shape)
    return roots


def fields(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return an object, from one rule a field; nothing if none of them says anything."""
    inner = table.entries["fields"]
    if not isinstance(inner, Table):
        raise MistakenError(table.keys["fields"], "`fields` takes a table", "write field: rule")
    lines = _lines(compiling, inner, frame)
    return Rule(_object(lines, traced=compiling.traced), ())


def _lines(compiling: Compiling, table: Table, frame: Frame) -> list[Line]:
    lines = []
    for name, node in table.entries.items():
        if is_null(node):
            continue
        inside = _known_field(compiling, name, table.keys[name], frame)
        below = frame.of(name, input=inside)
        rule = compiling.rule(node, below)
        run = _bare(rule.run) if is_object(rule.shape) or is_free(rule.shape) else rule.run
        lines.append(Line(name, run, below.label, table.keys[name]))
    return lines


def _known_field(compiling: Compiling, name: str, place: Place, frame: Frame) -> str:
    """Return the Fluent type of a field; note a field that Fluent's input does not have."""
    known = compiling.inputs(frame.input) if frame.input else None
    if known is None:
        return ""
    if name not in known:
        what = f"{frame.input} of Fluent has no field {name!r}"
        compiling.mistaken(place, what, hint(name, known, f"it has: {', '.join(known)}"))
    return known.get(name, "")


def _bare(run: Run) -> Run:
    """Return the run, structs made plain: Fluent gets JSON."""

    def bare(scope: Scope) -> Any:
        found = run(scope)
        return found if found.__class__ is str or found.__class__ is dict else plain(found)

    return bare


def _object(lines: list[Line], *, traced: bool) -> Run:
    return _traced(lines) if traced else _plain(lines)


def _plain(lines: list[Line]) -> Run:
    pairs = tuple((line.name, line.run) for line in lines)
    told = {line.name: line for line in lines}

    def run(scope: Scope) -> Any:
        made: dict[str, Any] = {}
        name = ""
        try:
            for name, make in pairs:
                value = make(scope)
                if value:
                    if value.__class__ is not str or not value.isspace():
                        made[name] = value
                elif value is not None and says(value):
                    made[name] = value
        except UnprocessableError as error:
            if is_placed(error):
                raise
            raise placed(error, told[name].label, told[name].place) from error
        return made

    return run


def _traced(lines: list[Line]) -> Run:
    def run(scope: Scope) -> Any:
        made: dict[str, Any] = {}
        recorder, cuts = scope[0].recorder, scope[0].cuts
        for line in lines:
            mark, before = recorder.enter(line.name), len(cuts)
            try:
                value = line.run(scope)
            except UnprocessableError as error:
                if is_placed(error):
                    raise
                raise placed(error, line.label, line.place) from error
            if says(value):
                made[line.name] = value
                note = ", ".join(each.told for each in cuts[before:] if each.field == line.label)
                recorder.leave(mark, line.place, note)
            else:
                recorder.drop()
        return made

    return run


MAKERS = {"fields": fields}
