"""The handlers and tests that the documents show, put into files as a partner would: they pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PAGES = ("README.md", "docs/tutorial/first-handler.md", "docs/how-to/test-a-handler.md")


@pytest.mark.parametrize("page", _PAGES)
def test_the_tests_in_the_documents_pass(page: str, tmp_path: Path) -> None:
    home = tmp_path / "com" / "fluentcommerce" / "connect" / "custom"
    home.mkdir(parents=True)
    tests = 0
    for number, block in enumerate(_BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))):
        if "async def test_" in block:
            (tmp_path / f"test_{number}.py").write_text(block, encoding="utf-8")
            tests += block.count("async def test_")
        else:
            named = re.findall(r"^class (\w+)", block, re.MULTILINE)
            (home / f"{_snake(named[-1])}.py").write_text(block, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{tests} passed" in ran.stdout, ran.stdout


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
