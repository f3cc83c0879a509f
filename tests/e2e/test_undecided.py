"""A running connector that cannot decide: 503 with the reason, and well again by itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import apsw
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from e2e.harness import Connector, configure, until
from e2e.rotating import ISSUER, bearer, published
from fluent_connect.ingest.webhook import PATH
from hostile.honest import SECRET, notice, signed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
_HOUR = 3600.0


class Issuer:
    """Publishes its keys, or is away; its clock may differ from ours."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.away = False
        self.url = ""

    async def serve(self, _: web.Request) -> web.Response:
        date = formatdate(time.time() + self.ahead, usegmt=True)
        if self.away:
            return web.Response(status=503, headers={"date": date})
        return web.Response(body=published("a"), headers={"date": date})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    app = web.Application()
    app.router.add_get("/keys", made.serve)
    async with TestServer(app, host="127.0.0.1") as server:
        made.url = str(server.make_url("/keys"))
        yield made


def doors(folder: Path, issuer: Issuer) -> Path:
    oidc = {"issuer": ISSUER, "audience": "us", "jwks-url": issuer.url, "private-address": True}
    return configure(
        folder,
        doors={"default": {"secrets": [SECRET]}, "mesh": {"scheme": "oidc", "oidc": oidc}},
    )


class Door:
    """Knocks at a door, and tells what was answered: status, when to return, and why."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def signed(self, *, at: float | None = None) -> tuple[int, str | None, str]:
        body = notice(1)
        return await self._post(PATH, body, dict(signed(body, at=at)))

    async def token(self, kid: str) -> tuple[int, str | None, str]:
        return await self._post(f"{PATH}/mesh", b"{}", dict(bearer(kid, b"")))

    async def _post(self, path: str, body: bytes, headers: Any) -> tuple[int, str | None, str]:
        session, url = self._connector.session, self._connector.url + path
        sent = {"content-type": "application/json", **headers}
        async with session.post(url, data=body, headers=sent) as answer:
            return answer.status, answer.headers.get("retry-after"), await answer.text()


async def test_a_store_that_somebody_else_holds_is_503_until_it_is_free(
    environ: dict[str, str], tmp_path: Path, issuer: Issuer
) -> None:
    config, data = doors(tmp_path / "config", issuer), tmp_path / "data"
    async with Connector(data, environ, config=config) as connector:
        door = Door(connector)
        assert (await door.signed())[0] == 202
        other = apsw.Connection(str(data / "connect.db"))
        other.set_busy_timeout(10_000)
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(*(door.signed() for _ in range(20)))
        assert {(status, later) for status, later, _ in answers} == {(503, "5")}
        assert all("could not be stored" in why for *_, why in answers)
        assert (await door.signed(at=time.time() - 400))[0] == 401
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: _is(door, 202))
        ledger = await connector.settled()
        assert (ledger.unaccounted, ledger.dead) == (0, 0)


async def _is(door: Door, status: int) -> bool:
    return (await door.signed())[0] == status


async def test_a_clock_that_is_off_by_an_hour_refuses_nobody(
    environ: dict[str, str], tmp_path: Path, issuer: Issuer
) -> None:
    issuer.ahead = _HOUR
    config = doors(tmp_path / "config", issuer)
    async with Connector(tmp_path / "data", environ, config=config) as connector:
        door = Door(connector)
        await until(lambda: _doubts(door))
        status, later, why = await door.signed(at=time.time() + _HOUR)
        assert (status, later) == (503, "30")
        assert "clock seems to be off by 3600 s" in why or "clock seems to be off by 3599 s" in why
        issuer.ahead = 0.0
        assert (await door.token("b"))[0] in {401, 503}  # An id that is not there: asks again.
        await until(lambda: _decides(door))
        assert (await door.signed())[0] == 202


async def _doubts(door: Door) -> bool:
    return "clock" in (await door.signed(at=time.time() + _HOUR))[2]


async def _decides(door: Door) -> bool:
    return (await door.signed(at=time.time() + _HOUR))[0] == 401


async def test_keys_that_cannot_be_fetched_are_503_until_they_can(
    environ: dict[str, str], tmp_path: Path, issuer: Issuer
) -> None:
    issuer.away = True
    config = doors(tmp_path / "config", issuer)
    async with Connector(tmp_path / "data", environ, config=config) as connector:
        door = Door(connector)
        status, later, why = await door.token("a")
        assert (status, later) == (503, "30")
        assert "keys could not be fetched" in why
        assert (await door.signed())[0] == 202
        issuer.away = False

        async def comes_in() -> bool:
            return (await door.token("a"))[0] == 202

        await until(comes_in)
        issuer.away = True
        assert (await door.token("a"))[0] == 202
        assert await connector.stop() == 0
    async with Connector(tmp_path / "data", environ, config=config) as again:
        assert (await Door(again).token("a"))[0] == 202, "what was known before the restart"
