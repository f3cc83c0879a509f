"""Where the fields of a change came from, gathered from all objects that a mapper filled."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from fluent_connect.clients.fluent.model import Event, Mutation, Ref, Upsert
from fluent_connect.handlers.message_handler import Change
from fluent_connect.mapping.rules.tracing import Origin

Origins = Callable[[object], Sequence[Origin]]
"""Return the origins of an object that was filled, with paths from there; of any other, none."""


class Trail(msgspec.Struct, frozen=True):
    """Where a field came from: the place of its rule, the paths that it read, what was cut."""

    at: str
    reads: Sequence[str] = ()
    note: str = ""


def trails(change: Change, origins: Origins) -> Mapping[tuple[str, str], Trail]:
    """Return where fields came from, by part and path of the change ("create", "items[0].ref").

    An object that stands in another one may have been filled by rules of its own: these count.
    """
    return {
        (part, path): Trail(origin.at, tuple(origin.reads), origin.note)
        for part, value in _parts(change)
        for path, origin in _found("", value, origins)
    }


def _parts(change: Change) -> Iterator[tuple[str, object]]:
    match change:
        case Upsert():
            yield from (("create", change.create), ("update", change.update))
        case Mutation():
            yield "input", change.input
        case Event():
            yield "event", {"attributes": change.attributes}


def _found(path: str, value: object, origins: Origins) -> Iterator[tuple[str, Origin]]:
    """Yield outer objects' origins first, so that those of inner ones stand."""
    if isinstance(value, Ref):
        yield from _found(_joined(path, "orCreate"), value.create, origins)
    elif isinstance(value, Mapping):
        yield from ((_joined(path, each.path), each) for each in origins(value))
        for name, each in value.items():
            yield from _found(_joined(path, str(name)), each, origins)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _found(f"{path}[{number}]", each, origins)


def _joined(path: str, step: str) -> str:
    return f"{path}.{step}" if path and not step.startswith("[") else f"{path}{step}"
