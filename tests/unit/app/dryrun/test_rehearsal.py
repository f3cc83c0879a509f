"""A whole dry run between the sandboxes: nothing arrives, a real run after it does everything."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Books, Inside, settled, until
from fluent_connect.app.cli.running import dry_folder
from fluent_connect.app.discovery import discover
from fluent_connect.app.dryrun.rehearsal import Rehearsal
from fluent_connect.app.dryrun.shown import Teller
from fluent_connect.app.options import Options
from fluent_connect.app.playground import SECRET, configured
from fluent_connect.app.service import Service
from fluent_connect.ingest.webhook import PATH
from fluent_connect.model.fact import Statement
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox

KINDS = ("order", "customer", "category", "standardProduct", "variantProduct")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxOptions(customers=2, orders=2)) as sandbox:
        yield sandbox


def held(sandbox: Sandbox) -> dict[str, int]:
    return {kind: len(list(sandbox.fluent.entities.listing(kind))) for kind in KINDS}


@asynccontextmanager
async def dry(sandbox: Sandbox, data: Path) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Run a service that writes nothing; yield its URL, and what it tells."""
    said: list[dict[str, Any]] = []
    teller = Teller(lambda line: said.append(json.loads(line)), json=True)
    rehearsal = Rehearsal(teller)
    config = configured(sandbox, Options(data=data, port=0, admin_port=0, host="127.0.0.1"), {})
    handlers = discover(config.packages, config.paths)
    service = Service(config, handlers, rehearsal=rehearsal)
    await service.start()
    try:
        yield f"http://127.0.0.1:{service.server.port}", said
    finally:
        await service.stop(0.0)
        rehearsal.finish()


async def announce(sandbox: Sandbox, url: str) -> int:
    notifier = sandbox.commercetools.notifier
    notifier.aim(Target(url=url + PATH, api_key=SECRET))
    told = sandbox.announce()
    await until(lambda: not notifier.counts()["waiting"])
    return told


async def test_nothing_arrives_and_a_real_run_after_it_does_everything(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    before = held(sandbox)
    assert not any(before.values())
    async with dry(sandbox, tmp_path / "dry") as (url, said):
        announced = await announce(sandbox, url)
        ledger = await settled(tmp_path / "dry", announced)
    assert held(sandbox) == before
    assert (ledger.dead, ledger.unaccounted) == (0, 0)
    assert ledger.skipped
    routed = [each for each in Books(tmp_path / "dry").events(states=["skipped"]) if each.messages]
    assert {each.reason.partition(":")[0] for each in routed} == {"dry run"}
    summary = said[-1]
    assert summary["what"] == "summary"
    assert summary["writes"]["createOrder"] == 2
    assert summary["messages"]["written"] >= len(routed)
    made = [each for each in said if each.get("operation") == "createCategory"]
    assert len({each["message"] for each in made}) == len(made) > 1, "each is told with its own"
    sandbox.commercetools.notifier.targets.clear()
    async with Inside(sandbox, tmp_path / "real") as real:
        announced = await announce(sandbox, real.url)
        ledger = await settled(tmp_path / "real", announced)
    assert ledger.done
    assert not ledger.dead
    assert held(sandbox)["order"] == summary["writes"]["createOrder"]
    assert held(sandbox)["variantProduct"] == summary["writes"]["createVariantProduct"]


async def test_what_fluent_holds_is_compared_with(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Inside(sandbox, tmp_path / "real") as real:
        await settled(tmp_path / "real", await announce(sandbox, real.url))
    sandbox.commercetools.notifier.targets.clear()
    category = next(iter(sandbox.fluent.entities.listing("category")))
    sandbox.fluent.entities.save({**category, "name": "Other"})
    async with dry(sandbox, tmp_path / "dry") as (url, said):
        await settled(tmp_path / "dry", await announce(sandbox, url))
    writes = [each for each in said if each["what"] == "write"]
    assert [(each["operation"], each["about"]) for each in writes] == [
        ("updateCategory", category["ref"])
    ]
    assert [each["field"] for each in writes[0]["changes"]] == ["name"]
    assert writes[0]["changes"][0]["held"] == "Other"


async def test_what_waits_is_tried_on_a_copy_and_goes_on_waiting(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    real = tmp_path / "real"
    ran: list[subprocess.CompletedProcess[str]] = []
    async with Inside(sandbox, real) as service:
        ran.append(await asyncio.to_thread(fluent_connect, "pause", "--all", "--data", str(real)))
        await service.service.pulse.look_at_pauses()
        announced = await announce(sandbox, service.url)
        unheard = Statement("SELECT 1 FROM parcel WHERE queue = 'ct-queue'")
        await until(lambda: Books(real).ledger().accepted and not Books(real).rows(unheard))
    sandbox.commercetools.notifier.targets.clear()
    waiting = len(Books(real).parcels())
    ran.append(await asyncio.to_thread(fluent_connect, "resume", "--all", "--data", str(real)))
    assert [each.returncode for each in ran] == [0, 0]
    with ExitStack() as stack:
        entering = dry_folder(None, real / "connect.db")
        folder = await asyncio.to_thread(stack.enter_context, entering)
        async with dry(sandbox, folder) as (_, said):
            await settled(folder, announced)
    assert not folder.exists()
    assert said[-1]["writes"]["createOrder"] == 2
    assert len(Books(real).parcels()) == waiting
    assert not any(held(sandbox).values())


def test_a_dry_run_tells_at_its_end_what_it_came_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = ("run", "--dry-run", "--sandbox", "--rate", "0", "--host", "127.0.0.1")
    command = (sys.executable, "-m", "fluent_connect", *words, "--port", port, "--admin-port", "0")
    errors = tmp_path / "errors"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().splitlines()
        assert process.wait(60) == 0
    assert re.fullmatch(r"SANDBOX  create\w+ \S+  new: \d+ fields\n", first)
    assert re.fullmatch(r"dry run: \d+ messages: .*\d+ written.*", rest[-2])
    assert rest[-1].startswith("not sent: ")
    told = errors.read_text()
    folder = re.search(r"its store is (\S+)", told)
    assert folder is not None
    assert not Path(folder[1]).exists()
    assert "Traceback" not in told


def fluent_connect(*words: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "fluent_connect", *words)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_folder_of_a_service_is_refused(tmp_path: Path) -> None:
    (tmp_path / "connect.db").touch()
    ran = fluent_connect("run", "--dry-run", "--data", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (7, "")
    assert ran.stderr.startswith("CLI019  ")
    assert "--copy" in ran.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["connect.db"]


def test_a_service_refuses_the_folder_of_a_dry_run(tmp_path: Path) -> None:
    (tmp_path / "dry-run").touch()
    ran = fluent_connect("run", "--sandbox", "--data", str(tmp_path), "--port", "0")
    assert ran.returncode == 7
    assert "is the data folder of a dry run" in ran.stderr


def test_what_belongs_to_a_dry_run_is_refused_without_one() -> None:
    for flag in ("--copy", "--json"):
        ran = fluent_connect("run", flag)
        assert ran.returncode == 2
        assert "add --dry-run" in ran.stderr
