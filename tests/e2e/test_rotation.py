"""Every kind of secret is changed at a running connector under load: nobody honest is refused."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from aws import served
from e2e.conftest import QUICK
from e2e.harness import Connector, configure, told, until
from e2e.rotating import Senders, kinds, published
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
_SIGN_IN = ("FC_CT_CLIENT_SECRET", "FC_FLUENT_PASSWORD", "FC_FLUENT_CLIENT_SECRET")
_RATE = 15.0


class Issuer:
    """Publishes a key set, which can be changed."""

    def __init__(self) -> None:
        self.body = published("a")
        self.url = ""

    async def serve(self, _: web.Request) -> web.Response:
        return web.Response(body=self.body)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    app = web.Application()
    app.router.add_get("/keys", made.serve)
    async with TestServer(app, host="127.0.0.1") as server:
        made.url = str(server.make_url("/keys"))
        yield made


def write(folder: Path, secrets: Mapping[str, str]) -> None:
    """Write secrets as an operator should: beside, then renamed."""
    folder.mkdir(exist_ok=True)
    for name, text in secrets.items():
        new = folder / f"{name}.new"
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w") as out:
            out.write(text)
        new.rename(folder / name)


async def seen(connector: Connector, after: float | None = None) -> Any:
    """Return what the service says of its secrets, once it has taken changed ones."""

    async def look() -> Any:
        _, health = await connector.get("/actuator/health")
        found = health["secrets"]
        return found if (found["changed"] or 0.0) > (after or 0.0) else None

    return await until(look, "the change was not seen")


async def test_every_kind_of_secret_rotates_under_load(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path, issuer: Issuer
) -> None:
    all_kinds, folder = kinds(issuer.url), tmp_path / "secrets"
    write(folder, {name: kind.old for name, kind in all_kinds.items()})
    write(folder, {name: environ.pop(name) for name in _SIGN_IN})
    credential = {"credential-manager": "file", "directory": str(folder), "reread-every": "200ms"}
    config = configure(
        tmp_path / "config",
        **{**QUICK, "credential": credential},
        doors={name: kind.door for name, kind in all_kinds.items()},
    )
    customers = [each["id"] for each in sandbox.commercetools.project.scan("customer")]
    async with (
        Connector(tmp_path / "data", environ, config=config) as connector,
        Senders(connector, all_kinds, _RATE) as senders,
    ):
        await senders.more()
        write(folder, {name: kind.new for name, kind in all_kinds.items()})
        changed = (await seen(connector))["changed"]
        await senders.more()
        issuer.body = published("a", "b")
        senders.current.update({name: kind.new for name, kind in all_kinds.items()})
        await senders.more()
        assert await senders.once("api", "neither") == 401
        access, client = sandbox.fluent.access, sandbox.commercetools.client
        sandbox.fluent.access = structs.replace(access, password="new", client_secret="new")
        sandbox.commercetools.client = structs.replace(client, client_secret="new")
        sandbox.fluent.expire_tokens(refresh=True)
        sandbox.commercetools.expire_tokens()
        write(folder, dict.fromkeys(_SIGN_IN, "new"))
        await seen(connector, changed)
        body = told("CustomerCreated", "customer", customers[0])
        key = all_kinds["api"].new
        assert await connector.post(body, door="api", key=key) == 202
        await until(lambda: sandbox.fluent.entities.creations("customer"))
        await senders.more()
        assert senders.refused == {}
        assert sum(sum(each.values()) for each in senders.answers.values()) > 500
        status, ready = await connector.get("/readyz")
        assert (status, ready["problems"]) == (200, [])
        told_in_logs = [kind for kind in all_kinds.values() if kind.new in connector.text]
        assert not [kind for kind in told_in_logs if len(kind.new) > 1]


async def test_what_was_replaced_counts_no_longer_after_the_overlap(
    environ: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    write(folder, {"api": "old"})
    credential = {"credential-manager": "file", "directory": str(folder)}
    timing = {"reread-every": "100ms", "overlap": "1s"}
    doors = {"api": {"scheme": "api-key", "keys": ["${api}"]}}
    config = configure(tmp_path / "config", credential={**credential, **timing}, doors=doors)
    async with Connector(tmp_path / "data", environ, config=config) as connector:

        async def answers(*keys: str) -> list[int]:
            return [await connector.post({}, door="api", key=key) for key in keys]

        assert await answers("old", "new") == [202, 401]
        write(folder, {"api": "new"})
        assert (await seen(connector))["retiring"] == ["api"]
        await until(lambda: _becomes(connector, "old", 401))
        assert await answers("old", "new") == [401, 202]
        (folder / "api").write_text("")
        await until(lambda: "empty or gone" in connector.text)
        assert await answers("old", "new") == [401, 202]
        write(folder, {"api": "third"})
        await until(lambda: _becomes(connector, "third", 202))


async def _becomes(connector: Connector, key: str, status: int) -> bool:
    return await connector.post({}, door="api", key=key) == status


async def test_a_secret_of_aws_rotates_under_load_and_counts_while_aws_is_away(
    environ: dict[str, str], tmp_path: Path
) -> None:
    all_kinds = {name: kind for name, kind in kinds("").items() if name in {"api", "standard"}}
    doors = {
        "api": {**all_kinds["api"].door, "keys": ["${api#key}"]},
        "standard": {"secrets": ["${standard#key}"]},
    }
    credential = {"credential-manager": "aws-secrets-manager", "reread-every": "300ms"}
    config = configure(tmp_path / "config", credential=credential, doors=doors)
    with ExitStack() as stack:
        aws = stack.enter_context(served())
        for name, kind in all_kinds.items():
            aws.put(name, _object(kind.old))
        async with (
            Connector(tmp_path / "data", {**environ, **aws.environ}, config=config) as connector,
            Senders(connector, all_kinds, _RATE) as senders,
        ):
            await senders.more()
            for name, kind in all_kinds.items():
                aws.put(name, _object(kind.new))
            await seen(connector)
            await senders.more()
            senders.current.update({name: kind.new for name, kind in all_kinds.items()})
            await senders.more()
            stack.close()
            await until(lambda: "could not be asked" in connector.text)
            await senders.more()
            assert senders.refused == {}


def _object(key: str) -> str:
    return msgspec.json.encode({"key": key}).decode()


async def test_a_secret_that_is_none_changes_nothing_and_is_told(
    environ: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    right = kinds("")["standard"]
    write(folder, {"standard": right.old, "api": "old"})
    credential = {"credential-manager": "file", "directory": str(folder), "reread-every": "100ms"}
    doors = {"standard": right.door, "api": {"scheme": "api-key", "keys": ["${api}"]}}
    config = configure(tmp_path / "config", credential=credential, doors=doors)
    async with Connector(tmp_path / "data", environ, config=config) as connector:
        senders = Senders(connector, {"standard": right}, _RATE)
        write(folder, {"standard": "whsec_!", "api": "new"})
        await until(lambda: "secrets could not be read again" in connector.text)
        assert await senders.once("standard", right.old) == 202
        assert await connector.post({}, door="api", key="new") == 401
        write(folder, {"standard": right.new})
        await until(lambda: _becomes(connector, "new", 202))
        assert [await senders.once("standard", each) for each in (right.old, right.new)] == [
            202
        ] * 2
