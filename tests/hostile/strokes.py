"""What a hostile stranger does to a service: each stroke a coroutine, run by a process of its own.

`python strokes.py NAME COUNT HOST PORT` prints how often each status was answered, as JSON; 0
stands for a connection that was closed without an answer.
"""

import asyncio
import base64
import gzip
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile.honest import notice, signed
from hostile.tokens import forged

PATH = "/api/v1/fluent-connect/external-system/webhook"
_AT_ONCE = 50
_MIB = 1024 * 1024
_HEADERS = {"content-type": "application/json"}
Stroke = Callable[[int, str, int], Awaitable[Counter[int]]]


def request(
    body: bytes, headers: Mapping[str, str] = _HEADERS, *, path: str = PATH, length: str = ""
) -> bytes:
    """Return the bytes of a request."""
    lines = [f"POST {path} HTTP/1.1", "host: x", f"content-length: {length or len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def answered(reader: asyncio.StreamReader) -> int:
    """Return the status of the next answer, whose body is read; 0 if there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return 0
    status = int(head.split(b" ", 2)[1])
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))
    return status


async def _all(requests: Iterator[bytes], host: str, port: int) -> Counter[int]:
    """Send all, some at once, each connection until it is closed."""
    seen: Counter[int] = Counter()

    async def sender() -> None:
        writer: asyncio.StreamWriter | None = None
        for raw in requests:
            if writer is None:
                reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(raw)
                await writer.drain()
            except OSError:
                pass  # It may have answered before it closed.
            status = await answered(reader)
            seen[status] += 1
            if status in {0, 400, 408, 413}:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()

    await asyncio.gather(*(sender() for _ in range(_AT_ONCE)))
    return seen


async def slow(count: int, host: str, port: int) -> Counter[int]:
    """Hold connections: half send headers for ever, half a body, a byte a second each."""
    seen: Counter[int] = Counter()

    async def one(number: int) -> None:
        await asyncio.sleep(number / count)
        reader, writer = await asyncio.open_connection(host, port)
        start = request(b"", {**_HEADERS, **signed(b"")}, length="1000000")
        writer.write(start[:-2] if number % 2 else start)
        status = asyncio.create_task(answered(reader))
        while not status.done():
            try:
                writer.write(b"x" if number % 2 == 0 else b"x-%d: y\r\n" % number)
                await writer.drain()
            except OSError:
                break
            await asyncio.wait([status], timeout=1.0)
        seen[await status] += 1
        writer.close()

    await asyncio.gather(*map(one, range(count)))
    return seen


async def hoard(count: int, host: str, port: int) -> Counter[int]:
    """Have the service keep ever more of bodies that never end, 9 MiB of each."""
    seen: Counter[int] = Counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request(b"", {**_HEADERS, **signed(b"")}, length=str(10 * _MIB)))
        status = asyncio.create_task(answered(reader))
        try:
            for _ in range(9 * 16):
                writer.write(b"x" * (_MIB // 16))
                await writer.drain()
        except OSError:
            pass  # Closed at the other end: that is what we want to see.
        seen[await status] += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(count)))
    return seen


def _broken() -> Iterator[bytes]:
    """Yield bodies that are too large, malformed or no HTTP at all, again and again."""
    bomb = gzip.compress(b"0" * _MIB)
    chunked = {**_HEADERS, "transfer-encoding": "chunked"}
    made: tuple[Callable[[int], bytes], ...] = (
        lambda n: request(b"", length=str(2**30)),
        lambda n: request(b"x" * 100_000, length=str(11 * _MIB)),
        lambda n: request(b"[" * 5_000),
        lambda n: request(b'{"notificationType":"\xff\\ud800"'),
        lambda n: request(b'{"v":' + b"9" * 5_000 + b"}"),
        lambda n: request(bomb, {**_HEADERS, "content-encoding": "gzip"}),
        lambda n: request(b"<xml/>", {"content-type": "text/xml"}),
        lambda n: request(b"{}", chunked),
        lambda n: request(b"{}", {**_HEADERS, "x-long": "y" * 70_000}),
        lambda n: request(b"{}", path=f"{PATH}/{n}%00/../x"),
        lambda n: random.Random(n).randbytes(200) + b"\r\n\r\n",
        lambda n: request(b"{}").replace(b"POST", b"OPTIONS"),
    )
    for number in itertools.count():
        yield made[number % len(made)](number)


async def broken(count: int, host: str, port: int) -> Counter[int]:
    """Send bodies that are too large, malformed, or no HTTP at all."""
    return await _all(itertools.islice(_broken(), count), host, port)


async def flood(count: int, host: str, port: int) -> Counter[int]:
    """Knock without any proof, as fast as it goes."""
    return await _all(itertools.repeat(request(notice(0)), count), host, port)


async def replayed(count: int, host: str, port: int) -> Counter[int]:
    """Send one honest request that was overheard, again and again."""
    body = notice(-1)
    return await _all(itertools.repeat(request(body, signed(body)), count), host, port)


def _tampered() -> Iterator[bytes]:
    for number in itertools.count():
        chance, body = random.Random(number), notice(-1)
        headers = dict(signed(body))
        at = chance.randrange(len(body))
        spoilt = body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]
        proof = headers["webhook-signature"]
        cut = chance.randrange(3, len(proof) - 2)
        yield chance.choice(
            [
                request(spoilt, headers),
                request(body, {**headers, "webhook-id": f"m{number}"}),
                request(
                    body, {**headers, "webhook-timestamp": str(int(time.time()) + 1 + number % 9)}
                ),
                request(body, signed(body, at=time.time() - 301)),
                request(body, signed(body, at=time.time() + 310)),
                request(body, signed(body, key=b"another sender's key, not ours.")),
                request(body, {**headers, "webhook-signature": proof[:cut] + "A" + proof[cut:]}),
                request(body, {**headers, "webhook-signature": "v1a," + proof[3:]}),
                request(body, {**headers, "webhook-signature": ""}),
            ]
        )


async def tampered(count: int, host: str, port: int) -> Counter[int]:
    """Send what differs in one place from what an honest sender signed, or was signed long ago."""
    return await _all(itertools.islice(_tampered(), count), host, port)


async def confused(count: int, host: str, port: int) -> Counter[int]:
    """Show tokens of wrong algorithms, wrong keys, and the issuer's public key as a secret."""
    tokens = itertools.cycle(forged(time.time()))
    basic = base64.b64encode(b"gateway:").decode()
    other = {"x-api-key": "", "authorization": f"Basic {basic}"}
    made = (
        request(
            b"{}", {**_HEADERS, **other, "authorization": f"Bearer {each}"}, path=f"{PATH}/mesh"
        )
        for each in tokens
    )
    return await _all(itertools.islice(made, count), host, port)


STROKES: Mapping[str, Stroke] = {
    each.__name__: each for each in (slow, hoard, broken, flood, replayed, tampered, confused)
}


def main(name: str, count: str, host: str, port: str) -> None:
    """Strike once, and print what was answered."""
    seen = asyncio.run(_strike(STROKES[name], int(count), host, int(port)))
    print(json.dumps({str(status): number for status, number in sorted(seen.items())}))


async def _strike(stroke: Stroke, count: int, host: str, port: int) -> Counter[int]:
    return await stroke(count, host, port)


if __name__ == "__main__":
    main(*sys.argv[1:])
