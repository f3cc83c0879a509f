"""The story of whatever an id names: from the request at the door to the last attempt."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from fluent_connect.journal.search import FOUND, found_values
from fluent_connect.journal.states import STATES, belongs, prefix
from fluent_connect.model.fact import Statement

_COLUMNS = (
    "what",
    "unit",
    "id",
    "at",
    "name",
    "kind",
    "account",
    "retailer",
    "type_id",
    "resource",
    "version",
    "sequence",
    "state",
    "reason",
    "tries",
    "seconds",
    "handler",
    "error",
    "calls",
    "size",
)


_NUMBERS = {
    "at": "DOUBLE PRECISION",
    "version": "BIGINT",
    "sequence": "BIGINT",
    "tries": "BIGINT",
    "seconds": "DOUBLE PRECISION",
    "size": "BIGINT",
}


def _nothing(column: str) -> str:
    """Return a NULL of the column's type, which a union of such arms has to know."""
    return f"CAST(NULL AS {_NUMBERS.get(column, 'TEXT')})"


def _select(what: str, tables: str, given: Mapping[str, str]) -> str:
    """Return one arm of the union: the columns given, the others NULL."""
    columns = {"what": f"'{what}'", "unit": "u.unit", **given}
    listed = ", ".join(f"{columns.get(each, _nothing(each))} AS {each}" for each in _COLUMNS)
    return f"SELECT {listed} FROM {tables}"


_PARCEL_STATE = """CASE WHEN p.state = 4 THEN 3 WHEN p.state = 3 THEN 9
    WHEN p.state = 0 AND p.tries > 0 THEN 8 WHEN p.queue = 'ct-queue' THEN 4
    WHEN p.state = 1 THEN 7 WHEN p.state = 0 AND p.due > ? THEN 6 ELSE 5 END"""
_ARMS = (
    _select(
        "receipt",
        "units u JOIN receipt r ON r.id = u.unit",
        {"id": "r.id", "at": "r.at", "name": "r.door", "size": "r.size"},
    ),
    _select(
        "aside",
        "units u JOIN aside a ON a.id = u.unit",
        {"id": "a.id", "at": "a.at", "name": "a.door", "kind": "a.what", "reason": "a.note"},
    ),
    _select(
        "notification",
        "units u JOIN notification n ON n.id = u.unit",
        {
            "id": "n.id",
            "at": "n.at",
            "name": "n.notification_id",
            "account": "n.project_key",
            **{c: f"n.{c}" for c in ("kind", "type_id", "resource", "version", "sequence")},
        },
    ),
    _select(
        "gap",
        "units u JOIN gap g ON g.revealed = u.unit",
        {
            "id": "g.key",
            "at": "g.at",
            "name": "g.unit",
            "account": "g.project_key",
            "reason": "g.why",
            **{c: f"g.{c}" for c in ("type_id", "resource", "sequence", "state")},
        },
    ),
    _select(
        "message",
        f"units u JOIN message m ON {belongs('m.id', 'u.unit')}",
        {
            "kind": "m.cause",
            **{
                c: f"m.{c}"
                for c in (
                    "id",
                    "at",
                    "name",
                    "account",
                    "retailer",
                    "type_id",
                    "resource",
                    "version",
                )
            },
        },
    ),
    _select(
        "attempt",
        f"units u JOIN attempt t ON {belongs('t.id', 'u.unit')}",
        {
            "name": "t.route",
            "state": "t.outcome",
            **{c: f"t.{c}" for c in ("id", "at", "tries", "seconds", "handler", "error", "calls")},
        },
    ),
    _select(
        "fate",
        f"units u JOIN fate f ON {belongs('f.id', 'u.unit')}",
        {c: f"f.{c}" for c in ("id", "at", "state", "reason", "tries")},
    ),
    _select(
        "parcel",
        f"parcel p JOIN units u ON u.unit = {prefix('p.id')}",
        {
            "id": "p.id",
            "at": "p.due",
            "name": "p.queue",
            "state": f"CAST({_PARCEL_STATE} AS TEXT)",
            "reason": "coalesce(p.reason, '')",
            "tries": "p.tries",
            "error": "p.error",
            "kind": "p.waits_for",
        },
    ),
)
_ABOUT = f"""found (unit) AS MATERIALIZED (
    SELECT id FROM notification WHERE type_id = ? AND resource = ?
    UNION SELECT {prefix("id")} FROM message WHERE type_id = ? AND resource = ?)"""


def _timeline(found: str) -> str:
    return f"""WITH {found},
    units (unit) AS MATERIALIZED (SELECT unit FROM found ORDER BY unit DESC LIMIT ?)
    {" UNION ALL ".join(_ARMS)}"""


_OF_TEXT, _OF_RESOURCE = _timeline(FOUND), _timeline(_ABOUT)

What = Literal["receipt", "aside", "notification", "gap", "message", "attempt", "fate", "parcel"]
_PLACE = {
    what: place
    for place, what in enumerate(
        ("receipt", "aside", "notification", "message", "attempt", "fate", "gap", "parcel")
    )
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a unit, or (parcel) where something of it stands now.

    name:  receipt, aside: the door. notification: its own id. message, attempt: the route.
           parcel: the queue. gap: the unit that the missing Message came as, if it did.
    kind:  aside: repeat or batch. notification: its kind. message: its cause. parcel: what it
           waits for.
    account: of a notification, a gap: its project.
    sequence: of a gap: the number that did not come, though this unit did.
    state: attempt: its outcome. fate, parcel, gap: the state.
    at:    parcel: when it is due.
    calls: JSON, as the attempt recorded it (redacted).
    """

    what: What
    unit: str
    id: str
    at: float
    name: str = ""
    kind: str = ""
    account: str = ""
    retailer: str = ""
    type_id: str = ""
    resource: str = ""
    version: int | None = None
    sequence: int | None = None
    state: str = ""
    reason: str = ""
    tries: int = 0
    seconds: float = 0.0
    handler: str = ""
    error: str = ""
    calls: str = ""
    size: int = 0


def timeline_statement(text: str, now: float, *, limit: int = 20) -> Statement:
    """Return the search for all that happened to what `text` names.

    `text` is the id of a receipt, batch, message, notification or resource, an order number, a
    customer number, a SKU, a ref in Fluent. It may name many units: the newest `limit` are told.
    """
    return Statement(_OF_TEXT, values=(*found_values(text), limit, now))


def resource_timeline_statement(
    type_id: str, resource: str, now: float, *, limit: int = 100
) -> Statement:
    """Return the search for all that happened to a resource: the newest `limit` units."""
    about = (type_id, resource, type_id, resource)
    return Statement(_OF_RESOURCE, values=(*about, limit, now))


def timeline_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[Step]:
    """Return the steps in the rows of `timeline_statement`: unit by unit, newest unit first."""
    steps = [_step(row) for row in rows]
    steps.sort(key=lambda step: (step.at, _PLACE[step.what], step.sequence or 0))
    now_at_the_end = sorted(steps, key=lambda step: step.what == "parcel")
    return sorted(now_at_the_end, key=lambda step: step.unit, reverse=True)


def _step(row: Mapping[str, object]) -> Step:
    fields = {name: value for name, value in row.items() if value is not None}
    if row["what"] == "parcel":
        fields["state"] = STATES[int(str(row["state"]))]
    return msgspec.convert(fields, Step)
