"""Several processes behind one port: the parent holds the sockets, so that no restart refuses one.

SIGTERM or SIGINT ends all. SIGHUP starts each anew, one after the other: the next one serves before
the last one is told to end. A process that dies by itself is started again.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.app.config.result import Config
from fluent_connect.app.options import Options
from fluent_connect.app.server import bound
from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import engine

_SHARED = "postgresql"
_WEBHOOK = "FLUENT_CONNECT_WEBHOOK_FD"
_ADMIN = "FLUENT_CONNECT_ADMIN_FD"
_READY = "FLUENT_CONNECT_READY_FD"
_FIRST_REST, _LONGEST_REST = 1.0, 30.0
_READY_WITHIN = 120.0
_CALM = 60.0


class Inherited(msgspec.Struct, frozen=True):
    """What a parent has handed down: listening sockets, and where to say that one serves."""

    webhook: int | None = None
    admin: int | None = None
    ready: int | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Inherited":
        """Return what the environment says; nothing for a process without such a parent."""
        told = (environ.get(name) for name in (_WEBHOOK, _ADMIN, _READY))
        return cls(*(int(each) if each else None for each in told))

    def serving(self) -> bool:
        """Tell the parent that this process serves; say whether there is one."""
        if self.ready is None:
            return False
        os.write(self.ready, b"1")
        os.close(self.ready)
        return True


def refuse(config: Config, role: str, workers: int) -> None:
    """Raise ConfigError where only one process can have the store, and more are asked for."""
    if (role == "all" and workers == 1) or engine(config.store) == _SHARED:
        return
    asked = f"--workers {workers}" if workers > 1 else f"run {role}"
    message = (
        f"{asked} needs a store for many processes, and SQLite serves one: keep the journal in "
        "PostgreSQL (journal.url: postgresql://...), see docs/how-to/run-on-postgresql.md"
    )
    raise ConfigError(message)


def arguments(options: Options) -> list[str]:
    """Return the command line of one worker."""
    given = {
        "--config": options.config,
        "--data": options.data,
        "--host": options.host,
        "--port": options.port,
        "--log-level": options.log_level,
    }
    told = [(name, str(value)) for name, value in given.items() if value is not None]
    told += [("--profile", each) for each in options.profiles]
    return ["run", options.role, *(word for pair in told for word in pair)]


class _Slot:
    """One place among the workers: its socket for the admin port, and the process that has it."""

    def __init__(self, number: int, admin: socket.socket) -> None:
        self.number = number
        self.admin = admin
        self.process: asyncio.subprocess.Process | None = None
        self.rest = _FIRST_REST


class Workers:
    """The parent of `options.workers` processes."""

    def __init__(self, options: Options, config: Config, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._webhook = bound(config.host, config.port)
        ports = [config.admin.port + n if config.admin.port else 0 for n in range(options.workers)]
        self._slots = [_Slot(n, bound(config.admin.host, port)) for n, port in enumerate(ports)]
        self._where = f"http://{config.host}:{self._webhook.getsockname()[1]}"
        self._asked: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self._ending = False

    async def run(self) -> int:
        """Run until a signal; return the worst exit code of the last processes."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked.put_nowait, number)
        try:
            started = await asyncio.gather(*map(self._started, self._slots))
            for slot, process in zip(self._slots, started, strict=True):
                slot.process = process
            admin = ", ".join(str(each.admin.getsockname()[1]) for each in self._slots)
            _say(f"ready {self._where} workers {len(self._slots)} admin ports {admin}")
            keepers = [asyncio.create_task(self._keep(slot)) for slot in self._slots]
            while await self._asked.get() == signal.SIGHUP:
                await self._renew()
            self._ending = True
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
        finally:
            self._ending = True
            codes = await asyncio.gather(*(self._ended(slot.process) for slot in self._slots))
        return max(codes, key=abs)

    async def _renew(self) -> None:
        for slot in self._slots:
            old, slot.process = slot.process, await self._started(slot)
            await self._ended(old)
        _say(f"all {len(self._slots)} workers were started anew")

    async def _keep(self, slot: _Slot) -> None:
        """Start a process again that ended by itself."""
        while not self._ending:
            process, since = slot.process, time.monotonic()
            assert process is not None  # noqa: S101 - it was started before it is kept
            code = await process.wait()
            if slot.process is not process or self._ending:
                continue
            slot.rest = _FIRST_REST if time.monotonic() - since > _CALM else slot.rest * 2
            rest = min(slot.rest, _LONGEST_REST)
            _say(f"worker {slot.number} ended with {code}; another one starts in {rest:g} s")
            await asyncio.sleep(rest)
            try:
                slot.process = await self._started(slot)
            except ConfigError as error:
                _say(str(error))

    async def _started(self, slot: _Slot) -> asyncio.subprocess.Process:
        """Start a process and return it once it serves. Raise ConfigError if it does not."""
        hear, speak = os.pipe()
        sockets = (self._webhook.fileno(), slot.admin.fileno())
        handed = {_WEBHOOK: str(sockets[0]), _ADMIN: str(sockets[1]), _READY: str(speak)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fluent_connect", *self._arguments),
            env={**os.environ, **handed},
            pass_fds=(*sockets, speak),
        )
        os.close(speak)
        try:
            async with asyncio.timeout(_READY_WITHIN):
                told = await asyncio.to_thread(os.read, hear, 1)
        except TimeoutError:
            told = b""
        finally:
            os.close(hear)
        if not told:
            await self._ended(process)
            raise ConfigError(f"worker {slot.number} ended with {process.returncode} at its start")
        return process

    @staticmethod
    async def _ended(process: asyncio.subprocess.Process | None) -> int:
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        return await process.wait()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
