"""When another system did not send or take what it should have: windows that a sweep can close."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.model.fact import Outage, Statement

_COLUMNS = 'SELECT "of", began, ended, why FROM outage'


def open_outages_statement() -> Statement:
    """Return the search for the outages that have not ended."""
    return Statement(f"{_COLUMNS} WHERE ended IS NULL ORDER BY began")


def outages_statement(*, since: float = 0.0, limit: int = 1000) -> Statement:
    """Return the search for the outages that lasted into or after `since`, the newest first."""
    return Statement(
        f"{_COLUMNS} WHERE ended IS NULL OR ended >= ? ORDER BY began DESC LIMIT ?",
        values=(since, limit),
    )


def open_outages_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[Outage]:
    """Return the outages in the rows of either search."""
    return [msgspec.convert(row, Outage) for row in rows]
