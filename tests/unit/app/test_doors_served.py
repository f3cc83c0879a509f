"""Doors of the running service whose keys others publish: fetched beside it, over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from e2e.harness import Inside, change, until
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox
from unit.ingest.signers import key_set, public, rsa_key, token

PATH = "/api/v1/fluent-connect/external-system/webhook/mesh"
DOORS = """
fluent-connect:
  doors:
    mesh:
      scheme: oidc
      origins: [grid.example]
      oidc:
        issuer: https://issuer.example
        audience: us
        jwks-url: {url}
        private-address: true
"""


class Issuer:
    """Publishes its keys, or is away."""

    def __init__(self) -> None:
        self.away = True
        self.asked = 0

    async def serve(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.away:
            return web.Response(status=500)
        return web.Response(body=key_set(public(rsa_key(), "a")))


@pytest.fixture
async def issuer() -> AsyncIterator[tuple[Issuer, str]]:
    made = Issuer()
    app = web.Application()
    app.router.add_get("/keys", made.serve)
    async with TestServer(app, host="127.0.0.1") as server:
        yield made, str(server.make_url("/keys"))


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxOptions(customers=1, orders=0)) as sandbox:
        yield sandbox


def bearer(**changes: object) -> dict[str, str]:
    now = time.time()
    claims = {"iss": "https://issuer.example", "aud": "us", "iat": now, "exp": now + 60}
    return {"authorization": "Bearer " + token({**claims, **changes})}


async def test_a_door_asks_to_return_until_its_issuer_has_answered(
    sandbox: Sandbox, issuer: tuple[Issuer, str], tmp_path: Path
) -> None:
    away, url = issuer
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "application-connector.yml").write_text(DOORS.format(url=url))
    async with Inside(sandbox, tmp_path / "data", folder=folder) as connector:
        await until(lambda: away.asked > 0)

        async def post(headers: dict[str, str]) -> tuple[int, str | None]:
            async with connector.session.post(
                connector.url + PATH, json=change("cart", "x"), headers=headers
            ) as answer:
                return answer.status, answer.headers.get("retry-after")

        assert await post(bearer()) == (503, "30")
        assert await post(bearer(aud="them")) == (401, None)
        assert await post({}) == (401, None)
        away.away = False
        asked = away.asked
        await until(lambda: away.asked > asked)
        statuses = []
        while (202, None) not in statuses:
            statuses.append(await post(bearer()))
            assert len(statuses) < 1000
        assert set(statuses) <= {(503, "30"), (202, None)}
        assert await post(bearer(exp=time.time() - 61)) == (401, None)
        assert connector.service.problems() == []
        ask = {"webhook-request-origin": "grid.example", **bearer()}
        async with connector.session.options(connector.url + PATH, headers=ask) as answer:
            assert answer.status == 200
            assert answer.headers["webhook-allowed-origin"] == "grid.example"


async def test_it_is_not_ready_without_what_fetches_keys(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        assert connector.service.problems() == []
        connector.service._entrance.keeper.cancel()
        await asyncio.wait([connector.service._entrance.keeper])
        assert connector.service.problems() == ["stopped: what fetches the keys of doors"]
