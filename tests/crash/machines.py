"""The two processes of a crash run: the sandbox, which lives, and the service, which does not."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from ports import free_port

SECRET = "crash"
CHILD = Path(__file__).with_name("child.py")
_TRIES = 400
"""More than there are kills: each costs what is in hand a try."""
CONFIGURATION = f"""\
fluent-connect:
  retry:
    waits: 0.1s, 0.2s, 0.3s, 0.5s{", 1s" * _TRIES}
    bug-waits: 0.1s, 0.2s
    stale-waits: 0.1s, 0.2s, 0.5s
    park-waits: 0.3s, 1s
    outage-wait: 0.5s
  http:
    timeouts:
      total: 5s
    breaker:
      open-for: 0.5s
  log:
    level: error
    format: text
"""
FAULTS: Mapping[str, list[dict[str, object]]] = {
    "commercetools": [
        {"kind": "status", "status": 500, "probability": 0.03},
        {"kind": "status", "status": 429, "retry_after": "0", "probability": 0.02},
        {"kind": "reset", "probability": 0.02},
        {"kind": "stale", "probability": 0.05},
    ],
    "fluent": [
        {"kind": "status", "status": 500, "probability": 0.02},
        {"kind": "status", "status": 429, "retry_after": "0", "probability": 0.02},
        {"kind": "reset", "probability": 0.02},
        {"kind": "reset", "operation": "createOrder", "processed": True, "every": 7},
    ],
}


class SandboxProcess:
    """commercetools and Fluent, with their state in a file."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.file = folder / "sandbox.db"
        self._folder = folder
        self._seed = seed
        self._process: asyncio.subprocess.Process | None = None
        self.urls: dict[str, str] = {}

    async def start(self, notify: str) -> None:
        """Start; send notifications to `notify`; begin to misbehave."""
        target = {"url": notify, "test": False, "name": "relay"}
        options = {"data": str(self.file), "seed": 1, "announce": True, "notify": [target]}
        errors = (self._folder / "sandbox.err").open("wb")
        with errors:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "fluent_connect.sandbox"),
                msgspec.json.encode(options).decode(),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        assert self._process.stdout is not None
        ready: dict[str, Any] = msgspec.json.decode(await self._process.stdout.readline())
        self.urls = {name: ready[f"{name}_url"] for name in ("commercetools", "fluent")}

    async def misbehave(self, session: aiohttp.ClientSession) -> None:
        """Put the faults in force."""
        for name, faults in FAULTS.items():
            order = {"faults": faults, "seed": self._seed}
            async with session.post(f"{self.urls[name]}/__sandbox/faults", json=order) as answer:
                answer.raise_for_status()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def stop(self) -> None:
        """End it; its file tells what it holds."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def variables(self) -> dict[str, str]:
        """Return the environment of a connector between the two."""
        commercetools, fluent = self.urls["commercetools"], self.urls["fluent"]
        return {
            "FC_PROJECT_KEY": "sandbox",
            "FC_CT_API_URL": commercetools,
            "FC_CT_AUTH_URL": commercetools,
            "FC_CT_CLIENT_ID": "sandbox",
            "FC_CT_CLIENT_SECRET": "sandbox",
            "FC_FLUENT_URL": fluent,
            "FC_FLUENT_ACCOUNT": "SANDBOX",
            "FC_FLUENT_RETAILER": "1",
            "FC_FLUENT_USERNAME": "sandbox",
            "FC_FLUENT_PASSWORD": "sandbox",
            "FC_FLUENT_CLIENT_ID": "SANDBOX",
            "FC_FLUENT_CLIENT_SECRET": "sandbox",
            "FC_FLUENT_CATALOGUE": "DEFAULT:1",
            "FC_DOOR_SECRET": SECRET,
        }


class Service:
    """The connector: started again and again on the same port and data."""

    def __init__(
        self, folder: Path, variables: Mapping[str, str], mutation: str = "", queues: str = ""
    ) -> None:
        self.data = folder / "data"
        self.errors = folder / "service.err"
        self._config = folder / "config"
        self._config.mkdir()
        (self._config / "application-connector.yml").write_text(CONFIGURATION + queues, "utf-8")
        self._environment = {**os.environ, **variables, "FC_CRASH_MUTATION": mutation}
        self._ports = free_port(), free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}/api/v1/fluent-connect/external-system/webhook"

    async def start(self, kill_at: str = "") -> None:
        """Start; die where `kill_at` ("name:n") says."""
        with self.errors.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(CHILD), str(self._config), str(self.data)),
                *map(str, self._ports),
                env={**self._environment, "FC_KILL_AT": kill_at},
                stderr=errors,
            )

    async def died(self, within: float) -> bool:
        """Wait for its end; say whether it came in time. Raise if it ended in any other way."""
        assert self._process is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._process.wait()
        code = self._process.returncode
        if code not in {None, -signal.SIGKILL}:
            raise RuntimeError(f"the service ended with {code}: {self.told()}")
        return code is not None

    async def kill(self) -> None:
        """End it with SIGKILL."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def terminate(self) -> int | None:
        """Ask it to end; return its exit code, None if it took more than 25 s."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(25):
                return await self._process.wait()
        await self.kill()
        return None

    def told(self) -> str:
        """Return the end of what it wrote to standard error."""
        lines = self.errors.read_text("utf-8", "replace").splitlines()
        return "\n".join([line for line in lines if not line.startswith("ready ")][-20:])
