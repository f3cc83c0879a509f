"""Golden files: a resource, and what its handler wants done, as JSON that a person can read.

One file is `{"about", "settings"?, "message"?, "props"?, "source", "output" | "error"}`.
`source` is the resource as the handler's `fetch` returns it (commercetools' JSON, expanded
references with their `obj`, what was read besides under "~" names); null: it is gone, so `gone` is
asked.
"""

import functools
import importlib
import json
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

import msgspec

from fluent_connect.app.shadow.fields import leaves
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.message_handler import AnyHandler, Change, MapContext
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.notification import Reference
from fluent_schema import faults
from unit.handlers.stage import map_context, message

FOLDER = pathlib.Path(__file__).parent
HANDLERS: Mapping[str, str] = {
    "category": "fluent_connect.handlers.category.upsert.CategoryUpsertHandler",
    "customer": "fluent_connect.handlers.customer.CustomerCreateHandler",
    "order": "fluent_connect.handlers.order.create.OrderCreateHandler",
    "product": "fluent_connect.handlers.product.upsert.ProductUpsertHandler",
}
"""Who maps what stands in a folder, by dotted path."""
_KNOWN = frozenset({"about", "settings", "message", "props", "source", "output", "error"})
_WIDTH = 100
_PLACE = re.compile(r"(\.yml):\d+:\d+")


class Golden(msgspec.Struct, frozen=True):
    """One golden file; `entity` is the folder that it stands in."""

    path: pathlib.Path
    entity: str
    held: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.entity}/{self.path.stem}"


def goldens(entity: str = "*") -> Iterator[Golden]:
    """Yield all golden files, or those of one entity."""
    for path in sorted(FOLDER.glob(f"{entity}/*.json")):
        held = json.loads(path.read_text("utf-8"))
        unknown = held.keys() - _KNOWN
        assert not unknown, f"{path.name} has unknown fields: {sorted(unknown)}"
        assert held.get("about"), f"{path.name} does not say what it is about"
        yield Golden(path, path.parent.name, held)


@functools.cache
def handling(entity: str) -> tuple[AnyHandler, type[Any]]:
    """Return the handler of a folder, and the type of resource that it declares to map."""
    module, _, name = HANDLERS[entity].rpartition(".")
    kind: type[AnyHandler] = getattr(importlib.import_module(module), name)
    return kind(), get_type_hints(kind.map)["resource"]


def changes(golden: Golden) -> list[Change]:
    """Return what the handler wants done. Raise what it raises."""
    handler, shape = handling(golden.entity)
    raw = golden.held["source"]
    about = golden.held.get("message", {})
    told = message(golden.entity, (raw or {"id": "id-1"})["id"], **about)
    context = _context(golden.held)
    if raw is None:
        return list(handler.gone(told, context))
    resource = msgspec.convert(raw, shape)
    made = list(handler.map(resource, told, context))
    again = list(handler.map(resource, told, context))
    assert made == again, "a second run makes something else"
    return made


def _context(held: Mapping[str, Any]) -> MapContext:
    named = {name.replace("-", "_"): value for name, value in held.get("settings", {}).items()}
    unknown = named.keys() - {field.name for field in msgspec.structs.fields(Settings)}
    assert not unknown, f"unknown settings: {sorted(unknown)}"
    context = map_context(msgspec.convert(named, Settings))
    return msgspec.structs.replace(context, props=held.get("props", {}))


def made(golden: Golden) -> dict[str, Any]:
    """Return {"output": changes} or {"error": reason}, as the file should have it."""
    try:
        found = changes(golden)
    except ConnectError as error:
        return {"error": _PLACE.sub(r"\1", f"{type(error).__name__}: {error}")}
    return {"output": json.loads(json.dumps([plain(each) for each in found]))}


def violations(golden: Golden) -> list[str]:
    """Return what Fluent's schema would not take of the changes."""
    return [fault for each in changes(golden) if isinstance(each, Upsert) for fault in faults(each)]


def plain(value: Any) -> Any:
    """Return a change as JSON, without what only repeats a default."""
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, msgspec.Struct):
        held = {"change": type(value).__name__} if isinstance(value, Change) else {}
        for field in msgspec.structs.fields(value):
            inner = getattr(value, field.name)
            if inner != field.default and not _bare(inner):
                held[field.name] = plain(inner)
        return held
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def _bare(value: object) -> bool:
    return isinstance(value, Mapping | tuple | list) and not value


def differences(expected: object, found: object) -> list[str]:
    """Return what differs, a line for each field: its path, and both values."""
    before = {leaf.key: leaf.value for leaf in leaves(expected, unmasked=True)}
    after = {leaf.key: leaf.value for leaf in leaves(found, unmasked=True)}
    lines = []
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            lines.append(f"- {key}: {_shown(before[key])}")
        elif key not in before:
            lines.append(f"+ {key}: {_shown(after[key])}")
        elif not _same(before[key], after[key]):
            lines.append(f"~ {key}: {_shown(before[key])} -> {_shown(after[key])}")
    return lines or ([] if expected == found else ["a list has another order"])


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def text(value: object, indent: int = 0) -> str:
    """Return JSON, with what fits into a line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner, pad = indent + 2, " " * (indent + 2)
    if isinstance(value, dict):
        parts = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {text(each, inner)}"
            for key, each in value.items()
        ]
    else:
        parts = [pad + text(each, inner) for each in value]
    start, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return "\n".join([start, ",\n".join(parts), " " * indent + end])
