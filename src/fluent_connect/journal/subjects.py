"""Which resources a text leads to: what somebody means who asks about `1234`."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.model.fact import Statement
from fluent_connect.model.notification import DELETIONS

_SEARCH = """SELECT s.how, s.type_id, s.resource, max(s.at) AS at FROM (
    SELECT r.kind AS how, m.type_id, m.resource, m.at FROM reference r
        JOIN message m ON m.id = r.id WHERE r.value = ?
    UNION ALL SELECT r.kind, n.type_id, n.resource, n.at FROM reference r
        JOIN notification n ON n.id = r.id WHERE r.value = ?
    UNION ALL SELECT CASE WHEN resource = ? THEN 'resource' ELSE 'notification' END,
        type_id, resource, at FROM notification
        WHERE resource = ? OR notification_id = ? OR id = ?
    UNION ALL SELECT CASE WHEN resource = ? THEN 'resource' ELSE 'message' END,
        type_id, resource, at FROM message WHERE resource = ? OR id = ?) s
    WHERE s.resource <> '' GROUP BY s.how, s.type_id, s.resource
    ORDER BY max(s.at) DESC LIMIT ?"""
_PLACES = 9
_SOON = 300.0
"""Seconds: what is due later than that is a look that was scheduled, not on its way."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that a text led to. `at`: when it was last heard of.

    how: "resource", "notification", "message" (by that id), or the kind of a reference
    ("order-number", "customer-number", "customer", "sku", "key", "fluent").
    """

    how: str
    type_id: str
    resource: str
    at: float


def subjects_statement(text: str, *, limit: int = 50) -> Statement:
    """Return the search for the resources that `text` leads to, the last heard of first."""
    return Statement(_SEARCH, values=(*(text,) * _PLACES, limit))


def subjects_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[Subject]:
    """Return the resources in the rows of `subjects_statement`."""
    return [msgspec.convert(row, Subject) for row in rows]


def on_its_way_statement(lane: str, now: float) -> Statement:
    """Return the search for a message of a lane that waits or runs; none: nothing comes by itself.

    A look at a later time, and what is dead, do not count.
    """
    return Statement(
        "SELECT id FROM parcel WHERE lane = ? AND state <> 4"
        " AND NOT (state = 0 AND tries = 0 AND due > ?) LIMIT 1",
        values=(lane, now + _SOON),
    )


def deletion_statement(type_id: str, resource: str) -> Statement:
    """Return the search for a notification that a resource was deleted."""
    marks = ", ".join("?" for _ in DELETIONS)
    return Statement(
        "SELECT id FROM notification WHERE type_id = ? AND resource = ?"
        f" AND kind IN ({marks}) LIMIT 1",
        values=(type_id, resource, *sorted(DELETIONS)),
    )
