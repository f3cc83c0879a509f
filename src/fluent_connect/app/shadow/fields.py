"""What a handler wants to write, field by field: each leaf with its path, as it may be shown."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.fluent.model import Event, Mutation, Ref, Upsert
from fluent_connect.clients.redact import masked as masked_text
from fluent_connect.handlers.message_handler import Change, Refresh
from fluent_connect.journal.masking import masked

_KEYS = (("name",), ("ref",), ("type", "currency"), ("id",))
"""By which fields the elements of a list are told apart, where all have them and none twice."""


_ATTRIBUTE = frozenset({"name", "type", "value"})


class Leaf(NamedTuple):
    """A value at the end of a path.

    path: as it stands ("items[0].ref"). key: the same, with elements called by what names them
    ("items[li-7].ref"), so that it is found again in another version. `shown`: without personal
    data. Empty tables and lists are leaves, too.
    """

    path: str
    key: str
    value: object
    shown: object


class Output(msgspec.Struct, frozen=True):
    """A change as JSON: what it is about, and its parts ("create", "update", "input", ...).

    "exact" holds the categories that a product shall be in: it is taken out of others. notes: what
    it cannot bring about.
    """

    kind: str
    label: str
    parts: Mapping[str, Any]
    notes: Sequence[str] = ()


def output(change: Change) -> Output:
    """Return a change as JSON. A numeric id that is only looked up on the way is told as such."""
    match change:
        case Upsert():
            return _upsert(change)
        case Mutation():
            ref = change.input.get("ref") or change.input.get("username") or ""
            return Output(
                "mutation", f"{change.name} {ref}".rstrip(), {"input": plain(change.input)}
            )
        case Event():
            about = change.entity_ref or change.entity_id or ""
            label = f"event {change.name} of {change.entity_type} {about}".rstrip()
            return Output("event", label, {"event": plain(msgspec.structs.asdict(change))})
        case Update():
            parts = {"version": change.version, "actions": plain(change.actions)}
            return Output("commercetools", f"commercetools {change.resource}", {"update": parts})
        case Refresh():
            told: dict[str, Any] = {"route": change.route} if change.route else {}
            told |= {"at": change.at} if change.at else {}
            return Output("refresh", f"refresh {change.resource}", {"message": told})


def _upsert(change: Upsert) -> Output:
    given = {"create": change.create, "update": change.update}
    parts = {name: plain(value) for name, value in given.items() if value is not None}
    if change.categories is not None:
        parts["exact"] = {"categories": plain(change.categories)}
    return Output("upsert", f"{change.entity} {change.ref}", parts, change.notes)


def plain(value: object) -> Any:
    """Return a value of an input as JSON has it; Decimals stay, so that nothing is rounded."""
    if isinstance(value, Ref):
        return {"idOf": f"{value.entity} {value.ref}", **_made(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return msgspec.to_builtins(value, builtin_types=(Decimal,))


def _made(ref: Ref) -> dict[str, object]:
    return {} if ref.create is None else {"orCreate": plain(ref.create)}


def leaves(tree: object, *, unmasked: bool = False, whole: bool = False) -> Iterator[Leaf]:
    """Yield every leaf of a JSON value, in its order. `whole`: an attribute is one leaf."""
    yield from _leaves("", "", tree, tree if unmasked else masked(tree), whole=whole)


def _leaves(path: str, key: str, value: Any, shown: Any, *, whole: bool) -> Iterator[Leaf]:
    if whole and isinstance(value, Mapping) and value.keys() >= _ATTRIBUTE:
        yield Leaf(path, key, value["value"], shown["value"])
    elif isinstance(value, Mapping) and value:
        for name, each in value.items():
            step = f".{name}" if path else str(name)
            yield from _leaves(f"{path}{step}", f"{key}{step}", each, shown[name], whole=whole)
    elif isinstance(value, list | tuple) and value:
        for place, (name, each) in enumerate(zip(names(value), value, strict=True)):
            deeper = f"{path}[{place}]", f"{key}[{name}]"
            yield from _leaves(*deeper, each, shown[place], whole=whole)
    elif path:
        yield Leaf(path, key, value, shown)


def names(several: Sequence[object]) -> list[str]:
    """Return what the elements of a list are called: by their own key, else by their place."""
    tables = [each for each in several if isinstance(each, Mapping)]
    for fields in _KEYS if len(tables) == len(several) else ():
        found = [
            masked_text("/".join(str(each[field]) for field in fields))
            for each in tables
            if all(_scalar(each.get(field)) for field in fields)
        ]
        if len(found) == len(several) == len(set(found)):
            return found
    return [str(place) for place in range(len(several))]


def _scalar(value: object) -> bool:
    return isinstance(value, str | int) and value != ""
