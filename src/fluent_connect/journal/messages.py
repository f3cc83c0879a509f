"""Searching the journal for messages, as they were queued: what can be looked at once more."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.journal.states import prefix
from fluent_connect.model.fact import Statement
from fluent_connect.model.message import Cause

_OWN = "(m.cause IN ('notification', 'external') OR m.id LIKE '%.e')"
"""Whether a message is about what its notification tells, not about what that made necessary."""
_KIND = f"CASE WHEN {_OWN} THEN coalesce(n.kind, '') ELSE '' END"
_COLUMNS = f"""m.id, {prefix("m.id")} AS unit, m.notification, m.name, m.account, m.retailer,
    m.type_id, m.resource, m.version, m.cause, m.at, {_KIND} AS kind,
    CASE WHEN {_OWN} THEN n.sequence END AS sequence, coalesce(n.project_key, '') AS project_key"""
_JOINED = "message m LEFT JOIN notification n ON n.id = m.notification"
_FOUND = f"""found (id) AS MATERIALIZED (
    SELECT id FROM reference WHERE value = ?
    UNION SELECT id FROM message WHERE id = ? OR resource = ?
    UNION SELECT m.id FROM {_JOINED}
    WHERE {_OWN} AND (m.notification = ? OR n.notification_id = ?))"""
"""The messages that an id of any kind leads to: its own, not those that it made necessary."""


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages to look at; what is not set does not matter.

    text:         an id of any kind, an order number, a customer number, a SKU, a ref in Fluent.
    route:        the name of the message. account: the Fluent account, or `account/retailer`.
    type:         commercetools' typeId. states: ends ("done", "dead"); others have not ended.
    since, until: queued in [since, until).
    each:         names of messages that all count; of others the newest about a resource stands
                  for those of its kind, because a handler reads the resource as it is now anyway.
    """

    text: str | None = None
    route: str | None = None
    account: str | None = None
    type: str | None = None
    states: Sequence[str] = ()
    since: float | None = None
    until: float | None = None
    each: Sequence[str] = ()
    limit: int = 1000


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `repeats`: for how many of its like it stands. "" stands for what is not."""

    id: str
    unit: str
    notification: str | None
    name: str
    account: str
    retailer: str
    type_id: str
    resource: str
    version: int | None
    cause: Cause
    at: float
    kind: str
    sequence: int | None
    project_key: str
    repeats: int


def messages_statement(which: MessageFilter) -> Statement:
    """Return the search for messages, the newest first, at most `which.limit` of them."""
    found = f"WITH {_FOUND}" if which.text is not None else ""
    first = (which.text,) * 5 if which.text is not None else ()
    conditions, values = _conditions(which)
    names = ", ".join("?" for _ in which.each) or "NULL"
    alone = f"m.resource = '' OR m.name IN ({names})"
    text = f"""{found}
        SELECT {_COLUMNS}, g.repeats FROM (
            SELECT max(m.id) AS id, count(*) AS repeats FROM {_JOINED}
            WHERE {" AND ".join(conditions) or "1 = 1"}
            GROUP BY m.name, m.account, m.retailer, m.type_id, {_KIND},
                CASE WHEN {alone} THEN m.id ELSE m.resource END
            ORDER BY max(m.id) DESC LIMIT ?) g
        JOIN message m ON m.id = g.id LEFT JOIN notification n ON n.id = m.notification
        ORDER BY m.id DESC"""
    return Statement(text, values=(*first, *values, *which.each, which.limit))


def messages_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[MessageRow]:
    """Return the messages in the rows of `messages_statement`."""
    return [msgspec.convert(row, MessageRow) for row in rows]


def _conditions(which: MessageFilter) -> tuple[list[str], list[object]]:
    account, _, retailer = (which.account or "").partition("/")
    choices: list[tuple[str, object]] = [
        ("m.name = ?", which.route),
        ("m.account = ?", account or None),
        ("m.retailer = ?", retailer or None),
        ("m.type_id = ?", which.type),
        ("m.at >= ?", which.since),
        ("m.at < ?", which.until),
    ]
    chosen = [(text, value) for text, value in choices if value is not None]
    conditions = [text for text, _ in chosen]
    if which.text is not None:
        conditions.append("m.id IN (SELECT id FROM found)")
    values = [value for _, value in chosen]
    if which.states:
        marks = ", ".join("?" for _ in which.states)
        ended = f"SELECT 1 FROM fate e WHERE e.id = m.id AND e.state IN ({marks})"
        conditions.append(f"EXISTS ({ended})")
        values += which.states
    return conditions, values


def fates_statement(ids: Sequence[str]) -> Statement:
    """Return the search for how messages ended: `id`, `state`, `reason`."""
    marks = ", ".join("?" for _ in ids)
    return Statement(
        f"SELECT id, state, reason FROM fate WHERE id IN ({marks})",
        values=tuple(ids),
    )


def calls_statement(route: str, *, limit: int = 100) -> Statement:
    """Return the search for the `calls` of the newest attempts on a route."""
    return Statement(
        "SELECT calls FROM attempt WHERE route = ? ORDER BY id DESC LIMIT ?", values=(route, limit)
    )
