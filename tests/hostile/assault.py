"""Attacks a running service while an honest sender goes on, and says what became of whom."""

import asyncio
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from hostile.honest import SECRET, Honest
from hostile.strokes import PATH
from hostile.tokens import ISSUER, key_set

HERE = Path(__file__).parent
_PROGRAM = Path(sys.executable).with_name("fluent-connect")
_READY = re.compile(rb"ready (http://\S+) admin")
_LATE = 60.0


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How hard: connections that are held, bodies, and honest requests a second."""

    slow: int = 1_000
    hoard: int = 60
    broken: int = 10_000
    flood: int = 10_000
    replayed: int = 2_000
    tampered: int = 10_000
    confused: int = 2_000
    rate: float = 100.0
    calm: float = 5.0


class Result(msgspec.Struct, frozen=True):
    """What came of it.

    kept: share of the honest requests that was taken meanwhile. stored: how many notifications the
    ledger has; proven: how many proven ones were answered 202. Memory in MB: before, at most,
    after all strokes, and after some of them once more. Seconds to the answer.
    """

    kept: float
    others: Mapping[int, int]
    p99_calm: float
    p99: float
    answers: Mapping[str, Mapping[str, int]]
    stored: int
    proven: int
    memory_before: float
    memory_peak: float
    memory_after: float
    memory_again: float
    errors: int

    @property
    def findings(self) -> list[str]:
        """Return what falls short."""
        found = []
        if self.kept < 0.95:
            found.append(f"honest traffic kept {self.kept:.1%} of its rate: {self.others}")
        if self.stored != self.proven:
            found.append(f"stored {self.stored}, but only {self.proven} were proven and taken")
        if self.memory_peak > self.memory_before + _MOST_MB:
            found.append(f"memory rose from {self.memory_before:.0f} to {self.memory_peak:.0f} MB")
        if self.memory_again > self.memory_after + _FLAT_MB:
            found.append(
                f"memory rose again, from {self.memory_after:.0f} to {self.memory_again:.0f} MB"
            )
        found += [
            f"{name}: answered {status} {number} times"
            for name, seen in self.answers.items()
            for status, number in seen.items()
            if status == "500" or (status == "202" and name != "replayed")
        ]
        return found + (["the log tells of bugs"] if self.errors else [])


_HELD = ("slow", "hoard")
_QUICK = ("broken", "flood", "replayed", "tampered", "confused")
_AGAIN = ("broken", "flood", "tampered")
_MOST_MB = 200.0
_FLAT_MB = 16.0


async def assault(scale: Scale, data: Path, environ: Mapping[str, str]) -> Result:
    """Attack a service of its own on the data folder, with all strokes, and judge."""
    async with _issuer() as keys, _service(data, environ, keys) as (url, process, lines):
        memory = _Memory(process.pid)
        honest = Honest(url + PATH, scale.rate)
        await honest.start()
        await asyncio.sleep(scale.calm)
        calm, proven = honest.quantile(0.99), honest.taken
        before = memory.now()
        honest.forget()
        answers = await _strikes(scale, url)
        await _strike_again(scale, url)
        after = memory.now()
        await _strike_again(scale, url)
        await honest.stop()
        kept, others, p99 = honest.kept, dict(honest.others), honest.quantile(0.99)
        proven += honest.taken + answers["replayed"].get("202", 0)
        peak, again = await memory.end()
        stored = await _stored(data)
    return Result(
        kept,
        others,
        calm,
        p99,
        answers,
        stored,
        proven,
        before,
        peak,
        after,
        again,
        sum("Traceback" in line or '"level":"error"' in line for line in lines),
    )


async def _strike_again(scale: Scale, url: str) -> None:
    """Repeat what would show a leak; the first time the allocator still takes what it needs."""
    for name in _AGAIN:
        await _strike(name, getattr(scale, name), url)


async def _strikes(scale: Scale, url: str) -> Mapping[str, Mapping[str, int]]:
    """Hold slow connections throughout, and strike with one thing after the other meanwhile."""
    async with asyncio.TaskGroup() as group:
        held = {name: group.create_task(_strike(name, getattr(scale, name), url)) for name in _HELD}
        answers = {name: await _strike(name, getattr(scale, name), url) for name in _QUICK}
    return {**answers, **{name: task.result() for name, task in held.items()}}


async def _strike(name: str, count: int, url: str) -> Mapping[str, int]:
    where = urlsplit(url)
    command = [sys.executable, str(HERE / "strokes.py"), name, str(count)]
    process = await asyncio.create_subprocess_exec(
        *command, str(where.hostname), str(where.port), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the stroke {name} ended with {process.returncode}")
    seen: dict[str, int] = json.loads(out)
    return seen


@contextlib.asynccontextmanager
async def _issuer() -> AsyncIterator[str]:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=key_set())

    app = web.Application()
    app.router.add_get("/keys", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"{site.name.replace('localhost', '127.0.0.1')}:{runner.addresses[0][1]}/keys"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _service(
    data: Path, environ: Mapping[str, str], keys: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process, list[str]]]:
    """Run the service with a door for signed bodies and one for tokens."""
    config = data.parent / f"{data.name}-config"
    config.mkdir(parents=True)
    oidc = {"issuer": ISSUER, "audience": "us", "jwks-url": keys, "private-address": True}
    doors = {
        "default": {"scheme": "standard-webhooks", "secrets": ["${HONEST}"]},
        "mesh": {"scheme": "oidc", "oidc": oidc},
    }
    text = msgspec.json.encode({"fluent-connect": {"doors": doors, "log": {"format": "json"}}})
    (config / "application-connector.yml").write_bytes(text)
    arguments = ["run", "--port", "0", "--admin-port", "0", "--host", "127.0.0.1"]
    process = await asyncio.create_subprocess_exec(
        str(_PROGRAM),
        *(*arguments, "--data", str(data), "--config", str(config)),
        env={**os.environ, **environ, "HONEST": SECRET},
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    lines: list[str] = []
    url = asyncio.get_running_loop().create_future()

    async def read() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            lines.append(line.decode(errors="replace"))
            if (found := _READY.match(line)) and not url.done():
                url.set_result(found[1].decode())
        if not url.done():
            url.set_exception(RuntimeError("".join(lines)))

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(_LATE):
            at = await url
        yield at, process, lines
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await reading


async def _stored(data: Path) -> int:
    """Return how many notifications the ledger has, repeats included."""
    command = ["ledger", "--json", "--data", str(data)]
    process = await asyncio.create_subprocess_exec(
        str(_PROGRAM), *command, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    told = json.loads(out)
    return int(told["accepted"]) + int(told["repeats"])


class _Memory:
    """Watches how much memory a process holds."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._peak = 0.0
        self._task = asyncio.create_task(self._watch())

    def now(self) -> float:
        """Return the resident memory in MB."""
        found = re.search(r"VmRSS:\s+(\d+) kB", self._status.read_text())
        return int(found[1]) / 1000 if found else 0.0

    async def end(self) -> tuple[float, float]:
        """Return the most that it was, and what it is."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return max(self._peak, self.now()), self.now()

    async def _watch(self) -> None:
        while True:
            self._peak = max(self._peak, self.now())
            await asyncio.sleep(0.1)


def told(result: Result, seconds: float) -> str:
    """Return the result as a table."""
    figures = (
        result.memory_before,
        result.memory_peak,
        result.memory_after,
        result.memory_again,
    )
    memory = ", ".join(f"{each:.0f}" for each in figures)
    rows = [
        f"honest    kept {result.kept:.2%} of its rate; others: {result.others or 'none'}",
        f"answer    p99 {result.p99_calm * 1e3:.0f} ms before, {result.p99 * 1e3:.0f} ms meanwhile",
        f"stored    {result.stored}, of which proven {result.proven}",
        f"memory    {memory} MB before, at most, after, and after more of the same",
        *(f"{name:9} {dict(seen)}" for name, seen in result.answers.items()),
    ]
    return "\n".join([*rows, f"{seconds:.0f} s", *(f"FALLS SHORT: {f}" for f in result.findings)])


async def timed(scale: Scale, data: Path, environ: Mapping[str, str]) -> tuple[Result, float]:
    """Attack, and say how long it took."""
    began = time.monotonic()
    return await assault(scale, data, environ), time.monotonic() - began
