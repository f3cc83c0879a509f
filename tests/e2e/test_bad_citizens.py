"""Handlers that do what none should, in one service with some that work."""

from pathlib import Path

import pytest

from e2e.harness import Books, Connector, change, configure, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(110)]

_CITIZENS = '''
import asyncio
import os
import signal
import sys

from fluent_connect import MessageHandler, Skip


class Citizen(MessageHandler):
    """Does what the resource's id says."""
    name = "Citizen"
    timeout = 1.0

    async def fetch(self, message, context):
        deed = message.resource.id.partition("-")[0]
        if deed == "exit":
            sys.exit(3)
        if deed == "interrupt":
            raise KeyboardInterrupt
        if deed == "generator":
            raise GeneratorExit
        if deed == "leak":
            raise asyncio.CancelledError
        if deed == "swallow":
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    return "went on"
        if deed == "cancel":
            asyncio.current_task().cancel()
            await asyncio.sleep(0)
        if deed == "stop":
            asyncio.get_running_loop().call_soon(lambda: 1 / 0)
            raise StopAsyncIteration
        if deed == "vanish":
            os._exit(9)
        raise Skip("harmless")

    def map(self, resource, message, context):
        return object()
'''
_DEEDS = ("exit", "interrupt", "generator", "leak", "swallow", "cancel", "stop")


def _folder(place: Path) -> Path:
    home = place / "partner" / "com" / "fluentcommerce" / "connect" / "citizens"
    home.mkdir(parents=True)
    (home / "citizen.py").write_text(_CITIZENS)
    return configure(
        place / "config",
        paths=[str(place / "partner")],
        routes=[{"route": "commercetools.connect.customer.upsert", "handler-name": "Citizen"}],
        retry={"waits": "0.1s, 0.1s", "bug-waits": "0.1s"},
    )


async def test_each_is_dead_with_its_reason_and_everybody_else_is_served(
    environ: dict[str, str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with Connector(data, environ, config=_folder(tmp_path)) as connector:
        for number in range(40):
            assert await connector.post(change("customer", f"harmless-{number}")) == 202
            if number < len(_DEEDS):
                assert await connector.post(change("customer", f"{_DEEDS[number]}-1")) == 202
        ledger = await connector.settled(accepted=40 + len(_DEEDS))
        assert (ledger.skipped, ledger.dead) == (40, len(_DEEDS)), Books(data).told()
        assert all(each.reason for each in Books(data).dead())
        assert await connector.stop() == 0


async def test_one_that_ends_its_process_is_dead_after_its_tries(
    environ: dict[str, str], tmp_path: Path
) -> None:
    data, config = tmp_path / "data", _folder(tmp_path)
    tries = 3
    async with Connector(data, environ, config=config) as connector:
        assert await connector.post(change("customer", "vanish-1")) == 202
        assert await connector.ended(within=30) == 9
    for _ in range(tries - 1):
        assert await Connector(data, environ, config=config).fails(within=30) == 9
    async with Connector(data, environ, config=config) as connector:
        assert await connector.post(change("customer", "harmless-1")) == 202
        await connector.settled(accepted=2)
        (dead,) = await until(lambda: Books(data).dead())
        assert dead.reason == f"gave up after {tries} tries: the process ended while it ran"
        assert await connector.stop() == 0
