"""Serves an ASGI application on a port, without touching the process's signals."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fluent_connect.ingest.reception import Reception, Successor
from fluent_connect.ingest.webhook import Webhook
from fluent_connect.model.errors import ConfigError

_HEADERS_WITHIN = 10.0
_IDLE = 75
"""Seconds for which a connection is kept for the next request."""


class _Deadlined(HttpToolsProtocol):
    """Knows since when it waits for the rest of a request's headers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting_since: float | None = None

    def connection_made(self, transport: Any) -> None:
        self.waiting_since = time.monotonic()
        super().connection_made(transport)

    def overdue(self, now: float, *, head: float, idle: float) -> None:  # noqa: ARG002 - uvicorn's
        """End the connection if the headers of its request take too long."""
        if self.waiting_since is not None and now - self.waiting_since > head:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.waiting_since = time.monotonic()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.waiting_since = None
        super().on_headers_complete()


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that has the port. Raise ConfigError if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        message = f"port {port} on {host} cannot be had: {error.strerror}"
        raise ConfigError(message) from error
    return made


class _Overdue(Protocol):
    """A connection that ends by itself once it takes too long."""

    def overdue(self, now: float, *, head: float, idle: float) -> None: ...


class Server:
    """One port: bound at `start`, drained at `stop`.

    webhook: whose usual requests need not go through `app`, which takes all others. inherited: a
    socket that a parent has bound already.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        webhook: Webhook | None = None,
        inherited: int | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._inherited = inherited
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._webhook = webhook
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http=self._protocol,  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                backlog=2048,
                timeout_keep_alive=_IDLE,
                timeout_graceful_shutdown=10,
            )
        )

    @property
    def port(self) -> int:
        """Return the port that is bound, also where 0 was asked for."""
        return self._socket.getsockname()[1] if self._socket is not None else self._port

    async def start(self) -> None:
        """Bind and listen. Raise ConfigError if the port cannot be had."""
        if self._inherited is not None:
            self._socket = socket.socket(fileno=self._inherited)
        else:
            self._socket = bound(self._host, self._port)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        self._sweeper = asyncio.create_task(self._sweep())
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Accept no more, and let what runs come to its end."""
        self._server.should_exit = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._task is not None:
            await self._task

    def _protocol(self, **given: Any) -> asyncio.Protocol:
        """Return what serves one connection."""
        usual = partial(_Deadlined, **given)
        if self._webhook is None:
            return usual()
        connections = given["server_state"].connections
        return Reception(self._webhook, connections, cast("Callable[[], Successor]", usual))

    async def _sweep(self) -> None:
        """Close connections that take too long: one timer for all."""
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for protocol in list(self._server.server_state.connections):
                cast("_Overdue", protocol).overdue(now, head=_HEADERS_WITHIN, idle=_IDLE)


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the service."""
        yield
