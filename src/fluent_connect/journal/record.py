"""How each fact becomes SQL: one text for each kind of fact, so that rows can be joined."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from fluent_connect.journal.erasure import erasure
from fluent_connect.journal.gaps import MISSING, POSSIBLE
from fluent_connect.journal.retention import expiry
from fluent_connect.journal.runs import RUN_WRITERS
from fluent_connect.journal.schema import MIGRATIONS
from fluent_connect.model.fact import (
    Attempted,
    Audited,
    Dropped,
    Erased,
    Expired,
    Fact,
    Insert,
    Known,
    Missed,
    Outage,
    Paused,
    Queued,
    Received,
    Recorder,
    Resumed,
    Revived,
    Settled,
    Sought,
    Split,
    Statement,
    Swept,
    Told,
)

DUPLICATE = "duplicate"
"""How the reason of a fate starts when its inbox key was known."""
DROPPED = "dropped by operator"

_NOTHING: tuple[Statement, ...] = ()
_ONCE = "ON CONFLICT (id) DO NOTHING"

_RECEIPT = "INSERT INTO receipt (id, door, at, size) VALUES"
_NOTIFICATION = (
    "INSERT INTO notification"
    " (id, notification_id, kind, project_key, type_id, resource, version, sequence, at) VALUES"
)
_MESSAGE = (
    "INSERT INTO message"
    " (id, notification, name, account, retailer, type_id, resource, version, cause, at) VALUES"
)
_FATE = "INSERT INTO fate (id, state, reason, at, tries) VALUES"
_FATE_AGAIN = (
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason,"
    " at = excluded.at, tries = excluded.tries WHERE fate.state = 'dead'"
)
_ATTEMPT = (
    "INSERT INTO attempt (id, at, tries, seconds, handler, route, outcome, error, calls) VALUES"
)
_REFERENCE = "INSERT INTO reference (value, kind, id) VALUES"
_PAUSE = 'INSERT INTO pause (pattern, at, "by") VALUES'
_PAUSE_AGAIN = 'ON CONFLICT (pattern) DO UPDATE SET at = excluded.at, "by" = excluded."by"'
_AUDIT = 'INSERT INTO audit (at, "by", action, what) VALUES'
_OUTAGE = 'INSERT INTO outage ("of", began, ended, why) VALUES'
_OUTAGE_AGAIN = 'ON CONFLICT ("of", began) DO UPDATE SET ended = excluded.ended, why = excluded.why'
_GAP = (
    "INSERT INTO gap (key, project_key, type_id, resource, sequence, revealed, door, at, state,"
    " why, unit, looked_at, looks) VALUES"
)
_GAP_ONCE = "ON CONFLICT (key) DO NOTHING"
_SOUGHT = (
    "UPDATE gap SET state = ?, why = ?, unit = ?, looked_at = ?, looks = looks + 1 WHERE key = ?"
)
_SWEEP = "INSERT INTO sweep (name, place, at) VALUES"
_SWEEP_AGAIN = "ON CONFLICT (name) DO UPDATE SET place = excluded.place, at = excluded.at"
_RESUME = "DELETE FROM pause WHERE pattern = ?"
_REVIVE = "DELETE FROM fate WHERE id = ? AND state = 'dead'"
_DROP = "INSERT INTO fate (id, state, reason, at, tries) VALUES"
_DROP_AGAIN = "ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason"
_UNRECEIVE = "DELETE FROM receipt WHERE id = ?"
_BATCH = "INSERT INTO aside (id, what, door, at, note) VALUES"
_REPEAT = (
    "INSERT INTO aside (id, what, door, at, note) SELECT id, 'repeat', door, at, ? FROM receipt"
    " WHERE id = ? AND NOT EXISTS (SELECT 1 FROM fate WHERE fate.id = receipt.id)"
    " ON CONFLICT (id) DO NOTHING"
)
_REPEATED = (
    "DELETE FROM receipt WHERE id = ?"
    " AND EXISTS (SELECT 1 FROM aside WHERE aside.id = receipt.id AND what = 'repeat')"
)
_REPEAT_FATE = (
    "INSERT INTO fate (id, state, reason, at, tries)"
    " SELECT ?, ?, ?, CAST(? AS DOUBLE PRECISION), CAST(? AS BIGINT)"
    " WHERE NOT EXISTS (SELECT 1 FROM aside WHERE id = ? AND what = 'repeat')"
    " ON CONFLICT (id) DO NOTHING"
)


def recorder() -> Recorder:
    """Return what a store needs to keep the journal beside its queues."""
    return Recorder(record, MIGRATIONS, _INSERTS)


def record(fact: Fact) -> Sequence[Statement]:
    """Return the statements that remember `fact`, in their order; none if the store does it all."""
    insert = _INSERTS.get(type(fact))
    if insert is not None:
        return (Statement(*insert.form, insert.values(fact)),)
    write = _WRITERS.get(type(fact))
    return write(fact) if write is not None else _NOTHING


def _split(fact: Split) -> Sequence[Statement]:
    aside = (fact.id, "batch", fact.door, fact.at, f"{len(fact.parts)} parts")
    return (
        Statement(_UNRECEIVE, values=(fact.id,)),
        Statement(_BATCH, "(?, ?, ?, ?, ?)", _ONCE, aside),
        *(
            Statement(_RECEIPT, "(?, ?, ?, ?)", _ONCE, (part, fact.door, fact.at, 0))
            for part in fact.parts
        ),
    )


def _settled(fact: Settled) -> Sequence[Statement]:
    values = (fact.id, fact.state, fact.reason, fact.at, fact.tries)
    if fact.reason.startswith(DUPLICATE) and fact.state == "superseded":
        return _repeated(fact, values)
    return (Statement(_FATE, "(?, ?, ?, ?, ?)", _FATE_AGAIN, values),)


def _repeated(fact: Settled, values: tuple[object, ...]) -> Sequence[Statement]:
    """Set a receipt without a fate aside; of anything else, keep a fate that it has."""
    return (
        Statement(_REPEAT, values=(fact.reason, fact.id)),
        Statement(_REPEATED, values=(fact.id,)),
        Statement(_REPEAT_FATE, values=(*values, fact.id)),
    )


def _revived(fact: Revived) -> Sequence[Statement]:
    return [Statement(_REVIVE, values=(id_,)) for id_ in fact.ids]


def _dropped(fact: Dropped) -> Sequence[Statement]:
    return [
        Statement(_DROP, "(?, 'skipped', ?, 0, 0)", _DROP_AGAIN, (id_, DROPPED)) for id_ in fact.ids
    ]


def _resumed(fact: Resumed) -> Sequence[Statement]:
    return (Statement(_RESUME, values=(fact.pattern,)),)


def _erased(fact: Erased) -> Sequence[Statement]:
    return erasure(fact.kind, fact.value)


def _expired(fact: Expired) -> Sequence[Statement]:
    return expiry(fact)


def _missed(fact: Missed) -> Sequence[Statement]:
    state = MISSING if fact.full else POSSIBLE
    told = (fact.key, fact.project_key, fact.type_id, fact.resource, fact.sequence)
    values = (*told, fact.revealed, fact.door, fact.at, state)
    return (Statement(_GAP, "(?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, 0)", _GAP_ONCE, values),)


def _sought(fact: Sought) -> Sequence[Statement]:
    return (Statement(_SOUGHT, values=(fact.state, fact.why, fact.unit, fact.at, fact.key)),)


def _attempt(fact: Attempted) -> tuple[object, ...]:
    return (
        fact.id,
        fact.at,
        fact.tries,
        fact.seconds,
        fact.handler,
        fact.route,
        fact.outcome,
        fact.error,
        fact.calls.decode(errors="replace"),
    )


def _whole(kind: type[Fact], head: str) -> Insert:
    """Return how a fact becomes a row whose columns are its fields, in their order."""
    fields = kind.__struct_fields__
    return Insert((head, f"({', '.join('?' * len(fields))})", _ONCE), attrgetter(*fields))


_INSERTS: Mapping[type, Insert] = {
    Received: _whole(Received, _RECEIPT),
    Told: _whole(Told, _NOTIFICATION),
    Queued: _whole(Queued, _MESSAGE),
    Attempted: Insert(
        (_ATTEMPT, "(?, ?, ?, ?, ?, ?, ?, ?, ?)", "ON CONFLICT (id, at) DO NOTHING"), _attempt
    ),
    Known: Insert(
        (_REFERENCE, "(?, ?, ?)", "ON CONFLICT (value, kind, id) DO NOTHING"),
        attrgetter("value", "kind", "id"),
    ),
    Paused: Insert((_PAUSE, "(?, ?, ?)", _PAUSE_AGAIN), attrgetter("pattern", "at", "by")),
    Audited: Insert((_AUDIT, "(?, ?, ?, ?)", ""), attrgetter("at", "by", "action", "what")),
    Outage: Insert(
        (_OUTAGE, "(?, ?, ?, ?)", _OUTAGE_AGAIN), attrgetter("of", "began", "ended", "why")
    ),
    Swept: Insert((_SWEEP, "(?, ?, ?)", _SWEEP_AGAIN), attrgetter("name", "cursor", "at")),
}
"""The facts that always are one row."""

_WRITERS: dict[type, Callable[[Any], Sequence[Statement]]] = {
    Split: _split,
    Settled: _settled,
    Revived: _revived,
    Dropped: _dropped,
    Resumed: _resumed,
    Erased: _erased,
    Expired: _expired,
    **RUN_WRITERS,
    Missed: _missed,
    Sought: _sought,
}
