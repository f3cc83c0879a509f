"""What a service that runs and has nothing to do has loaded: what no configured part needs, not."""

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest

_NEEDED_LATER = ["cryptography", "joserfc", "graphql", "fluent_connect.sandbox"]
"""For doors that prove by a public key, a schema that Fluent has told, `--sandbox`."""
_ENGINES = "fluent_connect.queues.engines."
_EXTRAS = ["pyreqwest", "asyncpg", "aio_pika", "aiokafka", "aiobotocore", "botocore"]
_PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
from fluent_connect.app.cli import running
from fluent_connect.app.config.load import examine
from fluent_connect.app.lifetime import run
from fluent_connect.app.options import Options

async def main():
    options = Options(data=Path(sys.argv[1]), host="127.0.0.1", port=0, admin_port=0)
    config = examine(None, (), None, options.overrides()).config
    ready = asyncio.Event()
    service = asyncio.create_task(run(config, 0.0, ready))
    await ready.wait()
    loaded = set(sys.modules)
    signal.raise_signal(signal.SIGTERM)
    await service
    return loaded

print(*sorted(asyncio.run(main())), sep="\\n")
"""
_HOUSE = "import sys, fluent_connect.app.start; print(*sorted(sys.modules), sep='\\n')"
_ACCOUNT = {
    "FC_PROJECT_KEY": "idle",
    "FC_CT_API_URL": "http://127.0.0.1:9",
    "FC_CT_AUTH_URL": "http://127.0.0.1:9",
    "FC_CT_CLIENT_ID": "idle",
    "FC_CT_CLIENT_SECRET": "idle",
    "FC_FLUENT_URL": "http://127.0.0.1:9",
    "FC_FLUENT_ACCOUNT": "IDLE",
    "FC_FLUENT_RETAILER": "1",
    "FC_FLUENT_USERNAME": "idle",
    "FC_FLUENT_PASSWORD": "idle",
    "FC_FLUENT_CLIENT_ID": "idle",
    "FC_FLUENT_CLIENT_SECRET": "idle",
    "FC_DOOR_SECRET": "idle",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Return the modules of a service that has just become ready, in a process of its own."""
    data = tmp_path_factory.mktemp("idle")
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(data)],
        env={**os.environ, **_ACCOUNT},
        cwd=data,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return frozenset(ran.stdout.splitlines())


def test_it_has_loaded_the_service(loaded: frozenset[str]) -> None:
    assert {"fluent_connect.app.service", "fluent_connect.ingest.verify.door"} <= loaded


@pytest.mark.parametrize("module", [*_NEEDED_LATER, *_EXTRAS])
def test_what_nothing_configured_needs_is_not_loaded(module: str, loaded: frozenset[str]) -> None:
    assert module not in loaded


def test_of_the_engines_it_has_loaded_the_one_in_use(loaded: frozenset[str]) -> None:
    assert _engines(loaded) == {"sqlite"}


def test_no_engine_is_loaded_before_one_is_opened() -> None:
    ran = subprocess.run([sys.executable, "-c", _HOUSE], capture_output=True, text=True, check=True)
    assert _engines(ran.stdout.splitlines()) == set()


def _engines(modules: Iterable[str]) -> set[str]:
    rests = [one.removeprefix(_ENGINES) for one in modules if one.startswith(_ENGINES)]
    return {rest.partition(".")[0] for rest in rests}
