"""Which processes serve the database: each says every few seconds that it lives."""

import os
import socket

import asyncpg

_EVERY = 5.0
_TAKEN_FOR_DEAD = 15.0
_WORKING = ("all", "work")


class Roster:
    """Keeps one process's line, by the server's clock, within transactions of its caller.

    role: what the process does; None: it only looks in, as commands do. `alone`: no other process
    serves, as far as is known.
    """

    def __init__(self, worker: str, role: str | None) -> None:
        self._worker = worker
        self._role = role
        self._beat = float("-inf")
        self.working = 1
        self.alone = False

    async def beat(self, connection: asyncpg.Connection, now: float) -> None:
        """Say that this process lives, and count those that work, if it is time to."""
        if self._role is None or abs(now - self._beat) < _EVERY:
            return
        self._beat = now
        values = (self._worker, self._role, socket.gethostname(), os.getpid(), now)
        await connection.execute(_BEAT, *values, now + _TAKEN_FOR_DEAD)
        await connection.execute("DELETE FROM worker WHERE until < $1", now - 3600.0)
        count = (await connection.fetch(_COUNT, now, list(_WORKING)))[0]
        self.working = max(1, count["working"])
        self.alone = count["serving"] <= 1

    async def leave(self, connection: asyncpg.Connection) -> None:
        """Take this process off the list."""
        if self._role is not None:
            await connection.execute("DELETE FROM worker WHERE id = $1", self._worker)


_BEAT = """INSERT INTO worker (id, role, host, pid, started, beat, until)
    VALUES ($1, $2, $3, $4, $5, $5, $6)
    ON CONFLICT (id) DO UPDATE SET beat = excluded.beat, until = excluded.until"""
_COUNT = """SELECT count(*) AS serving, count(*) FILTER (WHERE role = ANY($2::text[])) AS working
    FROM worker WHERE until > $1"""
