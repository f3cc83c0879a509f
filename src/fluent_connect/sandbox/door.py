"""The HTTP door of both servers: reads a request, lets faults strike, answers."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fluent_connect.sandbox.faults import TERMINAL, Fault, Faults

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
PAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


class Call(msgspec.Struct, kw_only=True):
    """One request."""

    method: str
    segments: Sequence[str]
    """The path, cut at its slashes before it is decoded."""
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    client: str
    faults: Sequence[Fault] = ()

    def parameters(self, name: str) -> list[str]:
        """Return all values of a query parameter."""
        return [value for key, value in self.query if key == name]

    def parameter(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def suffers(self, kind: str) -> bool:
        """Say whether a fault of this kind strikes."""
        return any(fault.kind == kind for fault in self.faults)


class Answer(msgspec.Struct, kw_only=True):
    """What is answered."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = {}


def reply(value: object, status: int = 200) -> Answer:
    """Answer a JSON value."""
    return Answer(status=status, body=encode(value))


class System(Protocol):
    """A platform behind the door."""

    faults: Faults

    def labels(self, call: Call) -> Sequence[str]:
        """Return what rules of faults may call this request by."""
        ...

    async def answer(self, call: Call) -> Answer:
        """Do the work."""
        ...

    def refusal(self, fault: Fault, call: Call) -> Answer:
        """Answer the failure in the platform's own words."""
        ...


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, which lets the door break the connection."""

    def on_message_begin(self) -> None:
        """Hand the transport on with the request."""
        super().on_message_begin()
        scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]
        scope["break"] = self._break

    def _break(self) -> None:
        transport: Any = self.transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class Door:
    """The ASGI application of one server."""

    def __init__(self, system: System, control: Callable[[Call], Answer]) -> None:
        self._system = system
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail it as the faults say."""
        call = await _read(scope, receive)
        system = self._system
        answer = None
        if not call.segments or call.segments[0] == "__sandbox":
            answer = _controlled(self._control, call)
        else:
            call.faults = system.faults.pick(system.labels(call))
            if call.faults:
                answer = await self._suffer(call, scope.get("break", _nothing))
                if answer is None:
                    return
            else:
                answer = await system.answer(call)
        await _write(answer, scope, receive, send)

    async def _suffer(self, call: Call, breaks: Callable[[], None]) -> Answer | None:
        """Return what is answered under faults; None: the connection is broken."""
        for one in call.faults:
            if one.kind == "latency":
                await asyncio.sleep(one.seconds)
        fault = next((one for one in call.faults if one.kind in TERMINAL), None)
        if fault is None:
            return await self._system.answer(call)
        answer = None
        if fault.processed or fault.kind == "truncated":
            answer = await self._system.answer(call)
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if fault.kind in {"hang", "reset"}:
            breaks()
            await asyncio.sleep(0.001)
            return None
        return self._instead(fault, call, answer)

    def _instead(self, fault: Fault, call: Call, answer: Answer | None) -> Answer:
        if fault.kind == "html":
            return Answer(status=fault.status or 200, body=PAGE, kind="text/html")
        if fault.kind == "truncated" and answer is not None:
            return msgspec.structs.replace(answer, body=answer.body[: len(answer.body) // 2])
        refusal = self._system.refusal(fault, call)
        if fault.retry_after is not None:
            refusal.headers = {**refusal.headers, "Retry-After": fault.retry_after}
        return refusal


def _controlled(control: Callable[[Call], Answer], call: Call) -> Answer:
    try:
        return control(call)
    except (LookupError, TypeError, ValueError, msgspec.DecodeError) as mistake:
        return reply({"error": str(mistake)}, 400)


def _nothing() -> None:
    """Stand in where the server gives no transport."""


async def _read(scope: Scope, receive: Receive) -> Call:
    request = Request(scope, receive)
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return Call(
        method=scope["method"],
        segments=[unquote(part) for part in raw.decode().split("?")[0].split("/") if part],
        query=parse_qsl(scope["query_string"].decode(), keep_blank_values=True),
        headers=request.headers,
        body=await request.body(),
        client=":".join(map(str, scope["client"] or ("", 0))),
    )


async def _write(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    response = Response(
        answer.body, answer.status, media_type=answer.kind, headers=dict(answer.headers)
    )
    await response(scope, receive, send)
