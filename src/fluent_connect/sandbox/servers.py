"""The sandbox as a whole: both servers, in this process or as a process of their own."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Self

import msgspec
import uvicorn

from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.commercetools.service import Client, Commercetools
from fluent_connect.sandbox.control import (
    announce_all,
    build_traffic,
    commercetools_control,
    fluent_control,
    seed,
)
from fluent_connect.sandbox.door import BreakableProtocol, Door
from fluent_connect.sandbox.fluent.knobs import Access
from fluent_connect.sandbox.fluent.service import Fluent
from fluent_connect.sandbox.shop import LOCATIONS, Shop
from fluent_connect.sandbox.tables import connect


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a sandbox is set up.

    ports:    of commercetools and Fluent; 0 = any free one. data: a file, or ":memory:".
    seed:     of the shop; None = nothing is sold. customers, orders: how many it begins with.
    announce: send the notifications of what the shop begins with.
    notify:   where notifications go.
    """

    ports: tuple[int, int] = (0, 0)
    host: str = "127.0.0.1"
    data: str = ":memory:"
    seed: int | None = 1
    customers: int = 8
    orders: int = 12
    announce: bool = False
    notify: Sequence[Target] = ()
    client: Client = Client()
    access: Access = Access()


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take no signal."""
        yield


class Sandbox:
    """A commercetools project and a Fluent account on loopback.

    `async with Sandbox(Options(...)) as sandbox:` starts both servers and stops them.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self._database = connect(self.options.data)
        self.shop = Shop(self.options.seed or 1)
        self.commercetools = Commercetools(self.options.client, self._database)
        self.fluent = Fluent(self.options.access, self._database, locations=LOCATIONS)
        self._servers: list[tuple[_Server, asyncio.Task[None], str]] = []

    @classmethod
    async def start(cls, options: Options | None = None) -> Self:
        """Return a sandbox that answers."""
        sandbox = cls(options)
        await sandbox.__aenter__()
        return sandbox

    async def __aenter__(self) -> Self:
        """Fill the shop and serve."""
        options = self.options
        if options.seed is not None and not options.announce:
            seed(self.commercetools, self.shop, customers=options.customers, orders=options.orders)
        control = commercetools_control(self.commercetools, self.shop)
        await self._serve(Door(self.commercetools, control), options.ports[0])
        await self._serve(Door(self.fluent, fluent_control(self.fluent)), options.ports[1])
        for target in options.notify:
            self.commercetools.notifier.aim(target)
        if options.seed is not None and options.announce:
            seed(self.commercetools, self.shop, customers=options.customers, orders=options.orders)
        self.commercetools.notifier.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    async def stop(self) -> None:
        """Stop both servers and the notifier; what a file holds stays."""
        await self.commercetools.notifier.stop()
        for server, _, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*(task for _, task, _ in self._servers))
        self._servers.clear()
        self._database.close()

    @property
    def commercetools_url(self) -> str:
        """Return the root of the commercetools API, and of its token endpoint."""
        return self._servers[0][2]

    @property
    def fluent_url(self) -> str:
        """Return the root of the Fluent API."""
        return self._servers[1][2]

    def build(self, kind: str, numbers: range) -> list[str]:
        """Make resources of the shop (order, customer, product, category); return their ids."""
        return build_traffic(self.commercetools, self.shop, kind, numbers)

    def announce(self, types: list[str] | None = None) -> int:
        """Send the notifications of a creation for what is there already."""
        return announce_all(self.commercetools, types)

    async def _serve(self, door: Door, port: int) -> None:
        listening = _listen(self.options.host, port)
        config = uvicorn.Config(
            door,
            http=BreakableProtocol,
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,
        )
        server = _Server(config)
        task = asyncio.get_running_loop().create_task(server.serve([listening]))
        url = f"http://{self.options.host}:{listening.getsockname()[1]}"
        self._servers.append((server, task, url))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.001)


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; named as TCP, so that the loop turns Nagle's delay off."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(2048)
    return listening


def ready(sandbox: Sandbox) -> dict[str, object]:
    """Return what the `ready` line says: where both are, and how to sign in."""
    client, access = sandbox.options.client, sandbox.options.access
    return {
        "ready": True,
        "commercetools_url": sandbox.commercetools_url,
        "fluent_url": sandbox.fluent_url,
        "project_key": client.project_key,
        "commercetools": msgspec.to_builtins(client),
        "fluent": msgspec.to_builtins(access),
    }


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; print one `ready` line of JSON on standard output."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Sandbox(options) as sandbox:
        sys.stdout.write(msgspec.json.encode(ready(sandbox)).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()
