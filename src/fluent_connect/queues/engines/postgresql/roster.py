"""Which processes serve the database: each says every few seconds that it lives."""

import os
import socket
from collections.abc import Callable

import asyncpg

_EVERY = 5.0
_SURE = 10.0
"""Seconds after its last word for which a process relies on its leases: the others wait longer."""
_TAKEN_FOR_DEAD = 15.0
_WORKING = ("all", "work")


class Roster:
    """Keeps one process's line, by the server's clock, within transactions of its caller.

    role: what the process does; None: it only looks in, as commands do. wall: this process's clock.
    `alone`: no other process serves, as far as is known.
    """

    def __init__(self, worker: str, role: str | None, wall: Callable[[], float]) -> None:
        self._worker = worker
        self._role = role
        self._wall = wall
        self._saying = self._said = float("-inf")
        self.working = 1
        self.alone = False

    async def beat(self, connection: asyncpg.Connection, now: float) -> None:
        """Say that this process lives, and count those that work, if it is time to."""
        wall = self._wall()
        if self._role is None or abs(wall - self._saying) < _EVERY:
            return
        self._saying = wall
        values = (self._worker, self._role, socket.gethostname(), os.getpid(), now)
        await connection.execute(_BEAT, *values, now + _TAKEN_FOR_DEAD)
        await connection.execute("DELETE FROM worker WHERE until < $1", now - 3600.0)
        count = (await connection.fetch(_COUNT, now, list(_WORKING)))[0]
        self.working = max(1, count["working"])
        self.alone = count["serving"] <= 1

    def committed(self) -> None:
        """Take note that what was said is known."""
        self._said = self._saying

    def undone(self) -> None:
        """Say it again: the transaction came to nothing."""
        self._saying = self._said

    def sure(self) -> bool:
        """Say whether the others surely take this process for alive: what it holds is its own."""
        return self._role is None or abs(self._wall() - self._said) <= _SURE

    async def leave(self, connection: asyncpg.Connection) -> None:
        """Take this process off the list."""
        if self._role is not None:
            await connection.execute("DELETE FROM worker WHERE id = $1", self._worker)


_BEAT = """INSERT INTO worker (id, role, host, pid, started, beat, until, backend)
    VALUES ($1, $2, $3, $4, $5, $5, $6, pg_backend_pid())
    ON CONFLICT (id) DO UPDATE
    SET beat = excluded.beat, until = excluded.until, backend = excluded.backend"""
_COUNT = """SELECT count(*) AS serving, count(*) FILTER (WHERE role = ANY($2::text[])) AS working
    FROM worker WHERE until > $1"""
