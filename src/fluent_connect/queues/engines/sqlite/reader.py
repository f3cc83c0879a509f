"""Searches, over a connection that cannot write, so that they never hold up a commit."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import apsw

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.sqlite.schema import connect_read_only


class Reader:
    """Runs one search at a time, on whatever thread asks."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None

    def rows(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows as mappings from column to value."""
        with self._lock:
            cursor = self._open().execute(statement.text, statement.values)
            names: list[str] = []
            found = []
            for row in cursor:
                names = names or [column[0] for column in cursor.get_description()]
                found.append(dict(zip(names, row, strict=True)))
            return found

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
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = connect_read_only(self._path)
        return self._connection
