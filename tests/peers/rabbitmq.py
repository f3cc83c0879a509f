"""The RabbitMQ that tests use: the running one, with queues of their own names."""

import asyncio
import os
import signal
import socket
from contextlib import closing
from functools import cache
from pathlib import Path

import aio_pika
import aio_pika.exceptions

from ports import free_port

_HOST, _PORT = os.environ.get("FC_TEST_RABBITMQ", "127.0.0.1:5672").split(":")
_PROGRAMS = Path("/usr/lib/rabbitmq/bin")
SERVER = f"rabbitmq://guest:guest@{_HOST}:{_PORT}"


@cache
def why_not() -> str | None:
    """Return why there is no server to test with; in CI there has to be one."""
    if os.environ.get("CI"):
        return None
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((_HOST, int(_PORT))) == 0:
            return None
    return f"no RabbitMQ at {_HOST}:{_PORT} (FC_TEST_RABBITMQ)"


def urls(prefix: str, *queues: str, server: str = SERVER) -> dict[str, str]:
    """Return the URL of each queue, all with names of this test alone."""
    return {queue: f"{server}/{prefix}.{queue}" for queue in queues}


async def clear(places: dict[str, str]) -> None:
    """Delete the queues, and what took what they gave up."""
    connection = await aio_pika.connect(SERVER.replace("rabbitmq:", "amqp:"))
    async with connection:
        channel = await connection.channel()
        for url in places.values():
            name = url.rpartition("/")[2]
            await channel.queue_delete(name)
            await channel.queue_delete(f"{name}.dead")


class Private:
    """A server of our own, which may be ended, started again, and told that its memory is full."""

    def __init__(self, folder: Path) -> None:
        ports = [free_port() for _ in range(3)]
        self.url = f"rabbitmq://guest:guest@127.0.0.1:{ports[0]}"
        self._port = ports[0]
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{ports[0]}\nlog.console = false\n", "utf-8"
        )
        self._environ = {
            **os.environ,
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"fc{ports[0]}@localhost",
            "RABBITMQ_BASE": str(folder),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(ports[1]),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "ERL_EPMD_PORT": str(ports[2]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return once it takes connections."""
        self._process = await asyncio.create_subprocess_exec(
            f"{_PROGRAMS}/rabbitmq-server",
            env=self._environ,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        async with asyncio.timeout(60):
            while not await self._answers():
                assert self._process.returncode is None
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """End it without a word; what it wrote stays."""
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def shut_down(self) -> None:
        """End it as an operator does."""
        assert self._process is not None
        await self.ctl("stop")
        await self._process.wait()

    async def ctl(self, *words: str) -> None:
        """Tell it something, as an operator does."""
        process = await asyncio.create_subprocess_exec(
            f"{_PROGRAMS}/rabbitmqctl",
            *("--quiet", "-n", self._environ["RABBITMQ_NODENAME"], *words),
            env=self._environ,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == 0

    async def stop(self) -> None:
        """End it, and the daemon that it started."""
        await self.kill()
        process = await asyncio.create_subprocess_exec(
            *("epmd", "-port", self._environ["ERL_EPMD_PORT"], "-kill"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.wait()

    async def _answers(self) -> bool:
        try:
            connection = await aio_pika.connect(self.url.replace("rabbitmq:", "amqp:"), timeout=2)
        except (OSError, aio_pika.exceptions.AMQPError):
            return False
        await connection.close()
        return True
