"""The connector as a process of its own, and what its store says became of everything."""

import asyncio
import contextlib
import inspect
import os
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
import apsw
import msgspec

from fluent_connect.app.discovery import discover
from fluent_connect.app.options import Options
from fluent_connect.app.playground import SECRET, configured
from fluent_connect.app.service import Service
from fluent_connect.ingest.webhook import PATH
from fluent_connect.journal.dead import DeadFilter, DeadRow, dead_from_rows, dead_statement
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.search import (
    EventFilter,
    EventRow,
    events_from_rows,
    events_statement,
)
from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.sqlite.reader import Reader
from fluent_connect.sandbox.servers import Sandbox

SERVE = Path(__file__).with_name("serve.py")
_READY = re.compile(r"ready (http://\S+) admin (http://\S+)")
_PATIENCE = 60.0


async def until(
    condition: Callable[[], object | Awaitable[object]], what: str = "", within: float = _PATIENCE
) -> Any:
    """Return what the condition comes to, as soon as that is true."""
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, what or inspect.getsource(condition)
        await asyncio.sleep(0.05)


class Client:
    """Knocks at the doors of a connector, and asks its admin port."""

    def __init__(self) -> None:
        self.url = self.admin = ""
        self.session = aiohttp.ClientSession()

    async def post(self, body: object, *, door: str = "", key: str = SECRET, **headers: str) -> int:
        """Knock; return the status, 0 if there was no answer."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        url = f"{self.url}{PATH}" + (f"/{door}" if door else "")
        sent = {"x-api-key": key, "content-type": "application/json", **_dashed(headers)}
        try:
            async with self.session.post(url, data=raw, headers=sent) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, ConnectionError):
            return 0

    async def get(self, path: str) -> tuple[int, Any]:
        """Ask the admin port; JSON is decoded, status 0 means no answer."""
        try:
            async with self.session.get(self.admin + path) as answer:
                raw = await answer.read()
                kind = answer.headers.get("content-type", "")
                found = msgspec.json.decode(raw) if "json" in kind else raw.decode()
                return answer.status, found
        except (aiohttp.ClientError, ConnectionError):
            return 0, None


class Connector(Client):
    """A process that runs the real service; `async with` ends it, whatever happened."""

    def __init__(
        self,
        data: Path,
        environ: Mapping[str, str],
        *,
        config: Path | None = None,
        path: Sequence[Path] = (),
        command: Sequence[str] = (),
        drain: float = 0.2,
    ) -> None:
        options = {"data": str(data), "port": 0, "admin_port": 0, "drain": drain}
        if config is not None:
            options["config"] = str(config)
        given = [sys.executable, str(SERVE), msgspec.json.encode(options).decode()]
        self.data = data
        self._command = command or given
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        on_path = os.pathsep.join(str(each) for each in path)
        self._environ = {**inherited, **({"PYTHONPATH": on_path} if path else {}), **environ}
        self.lines: list[str] = []
        super().__init__()

    async def __aenter__(self) -> Self:
        await self.start()
        await until(lambda: self.url or self._process.returncode is not None)
        if not self.url:
            await self.end()
            raise AssertionError(self.text)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def start(self) -> None:
        """Start the process; it may not be ready yet."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environ,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(line.decode().rstrip("\n"))
            if found := _READY.match(self.lines[-1]):
                self.url, self.admin = found.groups()

    @property
    def text(self) -> str:
        """All that the process has written."""
        return "\n".join(self.lines)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def ended(self, within: float = _PATIENCE) -> int:
        """Wait for the process to end by itself; return its exit code."""
        try:
            code = await asyncio.wait_for(self._process.wait(), within)
        except TimeoutError:
            raise AssertionError(f"it runs after {within:g} s:\n{self.text[-3000:]}") from None
        await self._reading
        return code

    async def fails(self, within: float = _PATIENCE) -> int:
        """Start a process that ends by itself; return its exit code."""
        await self.start()
        try:
            return await self.ended(within)
        finally:
            await self.end()

    async def end(self) -> None:
        """Kill the process if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading
        await self.session.close()

    async def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def settled(self, accepted: int = 1, within: float = _PATIENCE) -> Ledger:
        """Wait until so many were accepted and none of them waits."""
        try:
            return await settled(self.data, accepted, within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text[-3000:]}") from error


async def settled(data: Path, accepted: int = 1, within: float = _PATIENCE) -> Ledger:
    """Wait until so many notifications (repeats included) were accepted and none waits."""
    books = Books(data)

    def is_over() -> bool:
        ledger = books.ledger()
        return ledger.accepted + ledger.repeats >= accepted and not ledger.waiting

    try:
        await until(is_over, within=within)
    except AssertionError as error:
        raise AssertionError(f"{books.ledger()}\n{books.told()}") from error
    return books.ledger()


class Inside(Client):
    """The service in the test's own process, between the two sandboxes."""

    def __init__(
        self,
        sandbox: Sandbox,
        data: Path,
        more: Mapping[str, object] | None = None,
        *,
        folder: Path | None = None,
        patience: float = 30.0,
    ) -> None:
        super().__init__()
        options = Options(data=data, port=0, admin_port=0, host="127.0.0.1", config=folder)
        config = configured(sandbox, options, {}, more)
        self.data = data
        self.service = Service(config, discover(config.packages, config.paths), patience=patience)

    async def __aenter__(self) -> Self:
        await self.service.start()
        self.url = f"http://127.0.0.1:{self.service.server.port}"
        self.admin = f"http://127.0.0.1:{self.service.admin_server.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.service.stop(0.0)


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Books:
    """What the store of a data folder says, read as it stands now."""

    def __init__(self, data: Path) -> None:
        self.file = data / "connect.db"

    def rows(self, statement: Statement) -> Sequence[Mapping[str, Any]]:
        reader = Reader(str(self.file))
        try:
            return reader.rows(statement)
        except (apsw.SQLError, apsw.CantOpenError):
            return []
        finally:
            reader.close()

    def ledger(self) -> Ledger:
        return Ledger.from_rows(self.rows(ledger_statement(time.time())))

    def events(self, **which: Any) -> Sequence[EventRow]:
        wanted = EventFilter(**{"limit": 10_000, **which})
        return events_from_rows(self.rows(events_statement(wanted, time.time())))

    def dead(self) -> Sequence[DeadRow]:
        return dead_from_rows(self.rows(dead_statement(DeadFilter(limit=10_000))))

    def attempts(self) -> Sequence[Mapping[str, Any]]:
        return self.rows(Statement("SELECT * FROM attempt"))

    def parcels(self) -> Sequence[Mapping[str, Any]]:
        """Return what stands on the Event Queue."""
        return self.rows(Statement("SELECT * FROM parcel WHERE queue = 'event-queue'"))

    def told(self) -> str:
        """Say what is not done, for a failing test's sake."""
        rest = [each for each in self.events() if each.state != "done"]
        return "\n".join(f"{e.state} {e.kind} {e.resource} {e.route}: {e.reason}" for e in rest)


