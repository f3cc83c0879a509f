"""Many rows by few statements: multi-row VALUES, whose texts repeat so that they stay prepared."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import apsw
import msgspec

from fluent_connect.model.fact import Statement

Values = tuple[object, ...]
_CHUNKS = (64, 32, 16)
_encode = msgspec.json.Encoder().encode


def as_list(values: Iterable[object]) -> str:
    """Return values as the JSON list that `IN (SELECT value FROM json_each(?))` reads."""
    return _encode(list(values)).decode()


def fetch(connection: apsw.Connection, sql: str, values: Values = ()) -> list[Any]:
    """Run one statement to its end and return its rows."""
    return connection.execute(sql, values).fetchall()


class Rows:
    """Collects rows by statement, and sends each statement's rows together."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], list[Values]] = {}

    def add(self, head: str, row: str, suffix: str, values: Values) -> None:
        """Keep one row for `head row, row, ... suffix`."""
        key = (head, row, suffix)
        rows = self._rows.get(key)
        if rows is None:
            self._rows[key] = [values]
        else:
            rows.append(values)

    def statement(self, statement: Statement) -> None:
        """Keep what a fact became."""
        self.add(statement.head, statement.row, statement.suffix, statement.values)

    def send(self, connection: apsw.Connection) -> None:
        """Run all that was kept, in the order in which each statement first came."""
        for (head, row, suffix), rows in self._rows.items():
            if not row:
                for values in rows:
                    fetch(connection, head, values)
                continue
            _send(connection, (head, row, suffix), rows)
        self._rows.clear()


_texts: dict[tuple[tuple[str, str, str], int], str] = {}


def _text(key: tuple[str, str, str], count: int) -> str:
    text = _texts.get((key, count))
    if text is None:
        head, row, suffix = key
        text = f"{head} {', '.join([row] * count)} {suffix}"
        if len(_texts) < 1000:  # noqa: PLR2004 - texts are few unless a recorder makes them up
            _texts[key, count] = text
    return text


def _send(connection: apsw.Connection, key: tuple[str, str, str], rows: Sequence[Values]) -> None:
    """Send rows by 64, 32 or 16, then the rest at once: few statements, and few texts of each."""
    at, total = 0, len(rows)
    while at < total:
        left = total - at
        size = next((chunk for chunk in _CHUNKS if chunk <= left), left)
        part = rows[at : at + size]
        values = part[0] if size == 1 else tuple(chain.from_iterable(part))
        fetch(connection, _text(key, size), values)
        at += size
