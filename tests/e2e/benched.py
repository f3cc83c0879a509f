"""Runs a command of `bench/` as anyone would."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

BENCH = Path(__file__).parents[2] / "bench"


def ran(folder: Path, script: str, *words: str) -> dict[str, Any]:
    """Return what it told in its last line; it must have succeeded."""
    command = [sys.executable, str(BENCH / script), *words]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-3000:]
    found: dict[str, Any] = msgspec.json.decode(ended.stdout.splitlines()[-1])
    return found
