"""Both platforms in the test's process, and connectors as processes of their own."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import configure
from e2e.mock import PROJECT, Mock, install
from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options, Sandbox
from ports import free_port
from postgresql.conftest import url
from unit.listener.conftest import message_types, shared

__all__ = ["message_types", "shared", "url"]

QUICK: Mapping[str, Any] = {
    "retry": {
        "waits": "0.2s, 0.3s, 0.5s, 0.5s, 1s, 1s, 1s, 1s",
        "bug-waits": "0.2s, 0.3s",
        "stale-waits": "0.1s, 0.2s",
        "outage-wait": "0.5s",
        "park-waits": "0.5s, 1s",
    },
    "http": {"breaker": {"failures": 5, "open-for": "500ms"}},
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(customers=4, orders=6)) as sandbox:
        yield sandbox


@pytest.fixture
def environ(sandbox: Sandbox) -> dict[str, str]:
    return variables(sandbox)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A configuration folder with the default routes and short waits."""
    return configure(tmp_path / "config", **QUICK)


@pytest.fixture
async def mock() -> AsyncIterator[Mock]:
    mock = Mock(await install(), free_port())
    try:
        yield mock
    finally:
        await mock.stop()


@pytest.fixture
def mock_environ(environ: dict[str, str], mock: Mock) -> dict[str, str]:
    there = {"FC_PROJECT_KEY": PROJECT, "FC_CT_API_URL": mock.url, "FC_CT_AUTH_URL": mock.url}
    return {**environ, **there}
