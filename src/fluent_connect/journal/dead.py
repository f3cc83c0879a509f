"""The dead letters: what an operator has to decide about."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.journal.states import prefix
from fluent_connect.model.fact import Statement

_TABLES = f"""parcel p LEFT JOIN message m ON m.id = p.id
    LEFT JOIN notification n ON n.id = {prefix("p.id")}
    LEFT JOIN fate f ON f.id = p.id
    WHERE p.state = 4"""
_COLUMNS = f"""p.id, p.queue, coalesce(p.reason, '') AS reason, coalesce(p.error, '') AS error,
    p.tries, p.put_at, f.at AS died_at, m.name AS route, m.account, m.retailer,
    coalesce(m.type_id, n.type_id) AS type_id, coalesce(m.resource, n.resource) AS resource,
    coalesce(m.version, n.version) AS version, n.notification_id, n.kind,
    coalesce(p.origin, {prefix("p.id")}) AS original"""
_GROUPS = f"""SELECT coalesce(p.reason, '') AS reason, m.name AS route, count(*) AS count,
    min(p.id) AS example, min(f.at) AS first, max(f.at) AS last
    FROM {_TABLES} GROUP BY coalesce(p.reason, ''), m.name ORDER BY count(*) DESC, 1, 2"""
_SHOW = f"SELECT {_COLUMNS} FROM {_TABLES} AND p.id = ?"
_IDS = f"SELECT p.id FROM {_TABLES}"


class DeadFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters; what is not set does not matter. `after`: the last id of a page."""

    route: str | None = None
    account: str | None = None
    type: str | None = None
    reason: str | None = None
    queue: str | None = None
    after: str | None = None
    limit: int = 50


class DeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter. `original`: whose bytes `Store.original` returns, if they are kept."""

    id: str
    queue: str
    reason: str
    error: str
    tries: int
    put_at: float
    died_at: float | None
    route: str | None
    account: str | None
    retailer: str | None
    type_id: str | None
    resource: str | None
    version: int | None
    notification_id: str | None
    kind: str | None
    original: str


class DeadGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters that share reason and route: how many, one of them, the first and last death."""

    reason: str
    route: str | None
    count: int
    example: str
    first: float | None
    last: float | None


def dead_statement(which: DeadFilter) -> Statement:
    """Return the search for dead letters, the newest first, at most `which.limit`."""
    return _listed(f"SELECT {_COLUMNS} FROM {_TABLES}", which)


def dead_ids_statement(which: DeadFilter) -> Statement:
    """Return the search for the `id`s alone: what `Revived` and `Dropped` are made of."""
    return _listed(_IDS, which)


def dead_groups_statement() -> Statement:
    """Return the search for groups of dead letters, the largest first."""
    return Statement(_GROUPS)


def dead_one_statement(id: str) -> Statement:
    """Return the search for one dead letter; its attempts stand in its timeline."""
    return Statement(_SHOW, values=(id,))


def dead_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[DeadRow]:
    """Return the dead letters in the rows of `dead_statement` or `dead_one_statement`."""
    return [msgspec.convert(row, DeadRow) for row in rows]


def dead_groups_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[DeadGroup]:
    """Return the groups in the rows of `dead_groups_statement`."""
    return [msgspec.convert(row, DeadGroup) for row in rows]


def _listed(text: str, which: DeadFilter) -> Statement:
    choices = (
        ("m.name = ?", which.route),
        ("m.account = ?", which.account),
        ("coalesce(m.type_id, n.type_id) = ?", which.type),
        ("instr(p.reason, ?) > 0", which.reason),
        ("p.queue = ?", which.queue),
        ("p.id < ?", which.after),
    )
    chosen = [(condition, value) for condition, value in choices if value is not None]
    return Statement(
        "".join([text, *(f" AND {condition}" for condition, _ in chosen)])
        + " ORDER BY p.id DESC LIMIT ?",
        values=(*(value for _, value in chosen), which.limit),
    )
