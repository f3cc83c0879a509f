"""Makes changes in the shop, and carries what it tells to the service: at least once, for sure."""

import asyncio
import base64
import itertools
import random
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from crash.machines import SECRET

_SENDERS = 8
_KINDS = ("order", "order", "customer", "order", "product", "order", "category")
_FIRST = 1000


class Notice(msgspec.Struct):
    """One notification: its body, and under which ids the service has accepted it."""

    body: bytes
    accepted: list[str] = []


class Relay:
    """The endpoint that the shop notifies, and the sender that stands between it and the service.

    A notification is sent until a 2xx, with another copy now and then, before or after it.
    """

    def __init__(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        self.target = ""
        self.notices: list[Notice] = []
        self.refused: list[str] = []
        self._session = session
        self._chance = chance
        self._queue: asyncio.Queue[Notice] = asyncio.Queue()
        self._open = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; return the address to notify."""
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self._tasks = [asyncio.create_task(self._send_on()) for _ in range(_SENDERS)]
        return f"http://127.0.0.1:{port}/"

    async def stop(self) -> None:
        """Send no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def unsent(self) -> int:
        """Return how many copies have not been answered 2xx yet."""
        return self._open

    async def _take(self, request: web.Request) -> web.Response:
        notice = Notice(await request.read())
        self.notices.append(notice)
        self._put(notice)
        if self._chance.random() < 0.15:
            self._put(notice)
        return web.Response()

    def _put(self, notice: Notice) -> None:
        self._open += 1
        self._queue.put_nowait(notice)

    async def _send_on(self) -> None:
        while True:
            notice = await self._queue.get()
            while not await self._sent(notice):  # noqa: ASYNC110 - a sender has no sign to wait for
                await asyncio.sleep(self._chance.uniform(0.02, 0.15))
            self._open -= 1

    async def _sent(self, notice: Notice) -> bool:
        headers = {"x-api-key": SECRET, "content-type": "application/json"}
        try:
            timeout = aiohttp.ClientTimeout(total=10)
            async with self._session.post(
                self.target, data=notice.body, headers=headers, timeout=timeout
            ) as answer:
                told = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if not answer.ok:
            self.refused.append(f"{answer.status}")
            return False
        notice.accepted.append(str(msgspec.json.decode(told)["id"]))
        return True


class Shopping:
    """People at work in the shop: they buy, move, rename and publish."""

    def __init__(
        self, session: aiohttp.ClientSession, commercetools: str, chance: random.Random
    ) -> None:
        self._session = session
        self._url = commercetools
        self._chance = chance
        self._numbers = itertools.count(_FIRST)
        self._token = ""
        self._made: dict[str, list[str]] = {"customer": [], "product": [], "order": []}

    async def go_on(self, relay: Relay, rate: float) -> None:
        """Make `rate` changes a second, fewer while much is unsent; until cancelled."""
        for number in itertools.count():
            began = time.monotonic()
            if relay.unsent < 120:
                await self.step(number)
            await asyncio.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))

    async def step(self, number: int) -> None:
        """Make one change."""
        if number % 3 == 2:
            await self._change(number)
            return
        kind = _KINDS[number % len(_KINDS)]
        body = {"type": kind, "from": next(self._numbers), "count": 1}
        async with self._session.post(f"{self._url}/__sandbox/build", json=body) as answer:
            answer.raise_for_status()
            ids: list[str] = (await answer.json())["ids"]
        self._made.setdefault(kind, []).extend(ids)

    async def _change(self, number: int) -> None:
        kind = ("customer", "product", "order")[number // 3 % 3]
        if not self._made[kind]:
            return
        id_ = self._chance.choice(self._made[kind])
        url = f"{self._url}/sandbox/{kind}s/{id_}"
        held = await self._ask("GET", url)
        body = {"version": held["version"], "actions": _actions(kind, number)}
        await self._ask("POST", url, body)

    async def _ask(self, method: str, url: str, body: object = None) -> dict[str, Any]:
        """Call until it works: the shop's own people suffer from its faults as we do."""
        while True:
            headers = {"authorization": f"Bearer {self._token}"}
            try:
                async with self._session.request(method, url, json=body, headers=headers) as answer:
                    if answer.ok:
                        found: dict[str, Any] = await answer.json()
                        return found
                    if answer.status == 409:
                        return {}
                    if answer.status == 401:
                        await self._sign_in()
                    elif answer.status not in {429, 500}:
                        raise RuntimeError(f"{method} {url}: {await answer.text()}")
            except aiohttp.ClientError:
                continue

    async def _sign_in(self) -> None:
        proof = base64.b64encode(b"sandbox:sandbox").decode()
        headers = {"authorization": f"Basic {proof}"}
        form = {"grant_type": "client_credentials"}
        try:
            async with self._session.post(
                f"{self._url}/oauth/token", data=form, headers=headers
            ) as answer:
                if answer.ok:
                    self._token = (await answer.json())["access_token"]
        except aiohttp.ClientError:
            return


def _actions(kind: str, number: int) -> Sequence[dict[str, object]]:
    if kind == "customer":
        return [{"action": "setFirstName", "firstName": f"Name {number}"}]
    if kind == "product":
        name = {"en": f"Thing {number}", "de": f"Ding {number}"}
        return [{"action": "changeName", "name": name}, {"action": "publish"}]
    return [{"action": "changeOrderState", "orderState": "Confirmed"}]
