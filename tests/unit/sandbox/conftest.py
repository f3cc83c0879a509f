"""A sandbox of its own for each test, and a client that is signed in."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from fluent_connect.sandbox.servers import Options, Sandbox
from unit.sandbox.caller import Caller


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with Sandbox(Options(orders=12)) as sandbox, aiohttp.ClientSession() as session:
        caller = Caller(sandbox, session)
        await caller.sign_in()
        yield caller
