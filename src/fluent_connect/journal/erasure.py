"""What is cleared when a person's data must go: bodies, attempts, dead letters; ids stay."""

from collections.abc import Sequence

from fluent_connect.journal.states import prefix
from fluent_connect.model.fact import Statement

_UNITS = f"""units (unit) AS (
    SELECT {prefix("id")} FROM reference WHERE value = ? AND kind = ?
    UNION SELECT id FROM notification WHERE type_id = ? AND resource = ?
    UNION SELECT {prefix("id")} FROM message WHERE type_id = ? AND resource = ?)"""
_MEANT = f"{prefix('id')} IN (SELECT unit FROM units)"

_ATTEMPTS = f"WITH {_UNITS} UPDATE attempt SET error = '', calls = '[]' WHERE {_MEANT}"
_REASONS = f"WITH {_UNITS} UPDATE fate SET reason = 'erased' WHERE state = 'dead' AND {_MEANT}"
_PARCELS = (
    f"WITH {_UNITS} UPDATE parcel SET body = ?, headers = '{{}}', reason = 'erased', error = ''"
    f" WHERE state = 4 AND {_MEANT}"
)
_BODIES = (
    f"WITH {_UNITS} DELETE FROM body WHERE {_MEANT}"
    " AND id NOT IN (SELECT id FROM parcel WHERE body IS NULL)"
)
_DEAD = f"WITH {_UNITS} SELECT id FROM parcel WHERE state = 4 AND {_MEANT} ORDER BY id"
_UNITS_KNOWN = f"WITH {_UNITS} SELECT unit FROM units ORDER BY unit"


def erasure(kind: str, value: str) -> Sequence[Statement]:
    """Return the statements that clear whatever is stored of this value of an index.

    `kind` is an index's ("customer") or a commercetools type id. Dead letters lose their bytes:
    drop them in the same write (`dead_of_statement`), for they cannot be revived. A message that
    still waits keeps its own bytes, which name resources, and loses the sender's.
    """
    values = _values(kind, value)
    return (
        Statement(_ATTEMPTS, values=values),
        Statement(_REASONS, values=values),
        Statement(_PARCELS, values=(*values, b"")),
        Statement(_BODIES, values=values),
    )


def dead_of_statement(kind: str, value: str) -> Statement:
    """Return the search for the `id`s of dead parcels of this value: to be dropped with it."""
    return Statement(_DEAD, values=_values(kind, value))


def units_of_statement(kind: str, value: str) -> Statement:
    """Return the search for the `unit`s that an erasure of this value is about."""
    return Statement(_UNITS_KNOWN, values=_values(kind, value))


def _values(kind: str, value: str) -> tuple[object, ...]:
    return (value, kind, kind, value, kind, value)
