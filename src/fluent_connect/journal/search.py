"""Searching the journal for events: accepted notifications, the newest first."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.journal.states import (
    DEAD,
    FIRST_WAITING,
    LIVE,
    QUEUED,
    STATES,
    UNACCOUNTED,
    UNIT_TABLES,
    WAITING,
    belongs,
    code,
    prefix,
    unit_code,
)
from fluent_connect.model.fact import Statement

_TWO_DIGITS = 10
_MESSAGES = "SELECT 1 FROM message x WHERE x.id > r.id || '.' AND x.id < r.id || '/'"
_FATES = "SELECT 1 FROM fate x WHERE x.id >= r.id AND x.id < r.id || '/'"

_REASON = (
    "(instr(l.reason, ?) > 0 OR instr(k.reason, ?) > 0"
    f" OR EXISTS ({_FATES} AND instr(x.reason, ?) > 0))"
)

FOUND = f"""found (unit) AS MATERIALIZED (
    SELECT {prefix("id")} FROM reference WHERE value = ?
    UNION SELECT id FROM notification WHERE notification_id = ? OR resource = ?
    UNION SELECT {prefix("id")} FROM message WHERE notification IS NULL AND resource = ?
    UNION SELECT id FROM receipt WHERE id > ? AND id < ?
    UNION SELECT unit FROM (SELECT {prefix("given.id")} AS unit FROM (SELECT ? AS id) given) g
    WHERE EXISTS (SELECT 1 FROM receipt x WHERE x.id = g.unit)
       OR EXISTS (SELECT 1 FROM aside x WHERE x.id = g.unit)
       OR EXISTS (SELECT 1 FROM message x WHERE {belongs("x.id", "g.unit")})
       OR EXISTS (SELECT 1 FROM fate x WHERE {belongs("x.id", "g.unit")})
       OR EXISTS (SELECT 1 FROM parcel x WHERE x.id = g.unit))"""
"""A common table: the units that an id of any kind leads to. Its values: `found_values`."""


def found_values(text: str) -> tuple[object, ...]:
    """Return the values of `FOUND`: an id, a reference, a batch's id (it finds its parts)."""
    return (text, text, text, text, f"{text}-", f"{text}.", text)


_RARE = {
    DEAD: "p.state = 4",
    STATES.index("running"): "p.state = 1",
    STATES.index("retrying"): "p.state = 0 AND p.tries > 0",
    STATES.index("parked"): "p.state = 3",
}
"""States that few units are in, and what their parcels have in common."""
_ENDED = {STATES.index("skipped"), STATES.index("superseded")}
"""States that a unit is in by a fate of that name, and that `done` may leave few in."""


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to list; what is not set does not matter.

    states: names of `states.STATES`, or "waiting" for all that wait.
    route:  the name of one of its messages. account: of one of its messages.
    type:   commercetools' typeId.
    since, until: received in [since, until).
    text:   an id of any kind, an order number, a SKU, whatever is indexed; exact.
    reason: a part of a reason.
    after:  the id of the last event of the page before.
    """

    states: Sequence[str] = ()
    route: str | None = None
    account: str | None = None
    type: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None
    reason: str | None = None
    after: str | None = None
    limit: int = 50


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event: what was told, and what became of it. Of several messages, the worst speaks."""

    id: str
    received_at: float
    door: str
    notification_id: str | None
    kind: str | None
    project_key: str | None
    type_id: str | None
    resource: str | None
    version: int | None
    sequence: int | None
    state: str
    reason: str
    route: str | None
    account: str | None
    retailer: str | None
    messages: int
    tries: int
    settled_at: float | None


def events_statement(which: EventFilter, now: float, *, brokered: bool = False) -> Statement:
    """Return the search for events, newest first, at most `which.limit` of them."""
    missing = QUEUED if brokered else UNACCOUNTED
    tables = [LIVE]
    values: list[object] = [now]
    if which.text is not None:
        tables.append(FOUND)
        values += found_values(which.text)
    conditions, more = _conditions(which)
    numbers = _numbers(which.states)
    conditions += _narrowed(numbers, missing)
    where = " AND ".join(conditions) or "1 = 1"
    judged = numbers or which.reason is not None
    told = _judged(where, missing, numbers) if judged else _paged(where, missing)
    return Statement(
        f"""WITH {", ".join(tables)}, {told}
        SELECT r.id AS id, r.at AS received_at, r.door AS door, n.notification_id, n.kind,
            n.project_key, n.type_id, n.resource, n.version, n.sequence,
            CAST(substr(told.worst, 1, 2) AS INTEGER) - {_TWO_DIGITS} AS worst, told.own,
            told.messages, m.name AS route, m.account AS account, m.retailer AS retailer,
            f.reason AS own_reason, g.reason AS its_reason, l.reason AS own_wait,
            k.reason AS its_wait, coalesce(g.tries, k.tries, l.tries, f.tries, 0) AS tries,
            coalesce(g.at, f.at) AS settled_at
        FROM told JOIN receipt r ON r.id = told.id LEFT JOIN notification n ON n.id = r.id
        LEFT JOIN fate f ON f.id = r.id LEFT JOIN live l ON l.id = r.id
        LEFT JOIN message m ON m.id = substr(told.worst, 3)
        LEFT JOIN fate g ON g.id = m.id LEFT JOIN live k ON k.id = m.id
        ORDER BY told.id DESC""",
        values=(*values, *more, which.limit),
        few=UNACCOUNTED not in numbers,
    )


