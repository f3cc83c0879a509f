"""One connection to the server: made when it is needed, and made anew when it was lost."""

import asyncio

import asyncpg

from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.engines.postgresql.place import Place
from fluent_connect.queues.store import StoreError

UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What talking to a server that may be away raises."""
_CONNECT = 10.0
_COMMAND = 60.0
_AWAY = ("08", "53", "57", "58", "XX")
"""Classes of errors that are the server's own: away, out of room, shutting down, broken."""
_READ_ONLY = "25006"
_AGAIN = frozenset({"40001", "40P01"})
_SETTINGS = {
    "application_name": "fluent-connect",
    "jit": "off",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "10s",
}
"""A process that stands still in the middle of a transaction must not hold up the others."""
_BY_INDEX = {"enable_seqscan": "off"}
"""Each statement of a commit has its index; a plan made while tables were small must stay good."""


class Link:
    """A connection of one kind. `by_index`: for the statements of commits."""

    def __init__(self, place: Place, *, by_index: bool = False) -> None:
        self._place = place
        self._settings = _SETTINGS | (_BY_INDEX if by_index else {})
        if place.schema:
            self._settings = self._settings | {"search_path": place.schema}
        self._connection: asyncpg.Connection | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> asyncpg.Connection:
        """Return the connection. Raise StoreError while the server cannot be reached."""
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            return self._connection

    async def opened(self) -> asyncpg.Connection:
        """Return the first connection. Raise ConfigError, with what to do, if there can be none."""
        try:
            return await self.get()
        except StoreError as error:
            fix = "start the server, or correct `url`; see docs/how-to/run-on-postgresql.md"
            raise ConfigError(f"{self._place.shown}: {error}: {fix}") from error

    def drop(self) -> None:
        """Have nothing more to do with the connection there is."""
        if self._connection is not None and not self._connection.is_closed():
            self._connection.terminate()
        self._connection = None

    async def close(self) -> None:
        """Say good-bye to the server."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            try:
                await connection.close(timeout=2.0)
            except UNREACHABLE:
                connection.terminate()

    async def _connect(self) -> asyncpg.Connection:
        try:
            return await asyncpg.connect(
                self._place.dsn,
                timeout=_CONNECT,
                command_timeout=_COMMAND,
                statement_cache_size=1000,
                max_cached_statement_lifetime=0,
                server_settings=self._settings,
            )
        except UNREACHABLE as error:
            raise StoreError(f"the store cannot be reached: {told(error)}") from error


def told(error: BaseException) -> str:
    """Return what an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def is_away(error: BaseException, connection: asyncpg.Connection) -> bool:
    """Say whether the store, not what was asked of it, is to blame."""
    if connection.is_closed() or isinstance(error, OSError | TimeoutError):
        return True
    state = str(getattr(error, "sqlstate", None) or "")
    return state.startswith(_AWAY) or state == _READ_ONLY


def is_collision(error: BaseException) -> bool:
    """Say whether the same once more can succeed: two processes met at the same rows."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return error.constraint_name == "parcel_lane"
    return str(getattr(error, "sqlstate", None) or "") in _AGAIN
