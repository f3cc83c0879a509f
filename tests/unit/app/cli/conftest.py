"""A shell on a folder with a store in it, without anything from the outside."""

import os
from pathlib import Path

import pytest

from unit.app.cli.shelf import Shell, fill


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Run commands; `tmp_path / "data"` is the data folder, empty so far."""
    for name in [name for name in os.environ if name.startswith("FC_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path / "data", capsys)


@pytest.fixture
def full(shell: Shell) -> Shell:
    """Run commands on a folder as a service leaves it."""
    fill(shell.data)
    return shell
