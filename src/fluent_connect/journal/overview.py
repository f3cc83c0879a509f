"""Small questions about the whole: pauses, the audit, progress, counts for metrics."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.journal.states import LIVE, QUEUED, STATES, UNACCOUNTED, code
from fluent_connect.model.fact import Statement

_LATEST = 1000


class Pause(msgspec.Struct, frozen=True):
    """An operator's stop of the groups that match `pattern`."""

    pattern: str
    at: float
    by: str


class AuditEntry(msgspec.Struct, frozen=True):
    """What an operator did, and to what."""

    at: float
    by: str
    action: str
    what: str


class MessageCount(msgspec.Struct, frozen=True):
    """How many messages of a route and account are in a state."""

    account: str
    route: str
    state: str
    count: int


def pauses_statement() -> Statement:
    """Return the search for the pauses that stand, the oldest first."""
    return Statement('SELECT pattern, at, "by" FROM pause ORDER BY at, pattern')


def pauses_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[Pause]:
    """Return the pauses in the rows of `pauses_statement`."""
    return [msgspec.convert(row, Pause) for row in rows]


def audit_statement(*, limit: int = 100, before: float | None = None) -> Statement:
    """Return the search for what operators did, the newest first."""
    where = "" if before is None else " WHERE at < ?"
    values = (limit,) if before is None else (before, limit)
    return Statement(
        f'SELECT at, "by", action, what FROM audit{where} ORDER BY at DESC LIMIT ?',
        values=values,
    )


def audit_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[AuditEntry]:
    """Return the entries in the rows of `audit_statement`."""
    return [msgspec.convert(row, AuditEntry) for row in rows]


def progress_statement() -> Statement:
    """Return the search for when a delivery was last settled, among the newest thousand fates."""
    return Statement(
        "SELECT max(at) AS at FROM (SELECT at FROM fate ORDER BY id DESC LIMIT ?) newest",
        values=(_LATEST,),
    )


def progress_from_rows(rows: Iterable[Mapping[str, object]]) -> float | None:
    """Return when a delivery was last settled; None if none ever was."""
    for row in rows:
        return None if row["at"] is None else float(str(row["at"]))
    return None


def message_counts_statement(now: float, *, brokered: bool = False) -> Statement:
    """Return the search for messages by account, route and state: for metrics, now and then."""
    missing = QUEUED if brokered else UNACCOUNTED
    return Statement(
        f"""WITH {LIVE}
        SELECT account, route, code, count(*) AS count FROM (
            SELECT m.account AS account, m.name AS route, {code("g", "k", missing)} AS code
            FROM message m LEFT JOIN fate g ON g.id = m.id LEFT JOIN live k ON k.id = m.id) x
        GROUP BY account, route, code ORDER BY account, route, code""",
        values=(now,),
    )


def message_counts_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[MessageCount]:
    """Return the counts in the rows of `message_counts_statement`."""
    return [
        MessageCount(
            str(row["account"]),
            str(row["route"]),
            STATES[int(str(row["code"]))],
            int(str(row["count"])),
        )
        for row in rows
    ]