def _narrowed(numbers: Sequence[int], missing: int) -> Sequence[str]:
    """Return the condition that leaves only units with a parcel, or a fate, of what is wanted.

    It is looked at before the state, at a fraction of the cost. Fates are counted, because EXISTS
    and IN become joins here, which SQLite looks at last and PostgreSQL may take minutes for.
    """
    if numbers and _ENDED.issuperset(numbers):
        names = ", ".join(f"'{STATES[each]}'" for each in numbers)
        return (f"0 < (SELECT count(*) FROM ({_FATES} AND x.state IN ({names})) y)",)
    if not numbers or missing in numbers or not all(DEAD <= each < UNACCOUNTED for each in numbers):
        return ()
    such = " OR ".join(f"({_RARE[each]})" for each in numbers if each in _RARE)
    where = f" WHERE {such}" if _RARE.keys() >= set(numbers) else ""
    return (f"r.id IN (SELECT {prefix('p.id')} FROM parcel p{where})",)


def _judged(where: str, missing: int, numbers: Sequence[int]) -> str:
    """Return the units of a page whose state matters: each is judged until there are enough."""
    having = f"HAVING {unit_code(missing)} IN ({', '.join(map(str, numbers))})" if numbers else ""
    return f"""told (id, own, worst, messages) AS (
        SELECT r.id, max({code("f", "l", missing)}), max({_numbered(code("g", "k", missing))}),
            count(m.id)
        FROM {UNIT_TABLES} LEFT JOIN notification n ON n.id = r.id WHERE {where}
        GROUP BY r.id {having} ORDER BY r.id DESC LIMIT ?)"""


def _paged(where: str, missing: int) -> str:
    """Return the units of a page whose state does not matter: only they are judged."""
    its = "m.id > page.id || '.' AND m.id < page.id || '/'"
    return f"""page (id) AS (
            SELECT r.id FROM receipt r LEFT JOIN notification n ON n.id = r.id WHERE {where}
            ORDER BY r.id DESC LIMIT ?),
        told (id, own, worst, messages) AS MATERIALIZED (
            SELECT page.id, (SELECT max({code("f", "l", missing)}) FROM receipt r
                    LEFT JOIN fate f ON f.id = r.id LEFT JOIN live l ON l.id = r.id
                    WHERE r.id = page.id),
                (SELECT max({_numbered(code("g", "k", missing))}) FROM message m
                    LEFT JOIN fate g ON g.id = m.id LEFT JOIN live k ON k.id = m.id WHERE {its}),
                (SELECT count(*) FROM message m WHERE {its})
            FROM page)"""


def _numbered(state: str) -> str:
    """Return the text by which messages are compared: the worst state, and then the newest."""
    return f"CASE WHEN m.id IS NOT NULL THEN CAST({_TWO_DIGITS} + {state} AS TEXT) || m.id END"


def events_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[EventRow]:
    """Return the events in the rows of `events_statement`."""
    return [_event(row) for row in rows]


def _conditions(which: EventFilter) -> tuple[list[str], list[object]]:
    choices: list[tuple[str, tuple[object, ...], object]] = [
        (f"EXISTS ({_MESSAGES} AND x.name = ?)", (which.route,), which.route),
        (f"EXISTS ({_MESSAGES} AND x.account = ?)", (which.account,), which.account),
        ("n.type_id = ?", (which.type,), which.type),
        ("r.at >= ?", (which.since,), which.since),
        ("r.at < ?", (which.until,), which.until),
        ("r.id IN (SELECT unit FROM found)", (), which.text),
        (
            _REASON,
            (which.reason,) * 3,
            which.reason,
        ),
        ("r.id < ?", (which.after,), which.after),
    ]
    chosen = [(text, values) for text, values, wanted in choices if wanted is not None]
    return [text for text, _ in chosen], [value for _, values in chosen for value in values]


def _numbers(states: Sequence[str]) -> list[int]:
    names = [name for state in states for name in (WAITING if state == "waiting" else (state,))]
    return [STATES.index(name) for name in names]


def _event(row: Mapping[str, object]) -> EventRow:
    own, worst = int(str(row["own"])), row["worst"]
    number, of_message = own, False
    if worst is not None and not (own >= FIRST_WAITING and own > int(str(worst))):
        number, of_message = int(str(worst)), True
    waits = number >= FIRST_WAITING
    who = "its" if of_message else "own"
    reason = row[f"{who}_wait"] if waits else row[f"{who}_reason"]
    fields = {name: row[name] for name in EventRow.__struct_fields__ if name in row}
    if waits:
        fields["settled_at"] = None
    return msgspec.convert({**fields, "state": STATES[number], "reason": reason or ""}, EventRow)
