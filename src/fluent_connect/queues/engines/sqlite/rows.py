"""Many rows by few statements: multi-row VALUES, whose texts repeat so that they stay prepared."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import apsw
import msgspec

from fluent_connect.model.fact import Statement

Values = tuple[object, ...]
Form = tuple[str, str, str]
"""Head, row and suffix of a statement."""
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
        self._rows: dict[Form, list[Values]] = {}

    def add(self, form: Form, values: Values) -> None:
        """Keep one row for `head row, row, ... suffix`."""
        rows = self._rows.get(form)
        if rows is None:
            self._rows[form] = [values]
        else:
            rows.append(values)

    def statement(self, statement: Statement) -> None:
        """Keep what a fact became."""
        self.add((statement.head, statement.row, statement.suffix), statement.values)

    def send(self, connection: apsw.Connection) -> None:
        """Run all that was kept, in the order in which each statement first came."""
        for form, rows in self._rows.items():
            head, row, _ = form
            if not row:
                for values in rows:
                    fetch(connection, head, values)
                continue
            _send(connection, form, rows)
        self._rows.clear()


_texts: dict[tuple[Form, int], str] = {}


def _text(form: Form, count: int) -> str:
    text = _texts.get((form, count))
    if text is None:
        head, row, suffix = form
        text = f"{head} {', '.join([row] * count)} {suffix}"
        if len(_texts) < 1000:  # noqa: PLR2004 - texts are few unless a recorder makes them up
            _texts[form, count] = text
    return text


def _send(connection: apsw.Connection, form: Form, rows: Sequence[Values]) -> None:
    """Send rows by 64, 32 or 16, then the rest at once: few statements, and few texts of each."""
    at, total = 0, len(rows)
    while at < total:
        left = total - at
        size = next((chunk for chunk in _CHUNKS if chunk <= left), left)
        part = rows[at : at + size]
        values = part[0] if size == 1 else tuple(chain.from_iterable(part))
        fetch(connection, _text(form, size), values)
        at += size
