"""One call of a handler's mapping."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from fluent_connect.handlers.message_handler import Change, MapContext
from fluent_connect.mapping.rules.cuts import Cut

Maps = Callable[[MapContext], Iterable[Change]]
"""Make the changes of one message, as often as it is asked."""


class Mapped(msgspec.Struct, frozen=True):
    """The changes that a mapping wants, what did not fit whole, and how they are made again."""

    changes: Sequence[Change]
    cuts: Sequence[Cut]
    again: Maps


def mapped(context: MapContext, changes: Maps) -> Mapped:
    """Return what a mapping makes, with a mapper that no other call shares."""
    mapper = context.mapping.anew()
    try:
        made = tuple(changes(msgspec.structs.replace(context, mapping=mapper)))
    except StopIteration as error:
        # What comes out of a thread as this would never arrive.
        raise RuntimeError("the mapping raised StopIteration") from error
    return Mapped(made, mapper.cuts, changes)
