"""Which resources a text leads to: what somebody means who asks about `1234`."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.model.fact import Statement

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
