"""Sends notifications: at least once, again and again until the endpoint answers 2xx."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import apsw

from fluent_connect.sandbox.commercetools.envelopes import Target, prove, wrap
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.project import Project, Told, now
from fluent_connect.sandbox.commercetools.telling import Notice, notices, test_notice
from fluent_connect.sandbox.door import decode, encode
from fluent_connect.sandbox.faults import Faults

_DDL = """
CREATE TABLE IF NOT EXISTS notice(
  seq INTEGER PRIMARY KEY, target TEXT, id TEXT, type TEXT, resource TEXT, kind TEXT,
  version INTEGER, payload BLOB, due REAL, tries INTEGER DEFAULT 0, state INTEGER DEFAULT 0,
  accepted INTEGER DEFAULT 0, answer TEXT);
CREATE INDEX IF NOT EXISTS notice_due ON notice(state, due);
"""
_WAITING, _SENDING, _ACCEPTED = 0, 1, 2
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0


class Notifier:
    """The outbox of a project's subscriptions, and the task that empties it."""

    def __init__(self, project: Project, database: apsw.Connection, faults: Faults) -> None:
        self.paused = False
        self.targets: dict[str, Target] = {}
        self.failures = 0
        self._project = project
        self._database = database
        self._faults = faults
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._concurrency = 8
        database.execute(_DDL)
        database.execute("UPDATE notice SET state = 0 WHERE state = 1")
        project.listener = self.tell

    def aim(self, target: Target) -> None:
        """Send to this target what it wants from now on, a test notification first."""
        self.targets[target.name] = target
        if target.test:
            subscription = {"id": f"subscription-{target.name}", "createdAt": now()}
            self._put(target, test_notice(self._project, subscription))

    def tell(self, told: Told) -> None:
        """Queue what a change makes each target hear."""
        if not self.targets:
            return
        for notice in notices(self._project, told):
            if notice.number:
                self._project.keep_message(notice.payload)
            for target in self.targets.values():
                if target.wants(notice):
                    self._put(target, notice)

    def start(self, concurrency: int = 8) -> None:
        """Begin to send, so many at a time."""
        self._concurrency = concurrency
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Send no more; what was not accepted stays in the outbox."""
        tasks = [task for task in (self._task, *self._sending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def drained(self, within: float = 30.0) -> bool:
        """Wait until all is accepted; False if that took longer than `within` seconds."""
        limit = time.monotonic() + within
        while self.counts()["waiting"]:
            if time.monotonic() > limit:
                return False
            await asyncio.sleep(0.01)
        return True

    def resume(self, *, paused: bool) -> None:
        """Hold what is to be sent, or go on."""
        self.paused = paused
        self._wake.set()

    def counts(self) -> dict[str, int]:
        """Return how many notifications were accepted, and how many wait."""
        rows = dict(self._database.execute("SELECT state, count(*) FROM notice GROUP BY state"))
        waiting = int(rows.get(_WAITING, 0)) + int(rows.get(_SENDING, 0))
        return {"accepted": int(rows.get(_ACCEPTED, 0)), "waiting": waiting}

    def listing(self, after: int = 0, limit: int = 1000) -> Sequence[Json]:
        """Return notifications by rising number: what they were about and how often accepted."""
        names = "seq, target, id, type, resource, kind, version, tries, accepted, answer"
        rows = self._database.execute(
            f"SELECT {names} FROM notice WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
            (after, limit),
        )
        return [dict(zip(names.split(", "), row, strict=True)) for row in rows]

    def _put(self, target: Target, notice: Notice) -> None:
        labels = ("notification", notice.kind, notice.type_id)
        faults = self._faults.pick(labels)
        if any(fault.kind == "lose" for fault in faults):
            return
        copies = 1 + sum(fault.kind == "duplicate" for fault in faults)
        for _ in range(copies):
            late = sum(f.seconds * self._faults.fraction() for f in faults if f.kind == "delay")
            self._database.execute(
                "INSERT INTO notice(target, id, type, resource, kind, version, payload, due)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    target.name,
                    notice.id,
                    notice.type_id,
                    notice.resource,
                    notice.kind,
                    notice.version,
                    encode(notice.payload),
                    time.time() + late,
                ),
            )
        self._wake.set()

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                self._wake.clear()
                for row in self._due():
                    task = asyncio.get_running_loop().create_task(self._send(session, row))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._pause())

    def _due(self) -> Iterator[tuple[Any, ...]]:
        free = self._concurrency - len(self._sending)
        if self.paused or free <= 0:
            return
        rows = self._database.execute(
            "SELECT seq, target, id, payload, tries FROM notice WHERE state = 0 AND due <= ?"
            " ORDER BY due, seq LIMIT ?",
            (time.time(), free),
        ).fetchall()
        for row in rows:
            self._database.execute("UPDATE notice SET state = 1 WHERE seq = ?", (row[0],))
            yield row

    def _pause(self) -> float:
        row = self._database.execute("SELECT min(due) FROM notice WHERE state = 0").fetchone()
        if self.paused or row is None or row[0] is None or len(self._sending) >= self._concurrency:
            return 1.0
        return max(0.005, min(1.0, float(row[0]) - time.time()))

    async def _send(self, session: aiohttp.ClientSession, row: tuple[Any, ...]) -> None:
        seq, name, id_, raw, tries = row
        target = self.targets.get(name)
        state, answer = _WAITING, "no such target"
        try:
            if target is not None:
                body, content_type = wrap(target.envelope, decode(raw), seq, now())
                headers = prove(target, id_, int(time.time()), body)
                headers["content-type"] = content_type
                async with session.post(target.url, data=body, headers=headers) as response:
                    answer = str(response.status)
                    state = _ACCEPTED if response.ok else _WAITING
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer = type(error).__name__
        self._settle(seq, state, answer, tries)

    def _settle(self, seq: int, state: int, answer: str, tries: int) -> None:
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 10))
        self.failures = 0 if state == _ACCEPTED else self.failures + 1
        self._database.execute(
            "UPDATE notice SET state = ?, answer = ?, tries = tries + 1, accepted = ?, due = ?"
            " WHERE seq = ?",
            (state, answer, int(state == _ACCEPTED), time.time() + wait, seq),
        )
        self._wake.set()
