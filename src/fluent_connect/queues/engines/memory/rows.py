"""A parcel in its queue in memory, and what can be said of it without the queue."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from fluent_connect.model.outcome import Dead, Done, Fate, Skipped, Superseded
from fluent_connect.model.parcel import CT_QUEUE, Parcel

_STATES: Mapping[str, int] = {"ready": 0, "leased": 1, "parked": 3, "dead": 4}


class Row(msgspec.Struct, eq=False):
    """A parcel in its queue. `seq` is the order of the puts."""

    seq: int
    queue: str
    parcel: Parcel
    put_at: float
    due: float
    state: Literal["ready", "leased", "parked", "dead"] = "ready"
    tries: int = 0
    parks: int = 0
    first_tried: float | None = None
    lease: str = ""
    waits_for: str | None = None
    reason: str = ""
    error: str = ""

    @property
    def order(self) -> tuple[bool, float, int]:
        """Return what to sort by: live before bulk, then by time and order of the put."""
        return (self.parcel.rank == "bulk", self.due, self.seq)


def originals_of(row: Row) -> list[str]:
    """Return the ids of the ct-queue parcels whose bytes this row keeps."""
    own = [row.parcel.id] if row.queue == CT_QUEUE else []
    return own if row.parcel.origin is None else [*own, row.parcel.origin]


def mirrored(row: Row) -> Sequence[object]:
    """Return what the journal's table `parcel` says of a row."""
    parcel = row.parcel
    return (
        row.seq,
        row.queue,
        parcel.id,
        parcel.key,
        _STATES[row.state],
        int(parcel.rank == "bulk"),
        parcel.group,
        row.due,
        int(parcel.ordered),
        parcel.origin,
        row.put_at,
        row.tries,
        row.parks,
        row.first_tried,
        row.waits_for,
        row.reason,
        row.error,
    )


def end_of(fate: Fate | None) -> tuple[str, str] | None:
    """Return the state and the reason of a fate that is an end."""
    match fate:
        case Done(note):
            return "done", note
        case Skipped(reason):
            return "skipped", reason
        case Superseded(by):
            return "superseded", by
        case Dead(reason):
            return "dead", reason
        case _:
            return None


def compile_patterns(patterns: Collection[str]) -> re.Pattern[str] | None:
    """Return what matches any of the patterns, in which `*` alone is special."""
    if not patterns:
        return None
    return re.compile("|".join(re.escape(each).replace(r"\*", ".*") for each in patterns))
