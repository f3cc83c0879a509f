"""A disk that really is full: what was answered 2xx is there, and nothing needs a restart."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from e2e.harness import Books, Connector, refs, told, until
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
_SIZE = 12 * 1024 * 1024
_LEFT = 300 * 1024
_BLIND = {"warn": "99.9%", "refuse": "100%"}
"""So that nobody sees it coming: it is the write that fails."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False)
    except OSError as error:
        pytest.skip(f"mount cannot be run: {error}")
    if mounted.returncode:
        pytest.skip(f"only root may mount: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path) -> Path:
    """Leave 300 KiB."""
    ballast = disk / "ballast"
    with ballast.open("wb") as out:
        while _free(disk) > _LEFT:
            out.write(b"\0" * 65_536)
            out.flush()
    return ballast


def _free(disk: Path) -> int:
    found = subprocess.run(
        ["stat", "-f", "-c", "%a %S", str(disk)], capture_output=True, check=True, text=True
    )
    blocks, size = found.stdout.split()
    return int(blocks) * int(size)


async def test_a_write_that_finds_the_disk_full_is_503_and_all_goes_on_once_there_is_room(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path, small_disk: Path
) -> None:
    data = small_disk / "data"
    config = tmp_path / "config"
    config.mkdir()
    section = {"fluent-connect": {"disk": _BLIND}}
    (config / "application-connector.yml").write_bytes(msgspec.json.encode(section))
    customers = [each["id"] for each in sandbox.commercetools.project.scan("customer")]
    kept: list[str] = []
    refused = 0
    async with Connector(data, environ, config=config) as connector:
        ballast = _fill(small_disk)
        for number in range(4_000):
            about = customers[number % len(customers)]
            body = told(
                "CustomerCreated", "customer", about, number=f"full-{number}", sequence=number + 1
            )
            status = await connector.post(body | {"padding": "x" * 2_000})
            assert status in {202, 503}
            if status == 202:
                kept.append(f"full-{number}")
            else:
                refused += 1
                if refused == 30:
                    break
        assert refused == 30, f"{len(kept)} fitted into {_LEFT} bytes"
        assert kept
        assert connector.alive, connector.text[-2000:]
        ballast.unlink()
        await until(lambda: _accepts(connector, customers[0]), "no recovery")
        ledger = await connector.settled(len(kept) + 1)
        assert (ledger.unaccounted, ledger.dead) == (0, 0), connector.text[-2000:]
        ids = {event.notification_id for event in Books(data).events(limit=10_000)}
        assert set(kept) <= ids
        assert await connector.stop() == 0
    made = [each["ref"] for each in sandbox.fluent.entities.creations("customer")]
    assert len(made) == len(set(made))
    assert refs(sandbox.fluent.entities.creations("customer")) <= set(customers)


async def _accepts(connector: Connector, customer: str) -> bool:
    body = told("CustomerCreated", "customer", customer, number="after", sequence=9_999)
    await asyncio.sleep(0.1)
    return await connector.post(body) == 202
