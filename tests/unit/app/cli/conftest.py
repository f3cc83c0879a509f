"""A shell on a folder with a store in it, without anything from the outside."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from fluent_connect.app.cli.probes import commercetools, finding, fluent
from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options, Sandbox
from unit.app.cli.scene import Scene
from unit.app.cli.shelf import Shell, fill


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a probe of `doctor` take longer than on a machine that does nothing else."""
    for module in (finding, commercetools, fluent):
        monkeypatch.setattr(module, "LONGEST", 30.0)


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Run commands; `tmp_path / "data"` is the data folder, empty so far."""
    for name in [name for name in os.environ if name.startswith("FC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path / "data", capsys)


@pytest.fixture
def full(shell: Shell) -> Shell:
    """Run commands on a folder as a service leaves it."""
    fill(shell.data)
    return shell


@pytest.fixture
async def scene(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Stage stories between a shop with one order and one customer, and its Fluent account."""
    async with Sandbox(Options(customers=1, orders=1)) as sandbox:
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        yield Scene(shell, sandbox)
        structlog.reset_defaults()
