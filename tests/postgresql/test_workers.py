"""`run --workers 2`: one port, two processes, and a restart that refuses nobody."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import msgspec
import pytest

from ports import free_port

COMMAND = (sys.executable, "-m", "fluent_connect")
BODY = b'{"notificationType":"Message","projectKey":"sandbox","id":"%d","type":"NobodyMapsThis"}'
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(110)]


@pytest.fixture
async def systems() -> AsyncIterator[Mapping[str, str]]:
    """Return the environment of a connector between a commercetools and a Fluent."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fluent_connect.sandbox", "{}"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    ready = msgspec.json.decode(await process.stdout.readline())
    told = dict.fromkeys(("CT_API_URL", "CT_AUTH_URL"), ready["commercetools_url"])
    told |= {"FLUENT_URL": ready["fluent_url"], "FLUENT_ACCOUNT": "SANDBOX", "FLUENT_RETAILER": "1"}
    told |= {"PROJECT_KEY": "sandbox", "CT_CLIENT_ID": "sandbox", "CT_CLIENT_SECRET": "sandbox"}
    told |= {"FLUENT_USERNAME": "sandbox", "FLUENT_PASSWORD": "sandbox"}
    told |= {"FLUENT_CLIENT_ID": "SANDBOX", "FLUENT_CLIENT_SECRET": "sandbox"}
    told |= {"FLUENT_CATALOGUE": "DEFAULT:1", "DOOR_SECRET": "door"}
    yield {f"FC_{name}": value for name, value in told.items()}
    process.terminate()
    await process.wait()


async def test_a_rolling_restart_refuses_no_request(
    url: str, systems: Mapping[str, str], tmp_path: Path
) -> None:
    port, admin = free_port(), free_port()
    where = ("--port", str(port), "--admin-port", str(admin), "--host", "127.0.0.1")
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "run", "ingest", "--workers", "2", "--log-level", "error", *where),
        env={**os.environ, **systems, "FC_JOURNAL_URL": url},
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    told: list[str] = []
    try:
        await _said(process, "ready ", told)
        again = asyncio.create_task(_restarted(process, told))
        answers = await _posted(port, again)
        assert len(answers) > 20
        assert set(answers) == {202}
        assert again.result()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 40) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def test_many_processes_on_sqlite_are_refused(
    systems: Mapping[str, str], tmp_path: Path
) -> None:
    for asked in (("--workers", "2"), ("work",)):
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "run", *asked, "--data", str(tmp_path), "--port", "0"),
            env={**os.environ, **systems},
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        assert process.returncode == 7
        assert b"PostgreSQL" in errors


async def _restarted(process: asyncio.subprocess.Process, told: list[str]) -> bool:
    process.send_signal(signal.SIGHUP)
    await _said(process, "started anew", told)
    return True


async def _said(process: asyncio.subprocess.Process, word: str, told: list[str]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        told.append(line.decode())
        if word in told[-1]:
            return
    pytest.fail("".join(told[-20:]))


async def _posted(port: int, while_: asyncio.Task[bool]) -> list[int]:
    """Send one request after the other, each over a connection of its own, until it is done."""
    door = f"http://127.0.0.1:{port}/api/v1/fluent-connect/external-system/webhook"
    headers = {"x-api-key": "door", "content-type": "application/json", "connection": "close"}
    answers: list[int] = []
    async with aiohttp.ClientSession(headers=headers) as session:
        while not while_.done():
            async with session.post(door, data=BODY % len(answers)) as answer:
                answers.append(answer.status)
            await asyncio.sleep(0.01)
    return answers
