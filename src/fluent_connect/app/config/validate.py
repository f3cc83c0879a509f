"""Hold a tree of nodes against the schema, and name everything that does not fit."""

import typing
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fluent_connect.app.config.mistakes import Mistake, did_you_mean, nearest
from fluent_connect.app.config.schema import Files
from fluent_connect.app.config.sections import Section, kebab
from fluent_connect.app.config.values import is_secret
from fluent_connect.model.yaml import Leaf, Listing, Node, Place, Table

Path = tuple[str | int, ...]

_EXPECTED = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "string_type": "a single text",
    "string_too_short": "a text that is not empty",
    "tuple_type": "a list",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
    "path_type": "a path",
}
_PATTERNS = {r"^\d+$": "digits", r"^[a-z]+(-[a-z]+)*$": "lower-case letters, joined by -"}


class Validated(msgspec.Struct, frozen=True):
    """What fits; `broken`: the sections under `fluent-connect` that do not, and were left out."""

    files: Files
    mistakes: list[Mistake]
    broken: frozenset[str]


def validate(table: Table) -> Validated:
    """Return what the tree says as values, with all that is wrong in it."""
    data = _plain(table)
    try:
        return Validated(Files.model_validate(data), [], frozenset())
    except ValidationError as error:
        details = error.errors(include_url=False)
    mistakes = [_mistake(one, table) for one in details]
    broken = {(str(one["loc"][0]), str(one["loc"][1])) for one in details if len(one["loc"]) > 1}
    for root, section in broken:
        if isinstance(data.get(root), dict):
            data[root].pop(section, None)
    whole = {str(one["loc"][0]) for one in details if len(one["loc"]) == 1}
    kept = {root: value for root, value in data.items() if root not in whole}
    sections = frozenset(section for _, section in broken)
    return Validated(Files.model_validate(kept), mistakes, sections)


def descend(node: Node, path: Path) -> tuple[Node, Place]:
    """Return what stands at the path, or as near above it as there is, and the place of its name.

    Steps that the tree does not have (a list that was written as one item) are passed over.
    """
    place = node.place
    for step in path:
        match node:
            case Table() if str(step) in node.entries:
                place = node.keys[str(step)]
                node = node.entries[str(step)]
            case Listing() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                place = node.place
    return node, place


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """Yield every leaf with its path."""
    match node:
        case Table():
            for key, value in node.entries.items():
                yield from leaves(value, (*path, key))
        case Listing():
            for index, item in enumerate(node.items):
                yield from leaves(item, (*path, index))
        case Leaf():
            yield path, node


def written(path: Path) -> str:
    """Return a path as a person writes it: fluent-connect.routes[3].route."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def known_keys(path: Path) -> list[str]:
    """Return the keys that the schema knows in the table at `path`; none where all are free."""
    kind: Any = Files
    for step in path:
        kind = _inside(kind, step)
    section = _section(kind)
    return [kebab(name) for name in section.model_fields] if section else []


def single_values(table: Table) -> Iterator[Path]:
    """Yield the path of each single value that the schema knows, named parts as `table` has."""
    yield from _values(Files, table, ())


def _values(kind: Any, node: Node | None, path: Path) -> Iterator[Path]:
    section = _section(kind)
    if section:
        for name, field in section.model_fields.items():
            key = kebab(name)
            inner = node.entries.get(key) if isinstance(node, Table) else None
            yield from _values(field.annotation, inner, (*path, key))
    elif get_origin(kind) is dict and _section(get_args(kind)[1]):
        for key, inner in (node.entries if isinstance(node, Table) else {}).items():
            yield from _values(get_args(kind)[1], inner, (*path, key))
    elif get_origin(kind) is not dict and not any(_section(one) for one in get_args(kind)):
        yield path


def _inside(kind: Any, step: str | int) -> Any:
    section = _section(kind)
    if section:
        fields = {kebab(name): field for name, field in section.model_fields.items()}
        return fields[str(step)].annotation if str(step) in fields else None
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return arguments[0] if isinstance(step, int) else _inside(arguments[0], step)
    return arguments[1] if get_origin(kind) is dict else None


def _section(kind: Any) -> type[Section] | None:
    if get_origin(kind) is typing.Annotated:
        kind = get_args(kind)[0]
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _mistake(error: ErrorDetails, table: Table) -> Mistake:
    path = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(path, table)
    node, place = descend(table, path)
    if error["type"] == "missing":
        fix = f"add `{path[-1]}:` to {written(path[:-1])}"
        what = f"{written(path)} is missing"
        return Mistake(code="CFG007", place=place, what=what, why="a value", fix=fix)
    context = error.get("ctx", {})
    text = node.text if isinstance(node, Leaf) and not is_secret(path) else None
    shown = f"{_name(path)}: {text}" if text is not None else f"{_name(path)}:"
    place = node.place if isinstance(node, Leaf) else place
    why = _expected(error, context)
    fix = str(context.get("fix") or f"write {why}")
    code = "CFG006"
    if error["type"] == "literal_error":
        code, fix = "CFG008", did_you_mean(text or "", _options(context), f"write one of {why}")
    what = f"{written(path)} takes {'one of ' if code == 'CFG008' else ''}{why}"
    return Mistake(code=code, place=place, what=what, why=f"expected {why}", fix=fix, shown=shown)


def _unknown(path: Path, table: Table) -> Mistake:
    key = str(path[-1])
    _, place = descend(table, path)
    known = known_keys(path[:-1])
    here = written(path[:-1])
    right = nearest(key, known)
    respelt = right is not None and right.replace("-", "") == key.lower().replace("_", "")
    code = "CFG004" if respelt else "CFG003"
    what = (
        f"keys are written in kebab-case: {key!r}"
        if respelt
        else f"the key {key!r} is not known in {here}"
    )
    fix = f"write `{right}:`" if respelt else did_you_mean(key, known, "remove it")
    return Mistake(
        code=code,
        place=place,
        what=what,
        why=f"known here: {', '.join(known)}",
        fix=fix,
        shown=f"{key}:",
    )


def _expected(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context["pattern"]), str(context["pattern"]))
    if kind == "literal_error":
        return ", ".join(_options(context))
    bounds = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for sign, word in bounds.items():
        if sign in context:
            return f"a number of {word} {context[sign]}"
    return error["msg"]


def _options(context: Mapping[str, Any]) -> list[str]:
    return str(context["expected"]).replace(" or ", ", ").replace("'", "").split(", ")


def _name(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _plain(node: Node) -> Any:
    """Return the node as dicts, lists and texts; what is null is as if it were not there."""
    match node:
        case Table():
            plain = {key: _plain(value) for key, value in node.entries.items()}
            return {key: value for key, value in plain.items() if value is not None}
        case Listing():
            return [value for value in map(_plain, node.items) if value is not None]
    return node.text