def change(
    type_id: str, id: str, version: int = 1, kind: str = "ResourceCreated", **more: object
) -> dict[str, object]:
    """Return a change notification of the sandbox's project."""
    return {
        "notificationType": kind,
        "projectKey": "sandbox",
        "resource": {"typeId": type_id, "id": id},
        "version": version,
        "modifiedAt": "2026-01-01T00:00:00.000Z",
        **more,
    }


def told(
    type_: str, type_id: str, id: str, *, number: str = "", sequence: int = 1, version: int = 1
) -> dict[str, object]:
    """Return a Message of the sandbox's project."""
    return {
        "notificationType": "Message",
        "projectKey": "sandbox",
        "id": number or f"{type_}-{id}-{sequence}",
        "version": 1,
        "type": type_,
        "sequenceNumber": sequence,
        "resource": {"typeId": type_id, "id": id},
        "resourceVersion": version,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "lastModifiedAt": "2026-01-01T00:00:00.000Z",
    }


def configure(folder: Path, **sections: object) -> Path:
    """Write application-connector.yml (JSON is YAML) into a folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {name.replace("_", "-"): section for name, section in sections.items()}
    body = msgspec.json.encode({"fluent-connect": named})
    (folder / "application-connector.yml").write_bytes(body)
    return folder


def refs(entities: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(each["ref"]) for each in entities}
