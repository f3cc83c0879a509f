"""Searches, over connections that cannot write, so that they never hold up a commit."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import apsw

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.sqlite.schema import connect_read_only


class Reader:
    """Runs searches on whatever thread asks, each over a connection of its own.

    The ledger of a million notifications takes seconds: nobody else waits for it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[apsw.Connection] = []
        self._closed = False

    def rows(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows as mappings from column to value."""
        connection = self._spare() or connect_read_only(self._path)
        try:
            return _rows(connection, statement)
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()

    def copy(self, target: Path) -> None:
        """Write the file as it stands now to `target`. Raise ConfigError if that exists."""
        if target.exists():
            raise ConfigError(f"{target} exists: a backup does not overwrite")
        connection = connect_read_only(self._path)
        try:
            connection.execute("VACUUM INTO ?", (str(target),)).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of the file, at the latest when the searches that run have ended."""
        self._closed = True
        while (connection := self._spare()) is not None:
            connection.close()

    def _spare(self) -> apsw.Connection | None:
        """Return a connection that nobody uses; two threads never get the same one."""
        try:
            return self._idle.pop()
        except IndexError:
            return None


def _rows(connection: apsw.Connection, statement: Statement) -> Sequence[Mapping[str, object]]:
    cursor = connection.execute(statement.text, statement.values)
    names: list[str] = []
    found = []
    for row in cursor:
        names = names or [column[0] for column in cursor.get_description()]
        found.append(dict(zip(names, row, strict=True)))
    return found
