"""How each fact becomes SQL: one text for each kind of fact, so that rows can be joined."""

from collections.abc import Callable, Sequence
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
_AUDIT = 'INSERT INTO audit (at, "by", action, what) VALUES'
_OUTAGE = 'INSERT INTO outage ("of", began, ended, why) VALUES'
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
    return Recorder(record, MIGRATIONS)


def record(fact: Fact) -> Sequence[Statement]:
    """Return the statements that remember `fact`, in their order; none if the store does it all."""
    write = _WRITERS.get(type(fact))
    return write(fact) if write is not None else _NOTHING


def _received(fact: Received) -> Sequence[Statement]:
    values = (fact.id, fact.door, fact.at, fact.size)
    return (Statement(_RECEIPT, "(?, ?, ?, ?)", _ONCE, values),)


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


def _told(fact: Told) -> Sequence[Statement]:
    values = (
        fact.id,
        fact.notification_id,
        fact.kind,
        fact.project_key,
        fact.type_id,
        fact.resource,
        fact.version,
        fact.sequence,
        fact.at,
    )
    return (Statement(_NOTIFICATION, "(?, ?, ?, ?, ?, ?, ?, ?, ?)", _ONCE, values),)


def _queued(fact: Queued) -> Sequence[Statement]:
    values = (
        fact.id,
        fact.notification,
        fact.name,
        fact.account,
        fact.retailer,
        fact.type_id,
        fact.resource,
        fact.version,
        fact.cause,
        fact.at,
    )
    return (Statement(_MESSAGE, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _ONCE, values),)


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


def _attempted(fact: Attempted) -> Sequence[Statement]:
    values = (
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
    again = "ON CONFLICT (id, at) DO NOTHING"
    return (Statement(_ATTEMPT, "(?, ?, ?, ?, ?, ?, ?, ?, ?)", again, values),)


def _known(fact: Known) -> Sequence[Statement]:
    again = "ON CONFLICT (value, kind, id) DO NOTHING"
    return (Statement(_REFERENCE, "(?, ?, ?)", again, (fact.value, fact.kind, fact.id)),)


def _revived(fact: Revived) -> Sequence[Statement]:
    return [Statement(_REVIVE, values=(id_,)) for id_ in fact.ids]


def _dropped(fact: Dropped) -> Sequence[Statement]:
    return [
        Statement(_DROP, "(?, 'skipped', ?, 0, 0)", _DROP_AGAIN, (id_, DROPPED)) for id_ in fact.ids
    ]


def _paused(fact: Paused) -> Sequence[Statement]:
    again = 'ON CONFLICT (pattern) DO UPDATE SET at = excluded.at, "by" = excluded."by"'
    return (Statement(_PAUSE, "(?, ?, ?)", again, (fact.pattern, fact.at, fact.by)),)


def _resumed(fact: Resumed) -> Sequence[Statement]:
    return (Statement(_RESUME, values=(fact.pattern,)),)


def _erased(fact: Erased) -> Sequence[Statement]:
    return erasure(fact.kind, fact.value)


def _expired(fact: Expired) -> Sequence[Statement]:
    return expiry(fact)


def _audited(fact: Audited) -> Sequence[Statement]:
    return (Statement(_AUDIT, "(?, ?, ?, ?)", "", (fact.at, fact.by, fact.action, fact.what)),)


def _outage(fact: Outage) -> Sequence[Statement]:
    again = 'ON CONFLICT ("of", began) DO UPDATE SET ended = excluded.ended, why = excluded.why'
    return (Statement(_OUTAGE, "(?, ?, ?, ?)", again, (fact.of, fact.began, fact.ended, fact.why)),)


def _missed(fact: Missed) -> Sequence[Statement]:
    state = MISSING if fact.full else POSSIBLE
    told = (fact.key, fact.project_key, fact.type_id, fact.resource, fact.sequence)
    values = (*told, fact.revealed, fact.door, fact.at, state)
    return (Statement(_GAP, "(?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, 0)", _GAP_ONCE, values),)


def _sought(fact: Sought) -> Sequence[Statement]:
    return (Statement(_SOUGHT, values=(fact.state, fact.why, fact.unit, fact.at, fact.key)),)


def _swept(fact: Swept) -> Sequence[Statement]:
    return (Statement(_SWEEP, "(?, ?, ?)", _SWEEP_AGAIN, (fact.name, fact.cursor, fact.at)),)


_WRITERS: dict[type, Callable[[Any], Sequence[Statement]]] = {
    Received: _received,
    Split: _split,
    Told: _told,
    Queued: _queued,
    Settled: _settled,
    Attempted: _attempted,
    Known: _known,
    Revived: _revived,
    Dropped: _dropped,
    Paused: _paused,
    Resumed: _resumed,
    Erased: _erased,
    Expired: _expired,
    Audited: _audited,
    Outage: _outage,
    **RUN_WRITERS,
    Missed: _missed,
    Sought: _sought,
    Swept: _swept,
}
