"""An honest sender at a fixed rate, and how much of it a service took."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import time
from collections.abc import Mapping

import aiohttp
import msgspec

SECRET = "whsec_" + base64.b64encode(b"an honest sender knows this one.").decode()
_KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
_PATIENCE = 5.0


def notice(number: int) -> bytes:
    """Return a notification about something that the connector has no mapping for."""
    return msgspec.json.encode(
        {
            "notificationType": "ResourceCreated",
            "projectKey": "bench",
            "resource": {"typeId": "review", "id": f"r-{number}"},
            "version": 1,
            "padding": "x" * 2_000,
        }
    )


def signed(body: bytes, *, at: float | None = None, key: bytes = _KEY) -> Mapping[str, str]:
    """Return the headers by which the sender proves itself."""
    stamp = str(int(time.time() if at is None else at))
    proof = hmac.digest(key, b"m." + stamp.encode() + b"." + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": "m",
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(proof).decode(),
    }


class Honest:
    """Sends `rate` requests a second from `start` to `stop`, whatever becomes of them.

    taken: those that were answered 202. others: how often each other status; 0: no answer in 5 s.
    """

    def __init__(self, url: str, rate: float) -> None:
        self._url = url
        self._rate = rate
        self._numbers = itertools.count()
        self._out: set[asyncio.Task[None]] = set()
        self.sent = self.taken = 0
        self.others: dict[int, int] = {}
        self.seconds: list[float] = []

    async def start(self) -> None:
        """Begin to send."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=0)
        )
        self._task = asyncio.create_task(self._send())

    async def stop(self) -> None:
        """Send no more, and wait for the answers."""
        self._task.cancel()
        await asyncio.gather(self._task, *self._out, return_exceptions=True)
        await self._session.close()

    def forget(self) -> None:
        """Count from now on."""
        self.sent = self.taken = 0
        self.others.clear()
        self.seconds.clear()

    @property
    def kept(self) -> float:
        """Return the share of what was sent that was taken."""
        return self.taken / max(1, self.sent - len(self._out))

    def quantile(self, share: float) -> float:
        """Return how long the answer took for that share of the requests, in seconds."""
        found = sorted(self.seconds) or [0.0]
        return found[min(len(found) - 1, int(share * len(found)))]

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for turn in itertools.count():
            await asyncio.sleep(max(0.0, began + turn / self._rate - loop.time()))
            task = asyncio.create_task(self._one(notice(next(self._numbers))))
            self.sent += 1
            self._out.add(task)
            task.add_done_callback(self._out.discard)

    async def _one(self, body: bytes) -> None:
        began = time.perf_counter()
        try:
            async with self._session.post(self._url, data=body, headers=signed(body)) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        if status == 202:
            self.taken += 1
            self.seconds.append(time.perf_counter() - began)
        else:
            self.others[status] = self.others.get(status, 0) + 1
