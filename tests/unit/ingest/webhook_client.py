import asyncio
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, cast

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.webhook import PATH, Limits, Webhook
from fluent_connect.queues.store import Store, Verdict, Write

NOW = 1_614_265_330.0


class MemoryStore:
    """Keeps writes; may fail or hang as told."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.error: Exception | None = None
        self.verdict = Verdict.APPLIED
        self.hangs = False

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.error is not None:
            raise self.error
        self.writes += writes
        return [self.verdict for _ in writes]


class Answer:
    def __init__(self, messages: Sequence[MutableMapping[str, Any]]) -> None:
        self.status: int = messages[0]["status"] if messages else 0
        self.headers: dict[bytes, bytes] = dict(messages[0]["headers"]) if messages else {}
        self.body: bytes = messages[1]["body"] if messages else b""


class Client:
    """Calls the application as a server would; `chunks` None in a list: it never comes."""

    def __init__(
        self,
        *doors: Door,
        accepting: bool = True,
        limits: Limits | None = None,
        now: float = NOW,
    ) -> None:
        self.store = MemoryStore()
        self.seen: list[tuple[str, int]] = []
        self.confirmed: list[str] = []
        self.read = 0
        self.app = Webhook(
            cast("Store", self.store),
            {door.name: door for door in doors or (Door(name="default", schemes=[ApiKey(["k"])]),)},
            clock=lambda: now,
            accepting=lambda: accepting,
            on_request=lambda door, status, _: self.seen.append((door, status)),
            confirm=self.confirmed.append,
            limits=limits or Limits(body=0.02, store=0.02, sweep=0.01),
        )

    async def post(
        self,
        body: bytes | Sequence[bytes | None] = b"{}",
        headers: Mapping[str, str] = {},
        path: str = PATH,
        method: str = "POST",
        *,
        key: str = "k",
        query: str = "",
    ) -> Answer:
        chunks = [body] if isinstance(body, bytes) else list(body)
        sent: list[MutableMapping[str, Any]] = []
        given = {"content-type": "application/json", "x-api-key": key, **headers}

        async def receive() -> MutableMapping[str, Any]:
            self.read += 1
            chunk = chunks.pop(0) if chunks else b""
            if chunk is None:
                await asyncio.get_running_loop().create_future()
            if chunk == b"GONE":
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
        scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": raw}
        scope["query_string"] = query.encode()
        await self.app(scope, receive, send)
        return Answer(sent)
