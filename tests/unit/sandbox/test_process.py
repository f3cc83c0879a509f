"""The sandbox as a process of its own: its ready line, its end, and what a file keeps."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from fluent_connect.sandbox.servers import Options, Sandbox


async def _start(options: dict[str, Any]) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fluent_connect.sandbox",
        json.dumps(options),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())


async def test_it_says_where_it_is_and_ends_on_sigterm(tmp_path: Path) -> None:
    data = str(tmp_path / "sandbox.db")
    options = {"data": data, "orders": 3}
    process, ready = await _start(options)
    assert ready["ready"]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{ready['commercetools_url']}/__sandbox/state") as answer,
    ):
        assert (await answer.json())["resources"]["order"] == 3
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    async with Sandbox(Options(data=data, orders=3)) as sandbox:
        assert sandbox.commercetools.project.count("order") == 3
        assert sandbox.fluent.entities.counts()["location"] == 3
