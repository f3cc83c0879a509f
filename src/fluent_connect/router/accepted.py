"""Has changes checked before they are pushed; a mistake is told with both of its ends."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.fluent.schema.changes import Fault, FaultyInputError, place
from fluent_connect.clients.fluent.schema.check import Path, written
from fluent_connect.handlers.message_handler import Change, MapContext
from fluent_connect.mapping.rules.tracing import Origin
from fluent_connect.router.mapped import Mapped, Maps

_Origins = Callable[[object], Sequence[Origin]]


async def accepted(made: Mapped, fluent: Fluent, context: MapContext) -> Sequence[Change]:
    """Return what a mapping made as it can be pushed.

    Raise FaultyInputError for what Fluent would refuse: with the place in Fluent's input, the
    commercetools paths that it was made of, and the line of the mapping file.
    """
    try:
        return await fluent.accepted(made.changes)
    except FaultyInputError as error:
        told = await asyncio.to_thread(_told, context, made.again)
        raise FaultyInputError(error.faults, told) from None


def _told(context: MapContext, maps: Maps) -> Callable[[Fault], str]:
    """Return what tells where a fault comes from: the mapping, run once more with its traces."""
    mapper = context.mapping.traced()
    try:
        changes = tuple(maps(msgspec.structs.replace(context, mapping=mapper)))
    except Exception:  # noqa: BLE001 - the violation counts, whatever a second run comes to
        return lambda _: ""

    def told(fault: Fault) -> str:
        if fault.change >= len(changes):
            return ""
        found = place(changes[fault.change], fault)
        return "" if found is None else origin(*found, mapper.origins)

    return told


def origin(body: object, path: Path, origins: _Origins) -> str:
    """Return where a place in an input comes from; "" if no rule of a mapping file made it.

    Of the objects on the way the innermost that a rule filled counts, and of its origins the one
    that reaches the furthest.
    """
    best: Origin | None = None
    value = body
    for at in range(len(path) + 1):
        best = _furthest(origins(value), written(path[at:])) or best
        if at < len(path):
            value = _step(value, path[at])
    if best is None:
        return ""
    read = f"from commercetools {', '.join(best.reads)}, " if best.reads else ""
    return f"{read}by {best.at}"


def _furthest(origins: Sequence[Origin], path: str) -> Origin | None:
    holding = [one for one in origins if _holds(one.path, path)]
    return max(holding, key=lambda one: len(one.path), default=None)


def _holds(outer: str, path: str) -> bool:
    rest = path.removeprefix(outer)
    return bool(outer) and (rest == "" or (rest != path and rest[0] in ".["))


def _step(value: object, step: str | int) -> object:
    if isinstance(value, Mapping):
        return value.get(str(step))
    if isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
        return value[step]
    return None
